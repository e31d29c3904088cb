"""gpuledger: one ledger for every GPU.

Read the packages in the order the data flows: `model` (what a row means), `sources` and `raw` (what outside
systems said), `store` (the ledger), `metrics` (each number once), `reports` (numbers to a Document), `render`
(Document to bytes), `actions` (one file per verb), `cli` (what people type), `ledger` (what Python programs call).
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from gpuledger.ledger import OpenLedger

__version__ = "0.1.0"


def open(ledger: "str | Path | None" = None, *, now: "datetime | None" = None, **settings: Any) -> "OpenLedger":  # noqa: A001 - gpuledger.open
    """Opens a ledger (`gpuledger.ledger.open_`); nothing heavy is imported before."""
    from gpuledger.ledger import open_

    return open_(ledger, now=now, **settings)
