"""A report of a ledger: its numbers asked, its Document built. Drawing is `render`'s; whoever asked chooses formats."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel

from gpuledger.actions.query import ask_of
from gpuledger.config import Ledger
from gpuledger.config.pool import FILES
from gpuledger.model.document import Document
from gpuledger.model.period import Period
from gpuledger.reports import Report


def report(
    ledger: Ledger, declared: Report, parameters: BaseModel, period: Period, where: Sequence[str], now: datetime
) -> Document:
    """The Document of one report over one period. `where` are filters as typed (`metrics.filters`).

    Reading leaves no trace, so a ledger that may not be written to can be reported on; what leaves the machine is
    recorded by whoever sends it. Raises UsageError for unknown names, NoData when the ledger holds nothing of the
    period.
    """
    return declared.build(ask_of(ledger, period, now, where, _files(parameters)), parameters)


def together(
    ledger: Ledger, declared: Report, parameters: BaseModel, period: Period, now: datetime
) -> Callable[[BaseModel], Document]:
    """What makes Documents of one report over one period, from one ask; all name the same files as these parameters."""
    ask = ask_of(ledger, period, now, (), _files(parameters))
    return declared.together(ask) if declared.together else lambda given: declared.build(ask, given)


def _files(parameters: BaseModel) -> dict[str, Path | None]:
    """The files of the pool that the parameters name."""
    return {name: getattr(parameters, name, None) for name in FILES}
