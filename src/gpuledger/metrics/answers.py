"""From the answers of the queries to one table: joined by name, ratios from their parts, sorted, with totals."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import fsum
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from gpuledger.metrics import Answer, Kind, Metric
from gpuledger.metrics.aggregate import BIN, ROWS, held_totals, placed_totals
from gpuledger.metrics.bins import Bins, cut
from gpuledger.metrics.coverage import Span, covered_seconds, joined
from gpuledger.metrics.over_time import amounts, counts
from gpuledger.metrics.peak import peaks, steps
from gpuledger.metrics.question import Question
from gpuledger.metrics.relation import Moment
from gpuledger.model.period import Period, label

if TYPE_CHECKING:
    import ibis.expr.types as ir

Key = tuple[Any, ...]
Found = dict[Key, dict[str, float | None]]
Fetch = Callable[["ir.Table"], pa.Table]

MOMENTS: tuple[Moment, ...] = ("submitted", "started", "ended")
ZERO_WHEN_ABSENT: frozenset[Kind] = frozenset({"held", "active", "jobs", "distinct"})
"""No attempt at all is 0 of these; of a peak, a quantile or a ratio it is nothing."""


@dataclass(frozen=True)
class Asking:
    """How questions reach the store, and which metrics and observed spans there are."""

    fetch: Fetch
    metrics: Mapping[str, Metric]
    covered: Callable[[], Sequence[Span] | None]


def answer(asking: Asking, question: Question, wanted: Sequence[Metric]) -> Answer:
    """The answer of one question with its totals."""
    found = _found(asking, question, wanted)
    totals = LazyTotals(
        tuple(metric.name for metric in wanted),
        lambda: _totals(asking, question, wanted, found) if question.by else found.get((), {}),
    )
    return Answer(_table(question, wanted, found), question.by, tuple(wanted), question.period, totals)


@dataclass(eq=False)
class LazyTotals(Mapping[str, float | None]):
    """Totals asked when first read: a report reads those of its first table only, the others share them."""

    names: tuple[str, ...]
    find: Callable[[], Mapping[str, float | None]]

    @cached_property
    def _found(self) -> Mapping[str, float | None]:
        return self.find()

    def __getitem__(self, name: str) -> float | None:
        if name not in self.names:
            raise KeyError(name)
        return self._found.get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)


def _found(asking: Asking, question: Question, wanted: Sequence[Metric]) -> Found:
    parts = _parts(asking.metrics, wanted)
    found: Found = defaultdict(dict)
    for rows in _queries(asking.fetch, question, parts):
        for key, values in rows:
            found[key] |= values
    if not question.by:
        found.setdefault((), {})
    for key, values in found.items():
        for metric in parts:
            values.setdefault(metric.name, _absent(metric))
        _derive(asking, question, wanted, key, values)
    return found


def _parts(metrics: Mapping[str, Metric], wanted: Iterable[Metric]) -> list[Metric]:
    """The metrics to query: those asked for, and numerators and denominators of the others."""
    parts: dict[str, Metric] = {}
    for metric in wanted:
        names = [metric.numerator, metric.denominator] if metric.kind in ("ratio", "mean") else [metric.name]
        parts |= {name: metrics[name] for name in names if name}
    return list(parts.values())


def _absent(metric: Metric) -> float | None:
    return 0 if metric.kind in ZERO_WHEN_ABSENT or metric.format == "count" else None


Rows = Iterable[tuple[Key, dict[str, float | None]]]


def _queries(fetch: Fetch, question: Question, parts: Sequence[Metric]) -> Iterable[Rows]:
    """Few queries: one for all that was held, one per moment, one for all peaks (by calendar also one per count)."""
    held = [metric for metric in parts if metric.kind in ("held", "active", "jobs", "distinct")]
    if held and question.bins:
        yield from _held_over_time(fetch, question, held)
    elif held:
        yield _aggregated(fetch(held_totals(question, held)), question, held)
    for moment in MOMENTS:
        if those := [metric for metric in parts if metric.kind == moment]:
            yield _aggregated(fetch(placed_totals(question, moment, those)), question, those)
    if those := [metric for metric in parts if metric.kind == "peak"]:
        yield _peaks(fetch, question, those)


def _held_over_time(fetch: Fetch, question: Question, held: Sequence[Metric]) -> Iterable[Rows]:
    sums = [metric for metric in held if metric.kind == "held"]
    if sums:
        names = [metric.name for metric in sums]
        yield (
            (_key(question, key, cell), dict(zip(names, values, strict=True)))
            for key, cell, values in amounts(fetch, question, sums)
        )
    for metric in held:
        if metric.kind != "held":
            yield (
                (_key(question, key, cell), {metric.name: value})
                for key, cell, value in counts(fetch, question, metric)
            )


def _aggregated(rows: pa.Table, question: Question, metrics: Sequence[Metric]) -> Rows:
    """Rows of an aggregate; those of no attempts are left out."""
    width = len(question.columns)
    for row in rows.to_pylist():
        if row[ROWS]:
            key = tuple(row[f"d{number}"] for number in range(width))
            values = {metric.name: _number(row[f"m{number}"]) for number, metric in enumerate(metrics)}
            yield _key(question, key, row.get(BIN)), values


def _peaks(fetch: Fetch, question: Question, metrics: Sequence[Metric]) -> Rows:
    bins = question.bins or cut(question.period, question.period.seconds, "UTC")
    found = fetch(steps(question, metrics))
    for key, cell, number, value in peaks(found, len(question.columns), bins, len(metrics)):
        yield _key(question, key, cell), {metrics[number].name: value}


def _key(question: Question, names: Key, cell: int | None) -> Key:
    """The names in the order of the question, the calendar's part by its number."""
    if question.bins is None:
        return names
    place = next(number for number, dimension in enumerate(question.by) if dimension.calendar)
    return (*names[:place], cell, *names[place:])


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _derive(
    asking: Asking, question: Question, wanted: Sequence[Metric], key: Key, values: dict[str, float | None]
) -> None:
    for metric in wanted:
        if metric.kind == "ratio":
            values[metric.name] = _ratio(values[metric.numerator], values[metric.denominator])
        elif metric.kind == "mean":
            numerator = asking.metrics[metric.numerator]
            hours = _observed_seconds(asking, _part(question, key)) / numerator.per_seconds
            values[metric.name] = _ratio(values[metric.numerator], hours)


def _ratio(numerator: float | None, denominator: float | None) -> float | None:
    return numerator / denominator if numerator is not None and denominator else None


def _part(question: Question, key: Key) -> Period:
    """The part of the period a row is about."""
    if question.bins is None:
        return question.period
    cell = next(value for value, dimension in zip(key, question.by, strict=True) if dimension.calendar)
    return Period(question.bins.edges[cell], question.bins.edges[cell + 1], question.zone)


def _observed_seconds(asking: Asking, period: Period) -> float:
    """Seconds of the period that were observed; all of it where no source says what it observed."""
    covered = asking.covered()
    return period.seconds if covered is None else covered_seconds(joined(covered, period))


def _totals(asking: Asking, question: Question, wanted: Sequence[Metric], found: Found) -> dict[str, float | None]:
    """Sums are summed; everything else is asked again without dimensions."""
    parts = _parts(asking.metrics, wanted)
    again = [metric for metric in parts if not metric.is_sum]
    totals = _found(asking, question.without_dimensions(), again).get((), {}) if again else {}
    for metric in parts:
        if metric.is_sum:
            known = [value for values in found.values() if (value := values.get(metric.name)) is not None]
            totals[metric.name] = fsum(known) if known or not found else None
    _derive(asking, question.without_dimensions(), wanted, (), totals)
    return totals


def _table(question: Question, wanted: Sequence[Metric], found: Found) -> pa.Table:
    keys = sorted(found, key=lambda key: _rank(question, key, found[key].get(wanted[0].name)))
    columns: dict[str, pa.Array] = {}
    for place, dimension in enumerate(question.by):
        values = [key[place] for key in keys]
        if dimension.calendar and question.bins:
            values = _labels(question.bins, dimension.calendar, question.zone, values)
        columns[dimension.name] = pa.array(values, pa.string())
    for metric in wanted:
        columns[metric.name] = pa.array([_number(found[key].get(metric.name)) for key in keys], pa.float64())
    return pa.table(columns)


def _rank(question: Question, key: Key, value: float | None) -> tuple[Any, ...]:
    """Calendar first, then the number (largest first, unknown last), then the names."""
    cells = [part for part, dimension in zip(key, question.by, strict=True) if dimension.calendar]
    names = [(part is None, part or "") for part, d in zip(key, question.by, strict=True) if not d.calendar]
    return (*cells, value is None, -(value or 0), *names)


def _labels(bins: Bins, calendar: Any, zone: str, cells: Sequence[int]) -> list[str]:
    names = {cell: label(bins.edges[cell], calendar, zone) for cell in set(cells)}
    return [names[cell] for cell in cells]
