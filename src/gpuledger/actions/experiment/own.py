"""A ledger for the time of one command: in a temporary folder that goes away however the command ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gpuledger.config import Ledger, Settings
from gpuledger.model.frugal import frugal_arrow
from gpuledger.plugins import load
from gpuledger.raw import RawZone


@contextmanager
def own_ledger(settings: Settings) -> Iterator[Ledger]:
    """An empty ledger with the given settings otherwise. Inputs stay where they are: their bytes are not copied.

    Its store is one for the moment: nobody pays for the durability of what is thrown away.
    """
    with frugal_arrow(), TemporaryDirectory(prefix="gpuledger-experiment-") as folder:
        changed = settings.model_copy(update={"ledger": folder, "raw": "reference"})
        with Ledger(load("stores", "passing")(folder), RawZone(Path(folder) / "raw"), changed) as ledger:
            yield ledger
