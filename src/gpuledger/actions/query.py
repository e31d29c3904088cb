"""Metrics by any dimension, for any period: `gpuledger query gpu_hours --by user --where queue=a100 --last 30d`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from gpuledger.config import Ledger
from gpuledger.config.pool import capacity_of
from gpuledger.config.sites import rules_of
from gpuledger.model.errors import NoData, UsageError
from gpuledger.model.names import unknown
from gpuledger.model.period import Period
from gpuledger.plugins import load, names

if TYPE_CHECKING:
    from gpuledger.metrics import Answer, Metric
    from gpuledger.metrics.ask import StoreAsk


_UNWATCHED = "Only events are told: a time without events is not known to be a healthy one."
NEARLY_ALL = 0.995
"""A period of which less was observed is remarked on."""


@dataclass(frozen=True)
class Asked:
    """What was asked, as typed. `where` are filters (`metrics.filters`)."""

    metrics: Sequence[str]
    by: Sequence[str] = ()
    where: Sequence[str] = ()

    def command(self, program: str) -> str:
        """The same question on the command line, without its period."""
        options = [*(f"--by {name}" for name in self.by), *(f"--where {quote(text)}" for text in self.where)]
        return " ".join([program, "query", *self.metrics, *options])


@dataclass(frozen=True)
class Answered:
    """An answer, and what it was asked of."""

    answer: "Answer"
    ask: "StoreAsk"

    def remarks(self) -> tuple[str, ...]:
        """What a reader must know beside the numbers: how much was observed, and that the newest data is old."""
        from gpuledger.reports._quality import covered_words, stale

        table = self.answer.metrics[0].table
        if table == "device_events":
            return (_UNWATCHED,)
        covered = self.ask.coverage(table=table)
        is_partly = covered.covered_ratio is not None and covered.covered_ratio < NEARLY_ALL
        said = [covered_words(covered)] if is_partly else []
        return (*said, *(note.sentence for note in stale(self.ask, covered)))


def query(
    ledger: Ledger, metrics: Sequence[str], by: Sequence[str], where: Sequence[str], period: Period, now: datetime
) -> "Answer":
    """The answer, rows by calendar part and first metric. `where` are filters as typed (`metrics.filters`).

    Raises UsageError for unknown names, NoData when the ledger holds nothing of the period.
    """
    return answered(ledger, Asked(metrics, by, where), period, now).answer


def answered(ledger: Ledger, asked: Asked, period: Period, now: datetime, program: str = "gpuledger") -> Answered:
    """The same with what it was asked of. `program` is how the command that an error proposes begins."""
    ask = ask_of(ledger, period, now, asked.where)
    _require_known(ask, asked.metrics, asked.by)
    answer = ask.ask(*asked.metrics, by=asked.by)
    if not any(row[metric.name] for row in answer.records() for metric in answer.metrics):
        _require_data(ask, answer.metrics[0].table, f"{asked.command(program)} --last 30d")
    return Answered(answer, ask)


LISTED = "`gpuledger query --list` lists them"


def _require_known(ask: "StoreAsk", metrics: Sequence[str], by: Sequence[str]) -> None:
    """Raises UsageError for the first unknown name, with the near ones."""
    for kind, names_of_kind, held in (("metric", metrics, ask.metrics), ("dimension", by, ask.dimensions)):
        for name in names_of_kind:
            if name not in held:
                raise UsageError(unknown(kind, name, sorted(held), LISTED))


def ask_of(
    ledger: Ledger,
    period: Period,
    now: datetime,
    where: Sequence[str] = (),
    files: Mapping[str, Path | None] = {},
) -> "StoreAsk":
    """What reports and queries are built from: the ledger, one period, filters as typed, every metric there is.

    The period of everything is cut to what the ledger tells of. `files` are those of `config.pool.FILES` that were typed.
    """
    from gpuledger.metrics.ask import StoreAsk
    from gpuledger.metrics.filters import parse

    filters = tuple(parse(text) for text in where)
    capacity = capacity_of(ledger.settings.pool, files)
    if period.kind == "all":
        from gpuledger.metrics.whole import whole

        period = whole(ledger.store.ask, period)
    settings = ledger.settings
    return StoreAsk(
        ledger.store,
        period,
        now,
        settings.display_zone,
        filters,
        capacity,
        known_metrics(),
        sites=rules_of(settings.sites),
    )


def known_metrics() -> "dict[str, Metric]":
    """Every metric by name, built in or brought by a plugin. Raises ConfigError when two bring one name."""
    from gpuledger.metrics.registry import registered

    return registered(*((pack, load("metrics", pack)) for pack in names("metrics")))


def _require_data(ask: "StoreAsk", table: str, command: str) -> None:
    """True zero is an answer where somebody looked, or where the filter is what leaves nothing.

    Raises UsageError for a filter by a name the ledger has never seen.
    """
    from gpuledger.metrics.filters import require_values
    from gpuledger.metrics.whole import after

    require_values(ask, table)
    covered = ask.coverage(table=table)
    if covered.covered_ratio or (table in _ASKED and any(ask.unfiltered().ask(*_ASKED[table]).totals.values())):
        return
    newest = ask.newest() if table == "job_attempts" else covered.newest
    if newest is None:
        raise NoData(f"The ledger holds no {_WHAT[table]} yet; read some with `gpuledger ingest FILE`.")
    until = after(newest) if table == "device_events" else newest
    raise NoData(f"There is no data in {ask.period}; try `{command} --to {_stamp(until)}`.")


_WHAT = {
    "job_attempts": "accounting", "gpu_states": "readings of GPU states", "device_events": "events of devices",
    "workflow_nodes": "attempts of workflows",
}  # fmt: skip
_ASKED = {
    "job_attempts": ("attempts", "attempts_submitted", "attempts_ended"), "device_events": ("device_events",),
    "workflow_nodes": ("workflow_attempts",),
}  # fmt: skip
"""What tells that something happened in the period, where nobody says that they looked."""


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
