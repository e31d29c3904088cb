"""How much of a period the readings of GPU states cover: from the same timeline as the numbers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gpuledger.metrics import SourceCoverage
from gpuledger.metrics.coverage import Span, covered_seconds, gaps, joined
from gpuledger.metrics.states.timeline import told
from gpuledger.model.period import Period

if TYPE_CHECKING:
    import ibis.expr.types as ir

Rows = Iterable[Mapping[str, Any]]


def ranges(table_name: str) -> "ir.Table":
    """The first and the last reading of every source."""
    readings = told(table_name)
    return readings.group_by(["cluster", "source"]).agg(oldest=readings.time.min(), newest=readings.time.max())


def by_source(spans: Rows, ranges: Rows, period: Period) -> tuple[SourceCoverage, ...]:
    """Coverage of each (cluster, source) from the rows of `timeline.spans` and of `ranges`."""
    held: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in spans:
        held[row["cluster"], row["source"]].append(row)
    known = {(row["cluster"], row["source"]): row for row in ranges}
    return tuple(_source(*key, held[key], known[key], period) for key in sorted(known))


def _source(
    cluster: str, source: str, rows: list[Mapping[str, Any]], known: Mapping[str, Any], period: Period
) -> SourceCoverage:
    covered = joined((_span(row, period) for row in rows), period)
    step = rows[-1]["step_us"] / 1e6 if rows else None
    start, _ = period.naive
    return SourceCoverage(
        cluster=cluster,
        source=source,
        expected=round(period.seconds / step) if step else None,
        seen=sum(row["time"] >= start for row in rows),
        covered_ratio=covered_seconds(covered) / period.seconds,
        gaps=gaps(covered, period),
        newest=_utc(known["newest"]),
        period_seconds=step,
        oldest=_utc(known["oldest"]),
    )


def _span(row: Mapping[str, Any], period: Period) -> Span:
    since, until = (period.start + timedelta(microseconds=row[name]) for name in ("since_us", "until_us"))
    return since, until


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
