"""The public Python API: open a ledger, ask it, make a report of it, read files into it.

    import gpuledger

    with gpuledger.open("my-ledger") as ledger:
        ledger.ask("gpu_hours", by="user", last="30d").to_pandas()
        ledger.report("usage", month="2026-05").tables[0].to_pandas()

Like the command line this is an edge: settings come from the same file and environment, and where no `now` is given
the clock is read. What stops us is a `gpuledger.model.errors.LedgerError`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from gpuledger.config import Ledger, open_ledger
from gpuledger.config.loading import load
from gpuledger.metrics import Answer
from gpuledger.model.choice import PeriodChoice
from gpuledger.model.document import Document, Table
from gpuledger.model.errors import LedgerError

if TYPE_CHECKING:
    import pandas as pd

    from gpuledger.actions.ingest import Ingested
    from gpuledger.model.period import Period

Names = str | Sequence[str]
_PERIOD = tuple(field.name for field in fields(PeriodChoice))


@dataclass(frozen=True)
class Frame(Answer):
    """An answer that pandas can hold."""

    def to_pandas(self) -> "pd.DataFrame":
        """A row per value of the dimensions, a column per dimension and metric. Needs the extra `pandas`."""
        return _frame([self.shown(row) for row in self.records()], list(self.columns))


@dataclass(frozen=True)
class TableFrame(Table):
    """A table of a report that pandas can hold."""

    def to_pandas(self) -> "pd.DataFrame":
        """The rows under the columns' keys, without totals: they then sum to them. Needs the extra `pandas`."""
        rows = [*self.rows, *([self.others] if self.others else [])]
        return _frame(rows, [column.key for column in self.columns])


@dataclass(frozen=True)
class ReportDocument(Document):
    """A Document as reports build it; any renderer draws it."""

    @property
    def tables(self) -> tuple[TableFrame, ...]:
        """Its tables in reading order."""
        return tuple(TableFrame(**_parts(table)) for table in super().tables)


class OpenLedger:
    """One ledger. Close it, or use it in `with`."""

    def __init__(self, ledger: Ledger, now: datetime | None = None) -> None:
        self._ledger = ledger
        self._now = now

    def ask(self, *metrics: str, by: Names = (), where: Names = (), **period: str) -> Frame:
        """Metrics by dimensions; names and filters as on the command line (`gpuledger query --list`).

        The period is one of last="30d" (the default), month="2026-05", week, day, quarter, year, fiscal_year, or start
        and end. Raises UsageError for unknown names, NoData when the ledger holds nothing of the period.
        """
        from gpuledger.actions.query import query

        chosen, rest = self._period(period, "30d")
        if rest:
            raise TypeError(f"ask() does not know {', '.join(rest)}")
        return Frame(**_parts(query(self._ledger, metrics, _listed(by), _listed(where), chosen, self.now)))

    def report(self, name: str, *, where: Names = (), **parameters: Any) -> ReportDocument:
        """The Document of a report; beside the period (as in `ask`) its own parameters may be given."""
        from gpuledger import plugins
        from gpuledger.actions.report import report
        from gpuledger.config.check import parameters as checked

        declared = plugins.load("reports", name)
        configured = self._ledger.settings.reports.get(name, {})
        chosen, rest = self._period(parameters, declared.window(configured))
        given = checked(declared.parameters, configured | rest, f"report {name}")
        return ReportDocument(**_parts(report(self._ledger, declared, given, chosen, _listed(where), self.now)))

    def ingest(
        self,
        *files: str | Path,
        source: str | None = None,
        zone: str | None = None,
        cluster: str | None = None,
        replay: bool = False,
        **options: str,
    ) -> "list[Ingested]":
        """Reads files; what each did to the ledger, in order. The first that cannot be read raises its error.

        `replay` reads again what was read before; where that was another way (another zone), its rows go first.
        `options` are the source's own for this input, such as fields="JobID,State,…" of sacct text without a header.
        """
        from gpuledger.actions.ingest import Manner
        from gpuledger.actions.read import Reading, read

        manner = Manner(is_copied=self._ledger.settings.raw == "copy", is_replay=replay)
        done = []
        for outcome in read(
            self._ledger, [str(file) for file in files], Reading(source, zone, cluster, options), self.now, manner
        ):
            if outcome.error or outcome.done is None:
                raise outcome.error or LedgerError(f"{outcome.input_name} was not read.")
            done.append(outcome.done)
        return done

    @property
    def now(self) -> datetime:
        """The moment "last" ends: the one given to `open`, else the clock's."""
        return self._now or datetime.now(UTC)  # noqa: TID251 - an edge, like the command line

    def close(self) -> None:
        self._ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _period(self, given: dict[str, Any], default_last: str) -> "tuple[Period, dict[str, Any]]":
        """The period among the keywords, and the keywords that are left."""
        choice = PeriodChoice(**{name: given[name] for name in _PERIOD if name in given})
        settings = self._ledger.settings
        period = choice.period(self.now, settings.display_zone, settings.fiscal_start_month, default_last)
        return period, {name: value for name, value in given.items() if name not in _PERIOD}


def open_(ledger: str | Path | None = None, *, now: datetime | None = None, **settings: Any) -> OpenLedger:
    """Opens the ledger at a folder, or the one of the settings; `settings` (display_zone="Europe/Berlin") win over both.

    `now` freezes the moment at which "last" ends. Raises ConfigError for a setting that is wrong.
    """
    flags = settings | ({"ledger": str(ledger)} if ledger is not None else {})
    return OpenLedger(open_ledger(load(flags, os.environ, Path.cwd()).settings), now)


def _listed(names: Names) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _parts(value: Any) -> dict[str, Any]:
    """A dataclass's fields by name, not copied."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _frame(rows: Sequence[Any], columns: list[str]) -> "pd.DataFrame":
    try:
        import pandas as pd
    except ImportError:
        raise LedgerError('pandas is not installed; install it with: pip install "gpuledger[pandas]"') from None
    return pd.DataFrame(rows, columns=columns)
