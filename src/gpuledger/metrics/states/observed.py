"""How much of a period the readings of GPU states cover: from the same timeline as the numbers."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from gpuledger.metrics import SourceCoverage
from gpuledger.metrics.coverage import covered_seconds, gaps, joined
from gpuledger.metrics.relation import MICRO
from gpuledger.metrics.states.readings import Readings
from gpuledger.metrics.states.timeline import told
from gpuledger.model.period import Period

if TYPE_CHECKING:
    import ibis.expr.types as ir

Rows = Iterable[Mapping[str, Any]]


def ranges(table_name: str) -> "ir.Table":
    """The first and the last reading of every source."""
    readings = told(table_name)
    return readings.group_by(["cluster", "source"]).agg(oldest=readings.time.min(), newest=readings.time.max())


def by_source(held: Mapping[str, Readings], ranges: Rows, period: Period) -> tuple[SourceCoverage, ...]:
    """Coverage of each (cluster, source) from the readings that hold in the period and the rows of `ranges`."""
    known = {(row["cluster"], row["source"]): row for row in ranges}
    return tuple(_source(key, held.get(key[0]), known[key], period) for key in sorted(known))


def _source(key: tuple[str, str], held: Readings | None, known: Mapping[str, Any], period: Period) -> SourceCoverage:
    cluster, source = key
    told = held.of(source) if held else None
    covered = joined(told.spans(period), period) if told else ()
    step = float(told.step_us[-1]) / MICRO if told else None
    return SourceCoverage(
        cluster=cluster,
        source=source,
        expected=round(period.seconds / step) if step else None,
        seen=int((told.at_us >= 0).sum()) if told else 0,
        covered_ratio=covered_seconds(covered) / period.seconds,
        gaps=gaps(covered, period),
        newest=_utc(known["newest"]),
        period_seconds=step,
        oldest=_utc(known["oldest"]),
    )


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
