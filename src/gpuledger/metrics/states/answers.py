"""From readings of GPU states to answers: one pass for every question about the same moments."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from gpuledger.metrics import Answer, Metric
from gpuledger.metrics.answers import Found, Key, LazyTotals, columns, key_of, ratio
from gpuledger.metrics.bins import coverage_of
from gpuledger.metrics.coverage import Span
from gpuledger.metrics.question import expression_of
from gpuledger.metrics.relation import MICRO
from gpuledger.metrics.states.facts import NOBODY
from gpuledger.metrics.states.once import Beside, Part
from gpuledger.metrics.states.once import found as once
from gpuledger.metrics.states.question import StateQuestion

if TYPE_CHECKING:
    import ibis.expr.types as ir

Fetch = Callable[["ir.Table"], pa.Table]
Asked = tuple[StateQuestion, Sequence[Metric]]
Spans = Sequence[Span]
MEAN = " mean"
"""What is added to the name of a sum for the mean number it gives."""
OF_OCCUPANT = ("user", "account")


@dataclass(frozen=True)
class Asking:
    """How questions reach the store, which metrics there are, and what readings cover of the period."""

    fetch: Fetch
    known: Mapping[str, Metric]
    covered: Spans


@dataclass(frozen=True)
class Sums:
    """The base metrics of one question: a row per name and bin, with the sums m0 … and means s0 … that were asked for."""

    question: StateQuestion
    metrics: tuple[Metric, ...]
    summed: frozenset[str]
    averaged: frozenset[str]
    beside: tuple[Beside, ...] = ("covered_us",)

    @classmethod
    def of(cls, question: StateQuestion, known: Mapping[str, Metric], wanted: Sequence[Metric]) -> "Sums":
        """What answers the metrics: those with an expression among them, and those they are derived from."""
        averaged = [metric.numerator for metric in wanted if metric.kind == "mean"]
        summed = [metric.name for metric in wanted if not metric.numerator]
        summed += [name for one in wanted if one.kind == "ratio" for name in (one.numerator, one.denominator)]
        metrics = tuple(known[name] for name in dict.fromkeys((*averaged, *summed)))
        return cls(question, metrics, frozenset(summed), frozenset(averaged))

    def told(self, rows: "ir.Table") -> "ir.Table":
        """See `once.Part`."""
        asked: dict[str, ir.Scalar] = {}
        for number, metric in enumerate(self.metrics):
            asked |= {} if metric.kind == "peak" else self._amounts(number, metric, rows)
        sums = {name: value.cast("float64") for name, value in asked.items()}
        return rows.group_by(**self.question.keys(rows), bin=rows.bin).agg(**sums)

    def _amounts(self, number: int, metric: Metric, rows: "ir.Table") -> "Mapping[str, ir.Scalar]":
        """The sum in its unit, and the mean number over the covered time of each cluster."""
        value = expression_of(metric, rows)
        if metric.kind == "distinct":
            return {f"m{number}": value.nunique()}
        weighted = value * rows.weight_us.cast("float64")
        is_summed, is_averaged = metric.name in self.summed, metric.name in self.averaged
        return {
            **({f"m{number}": weighted.sum() / (metric.per_seconds * MICRO)} if is_summed else {}),
            **({f"s{number}": (weighted / rows.covered_us.cast("float64")).sum()} if is_averaged else {}),
        }


def answers(asking: Asking, asked: Sequence[Asked], others: Sequence[Part] = ()) -> tuple[list[Answer], list[pa.Table]]:
    """The answers of questions asked together, each with its totals; and what other parts of the same pass told."""
    sums = [Sums.of(question, asking.known, wanted) for question, wanted in asked]
    told = once(asking.fetch, [*sums, *others])
    named = [
        _answer(asking, *each, _found(asking, part, each[1], rows))
        for part, each, rows in zip(sums, asked, told, strict=False)
    ]
    return named, told[len(sums) :]


def _answer(asking: Asking, question: StateQuestion, wanted: Sequence[Metric], found: Found) -> Answer:
    def totals() -> Mapping[str, float | None]:
        return _totals(asking, question.without_dimensions(), wanted) if question.by else found[()]

    names = tuple(metric.name for metric in wanted)
    rows = columns(question, wanted, found)
    return Answer(rows, question.by, tuple(wanted), question.period, LazyTotals(names, totals))


def _totals(asking: Asking, question: StateQuestion, wanted: Sequence[Metric]) -> Mapping[str, float | None]:
    sums = Sums.of(question, asking.known, wanted)
    return _found(asking, sums, wanted, once(asking.fetch, [sums])[0])[()]


def _found(asking: Asking, part: Sums, wanted: Sequence[Metric], told: pa.Table) -> Found:
    """Every metric of a question by name."""
    rows: Found = defaultdict(dict)
    for key, values in _rows(asking.fetch, part, told):
        rows[key] |= values
    unseen = _unseen(part.question, asking.covered)
    for key in unseen:
        rows.setdefault(key, {})
    _complete(rows, part, wanted)
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


def _rows(fetch: Fetch, part: Sums, told: pa.Table) -> Iterable[tuple[Key, dict[str, float | None]]]:
    yield from _read(part, told, [metric for metric in part.metrics if metric.kind != "peak"])
    if peaks := [metric for metric in part.metrics if metric.kind == "peak"]:
        yield from _read(part, fetch(_peaks(part, peaks)), peaks)


def _peaks(part: Sums, metrics: Sequence[Metric]) -> "ir.Table":
    """The largest sum in any one reading."""
    rows = part.question.moments()
    keys = part.question.keys(rows)
    sums = {f"m{part.metrics.index(one)}": expression_of(one, rows).sum() for one in metrics}
    each = rows.group_by(**keys, bin=rows.bin, cluster=rows.cluster, time=rows.time).agg(**sums)
    return each.group_by([*keys, "bin"]).agg(**{name: each[name].max() for name in sums})


def _read(part: Sums, told: pa.Table, metrics: Sequence[Metric]) -> Iterable[tuple[Key, dict[str, float | None]]]:
    for row in told.to_pylist():
        names = tuple(row[f"d{number}"] for number in range(len(part.question.columns)))
        values: dict[str, float | None] = {}
        for metric in metrics:
            number = part.metrics.index(metric)
            values |= {
                name: row[told]
                for name, told in ((metric.name, f"m{number}"), (metric.name + MEAN, f"s{number}"))
                if told in row
            }
        yield key_of(part.question, names, row["bin"]), values


def _complete(found: Found, part: Sums, wanted: Sequence[Metric]) -> None:
    """Every key has every metric; GPU-time of nobody is no row of a question about people."""
    for key, values in list(found.items()):
        for metric in part.metrics:
            values.setdefault(metric.name, None if metric.kind == "peak" else 0.0)
            values.setdefault(metric.name + MEAN, 0.0)
        for metric in wanted:
            if metric.kind == "ratio":
                values[metric.name] = ratio(values[metric.numerator], values[metric.denominator])
            elif metric.kind == "mean":
                values[metric.name] = values[metric.numerator + MEAN]
        if _is_nobody(part.question, key) and not any(values[metric.name] for metric in wanted):
            del found[key]


def _is_nobody(question: StateQuestion, key: Key) -> bool:
    named: Iterable[tuple[Any, Any]] = zip(question.by, key, strict=True)
    return any(dim.name in OF_OCCUPANT and name == NOBODY for dim, name in named)
