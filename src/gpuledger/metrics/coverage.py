"""How much of a period was observed, from the `snapshots` a source left.

A reading that tells [since, until) covers that; one without `until` stands for the time to the next one, at most twice
its nominal period, the newest for one period. A failed reading covers nothing. Files of one cluster count as one source.

Of one cluster its sources complete each other; several clusters are observed while all of them are.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

import ibis

from gpuledger.metrics import Filter, SourceCoverage
from gpuledger.metrics.relation import instant
from gpuledger.model.period import Period
from gpuledger.model.schema import unbound
from gpuledger.model.tables import SNAPSHOTS

if TYPE_CHECKING:
    import ibis.expr.types as ir

FILES = "files"
Span = tuple[datetime, datetime]
BEGINNING = datetime.min.replace(tzinfo=UTC)


def readings(period: Period) -> "ir.Table":
    """The readings of attempts, of every source, that tell about the period, in order.

    Of windows far from it only those stay that say how far a source reaches: a source that is asked every few minutes
    leaves very many.
    """
    told = unbound(SNAPSHOTS)
    told = told.filter(told.told_tables.isnull() | told.told_tables.contains("job_attempts"))
    told = told.select("cluster", "source", "time", "since", "until", "status", "period_seconds")
    marked = told.mutate(**_reach(told))
    return marked.filter(_matters(marked, period)).select(told.columns).order_by(["cluster", "source", "time"])


def _reach(told: "ir.Table") -> "dict[str, ir.Value]":
    """Of each reading's source: how far it tells. Columns of their own, since not every engine filters by windows."""
    of_source = ibis.window(group_by=["cluster", "source"])
    return {
        "has_polls": told.until.isnull().any().over(of_source),
        "last_end": _last(told).max(where=_is_good(told)).over(of_source),
        "first_start": _first(told).min(where=_is_good(told)).over(of_source),
        "last_named": told.time.max(where=_is_named(told)).over(of_source),
        "last_time": told.time.max().over(of_source),
    }


def _matters(told: "ir.Table", period: Period) -> "ir.BooleanValue":
    """Readings without an end all matter: the time between them is their step."""
    start, end = (instant(edge) for edge in period.naive)
    return (
        told.has_polls
        | ((told.time >= start) & (told.time < end))
        | ((told.until > start).fill_null(False) & (told.since < end).fill_null(True))
        | _is_most(_is_good(told), _last(told), told.last_end)
        | _is_most(_is_good(told), _first(told), told.first_start)
        | _is_most(_is_named(told), told.time, told.last_named)
        | (told.time == told.last_time)
    )


def _first(told: "ir.Table") -> "ir.TimestampValue":
    return told.since.coalesce(told.time)


def _last(told: "ir.Table") -> "ir.TimestampValue":
    return told.until.coalesce(told.time)


def _is_good(told: "ir.Table") -> "ir.BooleanValue":
    return (told.status != "failed").fill_null(True)


def _is_named(told: "ir.Table") -> "ir.BooleanValue":
    return _is_good(told) & (told.period_seconds > 0).fill_null(False)


def _is_most(among: "ir.BooleanValue", value: "ir.Value", most: "ir.Value") -> "ir.BooleanValue":
    return among & (value == most).fill_null(False)


def by_source(rows: Iterable[dict[str, Any]], period: Period) -> tuple[SourceCoverage, ...]:
    """Coverage of each (cluster, source) from the rows of `readings` (instants naive UTC)."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        source = FILES if row["source"].startswith("file:") else row["source"]
        groups[row["cluster"], source].append({**row, **{k: _utc(row[k]) for k in ("time", "since", "until")}})
    return tuple(_source(cluster, source, told, period) for (cluster, source), told in sorted(groups.items()))


def _source(cluster: str, source: str, told: Sequence[dict[str, Any]], period: Period) -> SourceCoverage:
    good = [row for row in told if row["status"] != "failed"]
    seconds = _nominal(good)
    covered = joined(_spans(good, seconds), period)
    newest = max((row["until"] or row["time"] for row in good), default=None)
    expected = None if seconds is None or source == FILES else math.ceil(period.seconds / seconds)
    seen = sum(period.start <= row["time"] < period.end for row in good)
    ratio = covered_seconds(covered) / period.seconds
    oldest = min((row["since"] or row["time"] for row in good), default=None)
    return SourceCoverage(cluster, source, expected, seen, ratio, gaps(covered, period), newest, seconds, oldest)


def _nominal(told: Sequence[dict[str, Any]]) -> float | None:
    """The period the source names, else the median spacing of polls; None for single readings and plain windows."""
    named = [row["period_seconds"] for row in told if row["period_seconds"]]
    if named:
        return float(named[-1])
    spacing = [(b["time"] - a["time"]).total_seconds() for a, b in pairwise(told) if not b["until"]]
    return median(spacing) if spacing else None


def _spans(told: Sequence[dict[str, Any]], seconds: float | None) -> list[Span]:
    spans = [(row["since"] or BEGINNING, row["until"]) for row in told if row["until"]]
    polls = [row["time"] for row in told if not row["until"]]
    if polls and seconds:
        reach = timedelta(seconds=seconds)
        spans += [(time, min(after, time + 2 * reach)) for time, after in pairwise(polls)]
        spans.append((polls[-1], polls[-1] + reach))
    return spans


def joined(spans: Iterable[Span], period: Period) -> tuple[Span, ...]:
    """The union of the spans inside the period, in order and apart."""
    parts: list[Span] = []
    for start, end in sorted((max(a, period.start), min(b, period.end)) for a, b in spans):
        if start >= end:
            continue
        if parts and start <= parts[-1][1]:
            parts[-1] = (parts[-1][0], max(end, parts[-1][1]))
        else:
            parts.append((start, end))
    return tuple(parts)


def by_cluster(sources: Iterable[SourceCoverage], period: Period) -> dict[str, tuple[Span, ...]]:
    """What was observed of each cluster, by any of its sources; a cluster nobody observed in the period is not there."""
    spans: dict[str, list[Span]] = defaultdict(list)
    for source in sources:
        spans[source.cluster] += gaps(source.gaps, period)
    return {cluster: joined(told, period) for cluster, told in spans.items() if told}


def everywhere(clusters: Mapping[str, Sequence[Span]], period: Period) -> tuple[Span, ...]:
    """When every cluster was observed: what is in the gap of none."""
    if not clusters:
        return ()
    missing = joined((gap for covered in clusters.values() for gap in gaps(covered, period)), period)
    return gaps(missing, period)


def kept(sources: Iterable[SourceCoverage], where: Iterable[Filter]) -> tuple[SourceCoverage, ...]:
    """The sources of the clusters that the filters keep."""
    filters = [wanted for wanted in where if wanted.column == "cluster"]
    return tuple(s for s in sources if all((s.cluster in f.values) == (f.op == "=") for f in filters))


@dataclass(frozen=True, eq=False)
class Observed:
    """What was observed of one period, found when first asked for."""

    period: Period
    sources: "Callable[[], tuple[SourceCoverage, ...]]"

    def spans(self, where: Iterable[Filter] = ()) -> tuple[Span, ...] | None:
        """When every cluster that the filters keep was observed; None where no source says."""
        sources = kept(self.sources(), where)
        return everywhere(by_cluster(sources, self.period), self.period) if sources else None


def gaps(covered: Sequence[Span], period: Period) -> tuple[Span, ...]:
    """What of the period is not in `covered` (in order and apart)."""
    edges = [period.start, *(edge for span in covered for edge in span), period.end]
    return tuple((a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b)


def covered_seconds(covered: Iterable[Span]) -> float:
    return sum((end - start).total_seconds() for start, end in covered)


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment
