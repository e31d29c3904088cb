"""From readings of GPU states to answers: one pass for every question about the same moments."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import pyarrow as pa

from gpuledger.metrics import Answer, Metric
from gpuledger.metrics.answers import Found, Key, LazyTotals, columns, key_of, ratio
from gpuledger.metrics.bins import coverage_of
from gpuledger.metrics.coverage import Span
from gpuledger.metrics.question import expression_of
from gpuledger.metrics.relation import MICRO
from gpuledger.metrics.states.facts import NOBODY
from gpuledger.metrics.states.question import StateQuestion, added, reduced

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
class Part:
    """The base metrics of one question; `number` is the question's among all asked together."""

    number: int
    question: StateQuestion
    metrics: tuple[Metric, ...]


def answers(asking: Asking, asked: Sequence[Asked]) -> tuple[Answer, ...]:
    """The answers of questions asked together, each with its totals."""
    found = _found(asking, asked)
    return tuple(_answer(asking, *each, rows) for each, rows in zip(asked, found, strict=True))


def _answer(asking: Asking, question: StateQuestion, wanted: Sequence[Metric], found: Found) -> Answer:
    def totals() -> Mapping[str, float | None]:
        return _found(asking, [(question.without_dimensions(), wanted)])[0][()] if question.by else found[()]

    names = tuple(metric.name for metric in wanted)
    rows = columns(question, wanted, found)
    return Answer(rows, question.by, tuple(wanted), question.period, LazyTotals(names, totals))


def _found(asking: Asking, asked: Sequence[Asked]) -> list[Found]:
    """What each question found: every metric by name."""
    parts = [Part(n, question, _base(asking.known, wanted)) for n, (question, wanted) in enumerate(asked)]
    found: list[Found] = [defaultdict(dict) for _ in asked]
    for number, key, values in _rows(asking.fetch, parts):
        found[number][key] |= values
    for rows, part, (_, wanted) in zip(found, parts, asked, strict=True):
        unseen = _unseen(part.question, asking.covered)
        for key in unseen:
            rows.setdefault(key, {})
        _complete(rows, part, wanted)
        for key in unseen:
            rows[key] |= dict.fromkeys(rows[key], None) if unseen[key] else {}
    return found


def _unseen(question: StateQuestion, covered: Spans) -> dict[Key, bool]:
    """The keys that are there whatever was told (all of the calendar, or the whole), and whether nobody looked then."""
    if question.columns:
        return {}
    if question.bins is None:
        return {(): not covered}
    shares = coverage_of(question.bins, covered).tolist()
    return {key_of(question, (), cell): share == 0 for cell, share in enumerate(shares)}


def _base(known: Mapping[str, Metric], wanted: Iterable[Metric]) -> tuple[Metric, ...]:
    """The metrics to query: those with an expression among what was asked and what it is derived from."""
    those: dict[str, Metric] = {}
    for metric in wanted:
        names = [name for name in (metric.numerator, metric.denominator) if name]
        those |= {name: known[name] for name in names} if names else {metric.name: metric}
    return tuple(those.values())


def _rows(fetch: Fetch, parts: Sequence[Part]) -> Iterable[tuple[int, Key, dict[str, float | None]]]:
    populations: dict[object, list[Part]] = defaultdict(list)
    for part in parts:
        populations[part.question.population].append(part)
    for those in populations.values():
        yield from _read(fetch(_summed(those)), those, _summing(those))
    for part in parts:
        if peaks := [metric for metric in part.metrics if metric.kind == "peak"]:
            yield from _read(fetch(_peaks(part, peaks)), [part], peaks)


def _summing(parts: Iterable[Part]) -> list[Metric]:
    """The different metrics of all parts that one pass answers."""
    return list({m.name: m for part in parts for m in part.metrics if m.kind != "peak"}.values())


def _summed(parts: Sequence[Part]) -> "ir.Table":
    """A row per question and name: question, d0 …, bin, then m0, s0 … in the order of `_summing`."""
    metrics = _summing(parts)
    rows = _reduced(parts)
    width = max(len(part.question.columns) for part in parts)
    return ibis.union(*(_aggregate(part, rows[part.question.with_left_out], metrics, width) for part in parts))


def _reduced(parts: Sequence[Part]) -> "dict[bool, ir.Table]":
    """What is added up for the parts, by whether they count what is left out. The readings are gone through once."""
    groups: dict[bool, list[Part]] = defaultdict(list)
    for part in parts:
        groups[part.question.with_left_out].append(part)
    whole = added([part.question for part in parts], _summing(parts)) if len(groups) > 1 else None
    return {
        flag: reduced([part.question for part in those], _summing(those), rows=whole) for flag, those in groups.items()
    }


def _aggregate(part: Part, rows: "ir.Table", metrics: Sequence[Metric], width: int) -> "ir.Table":
    asked: dict[str, ir.Scalar] = {}
    for number, metric in enumerate(metrics):
        if metric in part.metrics:
            asked |= _amounts(number, metric, rows)
    found = rows.group_by(**part.question.keys(rows), bin=rows.bin).agg(**asked, n=rows.count())
    return found.select(
        ibis.literal(part.number, type="int64").name("question"),
        *(found[f"d{n}"] if n < len(part.question.columns) else _none("string", f"d{n}") for n in range(width)),
        found.bin.cast("int64").name("bin"),
        *(
            found[name].cast("float64").name(name) if name in asked else _none("float64", name)
            for number in range(len(metrics))
            for name in (f"m{number}", f"s{number}")
        ),
    )


def _none(kind: str, name: str) -> "ir.Value":
    return ibis.null(kind).name(name)


def _amounts(number: int, metric: Metric, rows: "ir.Table") -> "dict[str, ir.Scalar]":
    """The sum in its unit, and the mean number over the covered time of each cluster."""
    value = expression_of(metric, rows)
    if metric.kind == "distinct":
        return {f"m{number}": value.nunique(), f"s{number}": ibis.null("float64")}
    weighted = value * rows.weight_us.cast("float64")
    return {
        f"m{number}": weighted.sum() / (metric.per_seconds * MICRO),
        f"s{number}": (weighted / rows.covered_us.cast("float64")).sum(),
    }


def _peaks(part: Part, metrics: Sequence[Metric]) -> "ir.Table":
    """The largest sum in any one reading."""
    rows = part.question.moments()
    keys = part.question.keys(rows)
    sums = {f"m{n}": expression_of(metric, rows).sum() for n, metric in enumerate(metrics)}
    each = rows.group_by(**keys, bin=rows.bin, cluster=rows.cluster, time=rows.time).agg(**sums)
    found = each.group_by([*keys, "bin"]).agg(**{name: each[name].max() for name in sums})
    return found.select(
        ibis.literal(part.number, type="int64").name("question"),
        *keys,
        found.bin.cast("int64").name("bin"),
        *(column for name in sums for column in (found[name], _none("float64", f"s{name[1:]}"))),
    )


def _read(
    found: pa.Table, parts: Sequence[Part], metrics: Sequence[Metric]
) -> Iterable[tuple[int, Key, dict[str, float | None]]]:
    by_number = {part.number: part for part in parts}
    for row in found.to_pylist():
        part = by_number[row["question"]]
        names = tuple(row[f"d{number}"] for number in range(len(part.question.columns)))
        values: dict[str, float | None] = {}
        for number, metric in enumerate(metrics):
            if metric in part.metrics:
                values |= {metric.name: row[f"m{number}"], metric.name + MEAN: row[f"s{number}"]}
        yield part.number, key_of(part.question, names, row["bin"]), values


def _complete(found: Found, part: Part, wanted: Sequence[Metric]) -> None:
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
