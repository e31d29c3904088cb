"""Files that are on disk when a call returns; and what a disk refuses, in words."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gpuledger.model.errors import DiskFull, ReadOnly, StoreError

FULL = (errno.ENOSPC, errno.EDQUOT)
LOCKED = (errno.EROFS, errno.EACCES, errno.EPERM)


def sync(path: Path) -> None:
    """On disk when it returns: the bytes of a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def in_words(place: str, *, full: str, locked: str) -> Iterator[None]:
    """Raises one of our errors for what a disk refuses: DiskFull saying `full`, ReadOnly saying `locked`, else StoreError."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise DiskFull(full) from error
        if error.errno in LOCKED:
            raise ReadOnly(locked) from error
        raise StoreError(f"{place} cannot be used: {error.strerror}.") from error
