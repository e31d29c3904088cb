"""A ledger for the time of one command: in a temporary folder that goes away however the command ends."""

import gc
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree

import pyarrow as pa

from gpuledger.config import Ledger, Settings
from gpuledger.model.frugal import frugal_arrow
from gpuledger.plugins import load
from gpuledger.raw import RawZone


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
    """An empty folder for this user alone. Whoever ends us: its name is known before it is made, so it never stays."""
    folder = Path(tempfile.gettempdir()) / f"gpuledger-experiment-{secrets.token_hex(16)}"
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        rmtree(folder, ignore_errors=True)
