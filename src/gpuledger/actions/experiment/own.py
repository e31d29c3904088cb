"""A ledger for the time of one command: in a temporary folder that goes away however the command ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gpuledger.config import Ledger, Settings, open_ledger


@contextmanager
def own_ledger(settings: Settings) -> Iterator[Ledger]:
    """An empty ledger with the given settings otherwise. Inputs stay where they are: their bytes are not copied."""
    with TemporaryDirectory(prefix="gpuledger-experiment-") as folder:
        changed = settings.model_copy(update={"ledger": str(Path(folder) / "ledger"), "raw": "reference"})
        with open_ledger(changed) as ledger:
            yield ledger
