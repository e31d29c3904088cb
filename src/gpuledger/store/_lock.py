"""One writer a table: a lock that the kernel drops when its process dies."""

import fcntl
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gpuledger.model.errors import Busy

PATIENCE_SECONDS = 120.0


@contextmanager
def writing(folder: Path, patience_seconds: float = PATIENCE_SECONDS) -> Iterator[None]:
    """Holds the table's `.lock`. Raises Busy when another process keeps it longer than our patience."""
    handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _wait(handle, folder, time.monotonic() + patience_seconds)
        yield
    finally:
        os.close(handle)


def _wait(handle: int, folder: Path, until: float) -> None:
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise Busy(f"Another process has been writing to {folder} all the time; try again later.") from None
            time.sleep(random.uniform(0.001, 0.01))
