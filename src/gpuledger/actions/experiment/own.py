"""A ledger for the time of one command: in a temporary folder that goes away however the command ends."""

import fcntl
import gc
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree

import pyarrow as pa

from gpuledger.config import Ledger, Settings
from gpuledger.model.frugal import frugal_arrow
from gpuledger.plugins import load
from gpuledger.raw import RawZone

PREFIX = "gpuledger-experiment-"
LOCK = ".lock"


@contextmanager
def own_ledger(settings: Settings) -> Iterator[Ledger]:
    """An empty ledger with the given settings otherwise. Inputs stay where they are: their bytes are not copied.

    Its store is one for the moment: nobody pays for the durability of what is thrown away.
    """
    with frugal_arrow(), _folder() as folder:
        changed = settings.model_copy(update={"ledger": str(folder), "raw": "reference"})
        with Ledger(load("stores", "passing")(folder), RawZone(folder / "raw"), changed) as ledger:
            yield ledger
        gc.collect()  # drawing what was found needs the room
        pa.default_memory_pool().release_unused()


@contextmanager
def _folder() -> Iterator[Path]:
    """An empty folder for this user alone. Whoever ends us: its name is known before it is made, so it never stays.

    Only a kill leaves it there; then the next command takes it away.
    """
    parent = Path(tempfile.gettempdir())
    for left in filter(_is_left, parent.glob(f"{PREFIX}*")):
        rmtree(left, ignore_errors=True)
    folder = parent / f"{PREFIX}{secrets.token_hex(16)}"
    try:
        folder.mkdir(mode=0o700)
        with _held(folder):
            yield folder
    finally:
        rmtree(folder, ignore_errors=True)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Holds the folder by a lock that the kernel drops when we die. It is locked before it has its name."""
    nameless = folder / f"{LOCK}-new"
    lock = os.open(nameless, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with suppress(OSError):  # on a disk without locks nothing tells that we live: nobody takes it away
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            nameless.rename(folder / LOCK)
        yield
    finally:
        os.close(lock)


def _is_left(folder: Path) -> bool:
    """Is the folder ours, and who held it gone?"""
    try:
        if folder.lstat().st_uid != os.geteuid():
            return False
        lock = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(lock)
    return True
