"""From readings of GPU states to answers: one pass for every question about the same moments."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from gpuledger.metrics import Answer, Kind, Metric
from gpuledger.metrics.answers import Found, Key, LazyTotals, columns, key_of, ratio
from gpuledger.metrics.bins import coverage_of
from gpuledger.metrics.coverage import Span
from gpuledger.metrics.question import expression_of
from gpuledger.metrics.states.facts import NOBODY
from gpuledger.metrics.states.once import Beside, Part
from gpuledger.metrics.states.once import found as once
from gpuledger.metrics.states.question import StateQuestion
from gpuledger.metrics.states.sums import MEAN, CoveredUs, Summed, Sums

if TYPE_CHECKING:
    import ibis.expr.types as ir

Fetch = Callable[["ir.Table"], pa.Table]
Spans = Sequence[Span]
Values = dict[str, float | None]
OF_OCCUPANT = ("user", "account")


@dataclass(frozen=True)
class Asking:
    """How questions reach the store, which metrics there are, and what readings cover of the period: when all clusters
    were read, and for how long each was."""

    fetch: Fetch
    known: Mapping[str, Metric]
    covered: Spans
    covered_us: CoveredUs


@dataclass(frozen=True)
class Asked:
    """One question and its metrics."""

    question: StateQuestion
    wanted: tuple[Metric, ...]
    known: Mapping[str, Metric]

    @cached_property
    def parts(self) -> tuple[Metric, ...]:
        """The metrics with an expression among them, and those that the others are derived from."""
        derived = (
            filter(None, (one.numerator, one.denominator)) if one.numerator else (one.name,) for one in self.wanted
        )
        return tuple(self.known[name] for name in dict.fromkeys(name for names in derived for name in names))

    def of(self, kind: Kind) -> tuple[Metric, ...]:
        return tuple(metric for metric in self.parts if metric.kind == kind)

    @property
    def sums_with(self) -> tuple[object, ...]:
        """Equal for questions whose sums can be told together."""
        return self.question.population, self.question.with_left_out, self.question.bins

    @property
    def whole(self) -> "Asked":
        """The same without dimensions."""
        return Asked(self.question.without_dimensions(), self.wanted, self.known)


@dataclass(frozen=True)
class Different:
    """How many different ones there are: a row per name and bin, with m0 …"""

    question: StateQuestion
    metrics: tuple[Metric, ...]
    beside: tuple[Beside, ...] = ()

    def told(self, rows: "ir.Table") -> "ir.Table":
        """See `once.Part`."""
        counts = (expression_of(one, rows).nunique().cast("float64") for one in self.metrics)
        found = {f"m{number}": count for number, count in enumerate(counts)}
        return rows.group_by(**self.question.keys(rows), bin=rows.bin).agg(**found)


def answers(
    asking: Asking, asked: Sequence[tuple[StateQuestion, Sequence[Metric]]], others: Sequence[Part] = ()
) -> tuple[list[Answer], list[pa.Table]]:
    """The answers of questions asked together, each with its totals; and what other parts of the same pass told."""
    every = [Asked(question, tuple(wanted), asking.known) for question, wanted in asked]
    alike: dict[object, list[Asked]] = defaultdict(list)
    for one in every:
        if one.of("held"):
            alike[one.sums_with].append(one)
    sums = [Sums.of_all([(one.question, one.of("held")) for one in those]) for those in alike.values()]
    counts = {place: _different(one) for place, one in enumerate(every) if one.of("distinct")}
    told = iter(once(asking.fetch, [*sums, *counts.values(), *others]))
    summed = {key: Summed(part, next(told)) for key, part in zip(alike, sums, strict=True)}
    counted = {place: next(told) for place in counts}
    named = [
        _answer(asking, one, summed.get(one.sums_with) if one.of("held") else None, counted.get(place))
        for place, one in enumerate(every)
    ]
    return named, list(told)


def _different(one: Asked) -> Different:
    return Different(one.question, one.of("distinct"))


def _answer(asking: Asking, one: Asked, summed: Summed | None, counted: pa.Table | None) -> Answer:
    found = _found(asking, one, summed, counted)

    def totals() -> Mapping[str, float | None]:
        """Sums are there; what does not add up is asked again."""
        if not one.question.by:
            return found[()]
        again = once(asking.fetch, [_different(one.whole)])[0] if counted is not None else None
        return _found(asking, one.whole, summed, again)[()]

    names = tuple(metric.name for metric in one.wanted)
    rows = columns(one.question, one.wanted, found)
    return Answer(rows, one.question.by, one.wanted, one.question.period, LazyTotals(names, totals))


def _found(asking: Asking, one: Asked, summed: Summed | None, counted: pa.Table | None) -> Found:
    """Every metric of a question by name."""
    rows: Found = defaultdict(dict)
    if summed:
        rows |= summed.by(one.question, one.of("held"), asking.covered_us)
    for key, values in _counted(asking, one, counted):
        rows[key] |= values
    unseen = _unseen(one.question, asking.covered)
    for key in unseen:
        rows.setdefault(key, {})
    _complete(rows, one)
    for key in unseen:
        rows[key] |= dict.fromkeys(rows[key], None) if unseen[key] else {}
    return rows


def _unseen(question: StateQuestion, covered: Spans) -> dict[Key, bool]:
    """The keys that are there whatever was told (all of the calendar, or the whole), and whether nobody looked then."""
    if question.columns:
        return {}
    if question.bins is None:
        return {(): not covered}
    shares = coverage_of(question.bins, covered).tolist()
    return {key_of(question, (), cell): share == 0 for cell, share in enumerate(shares)}


def _counted(asking: Asking, one: Asked, counted: pa.Table | None) -> Iterator[tuple[Key, Values]]:
    """What does not add up."""
    if counted is not None:
        yield from _read(one, counted, one.of("distinct"))
    if peaks := one.of("peak"):
        yield from _read(one, asking.fetch(_peaks(one.question, peaks)), peaks)


def _peaks(question: StateQuestion, metrics: Sequence[Metric]) -> "ir.Table":
    """The largest sum in any one reading."""
    rows = question.moments()
    keys = question.keys(rows)
    sums = {f"m{number}": expression_of(one, rows).sum() for number, one in enumerate(metrics)}
    each = rows.group_by(**keys, bin=rows.bin, cluster=rows.cluster, time=rows.time).agg(**sums)
    return each.group_by([*keys, "bin"]).agg(**{name: each[name].max() for name in sums})


def _read(one: Asked, told: pa.Table, metrics: Sequence[Metric]) -> Iterator[tuple[Key, Values]]:
    for row in told.to_pylist():
        names = tuple(row[f"d{number}"] for number in range(len(one.question.columns)))
        values = {metric.name: row[f"m{number}"] for number, metric in enumerate(metrics)}
        yield key_of(one.question, names, row["bin"]), values


def _complete(found: Found, one: Asked) -> None:
    """Every key has every metric; GPU-time of nobody is no row of a question about people."""
    for key, values in list(found.items()):
        for metric in one.parts:
            values.setdefault(metric.name, None if metric.kind == "peak" else 0.0)
            values.setdefault(metric.name + MEAN, 0.0)
        for metric in one.wanted:
            if metric.kind == "ratio":
                values[metric.name] = ratio(values[metric.numerator], values[metric.denominator])
            elif metric.kind == "mean":
                values[metric.name] = values[metric.numerator + MEAN]
        if _is_nobody(one.question, key) and not any(values[metric.name] for metric in one.wanted):
            del found[key]


def _is_nobody(question: StateQuestion, key: Key) -> bool:
    named: Iterable[tuple[Any, Any]] = zip(question.by, key, strict=True)
    return any(dim.name in OF_OCCUPANT and name == NOBODY for dim, name in named)
