"""Metrics that one aggregate of SQL answers: one pass over the attempts for every question about the same rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gpuledger.metrics import Dimension, Metric
from gpuledger.metrics.dimensions import column_of
from gpuledger.metrics.question import Question, expression_of
from gpuledger.metrics.relation import MICRO

if TYPE_CHECKING:
    import ibis.expr.types as ir

ROWS, BIN = "n", "bin"
"""How many attempts are behind a row (a group of none is no row); the calendar's part."""


@dataclass(frozen=True)
class Part:
    """The metrics of one question that one pass answers; `number` is the question's among all asked together."""

    number: int
    question: Question
    metrics: tuple[Metric, ...]


Alike = tuple[Part, ...]
"""Parts of questions that tell the same rows apart by the same."""


def metrics_of(parts: Iterable[Part]) -> tuple[Metric, ...]:
    """The different metrics of all parts."""
    return tuple({metric.name: metric for part in parts for metric in part.metrics}.values())


def aggregates(rows: "ir.Table", parts: Sequence[Part], *, are_held: bool) -> "list[tuple[Alike, ir.Table]]":
    """Sums and counts of attempts, a table for parts that are alike: d0 …, bin, n, then m0 … in the order of `metrics_of`.

    All parts ask about the same rows (`Question.population`).
    """
    alike = _alike(parts)
    few = Few.of(rows, parts) if are_held and len(alike) > 1 else None
    return [(those, few.answer(those) if few else _answer(those, rows)) for those in alike]


def _alike(parts: Sequence[Part]) -> list[Alike]:
    groups: dict[tuple[Dimension, ...], list[Part]] = defaultdict(list)
    for part in parts:
        groups[part.question.by].append(part)
    return [tuple(those) for those in groups.values()]


def _answer(alike: Alike, rows: "ir.Table") -> "ir.Table":
    question = alike[0].question
    keys = question.keys(rows)
    if question.bins:
        keys[BIN] = question.bins.place(rows.at_us)[0].cast("int64")
    asked = {f"m{n}": _amount(question, metric, rows) for n, metric in enumerate(metrics_of(alike))}
    return (rows.group_by(**keys) if keys else rows).agg(**{ROWS: rows.count()}, **asked)


@dataclass(frozen=True)
class Few:
    """Attempts added up by all that several questions tell apart: each of them then goes through few rows.

    Columns: per dimension k0 …, `job_key` where jobs were tried again, per metric its sum or count p0 …, or the values
    of which the different ones count, and n.
    """

    rows: "ir.Table"
    names: "Mapping[str, str]"
    metrics: tuple[Metric, ...]

    @classmethod
    def of(cls, rows: "ir.Table", parts: Sequence[Part]) -> "Few":
        """Of the attempts that held resources."""
        question, metrics = parts[0].question, metrics_of(parts)
        dimensions = {dimension.name: dimension for part in parts for dimension in part.question.columns}
        names = {name: f"k{number}" for number, name in enumerate(dimensions)}
        keys = {names[name]: column_of(rows, dimension) for name, dimension in dimensions.items()}
        if "job_key" in rows.columns:
            keys["job_key"] = rows.job_key
        keys |= {f"p{n}": expression_of(metric, rows) for n, metric in enumerate(metrics) if metric.kind == "distinct"}
        sums = {
            f"p{n}": _part_of(question, metric, rows) for n, metric in enumerate(metrics) if metric.kind != "distinct"
        }
        added = (rows.group_by(**keys) if keys else rows).agg(**{ROWS: rows.count()}, **sums)
        return cls(added, names, metrics)

    def answer(self, alike: Alike) -> "ir.Table":
        """Of parts that are alike, in their own columns d0 … and m0 …"""
        keys = {f"d{n}": self.rows[self.names[d.name]] for n, d in enumerate(alike[0].question.columns)}
        asked = {f"m{n}": self._whole(metric) for n, metric in enumerate(metrics_of(alike))}
        counted = {ROWS: self.rows[ROWS].sum().cast("int64")}
        return (self.rows.group_by(**keys) if keys else self.rows).agg(**counted, **asked)

    def _whole(self, metric: Metric) -> "ir.Scalar":
        value = self.rows[f"p{self.metrics.index(metric)}"]
        match metric.kind:
            case "held":
                return value.sum() / (metric.per_seconds * MICRO)
            case "distinct":
                return value.nunique()
            case "jobs" if "job_key" in self.rows.columns:
                tried = self.rows.job_key
                return value.sum(where=tried.isnull()).fill_null(0) + tried.nunique(where=value > 0)
            case _:
                return value.sum().fill_null(0)


def _part_of(question: Question, metric: Metric, rows: "ir.Table") -> "ir.Scalar":
    """What parts of the attempts add to a sum or a count."""
    if metric.kind == "held":
        return _held_us(question, metric, rows).sum()
    return rows.count(where=expression_of(metric, rows))


def _held_us(question: Question, metric: Metric, rows: "ir.Table") -> "ir.FloatingValue":
    """The rate × microseconds of each attempt: whole, so that sums are exact in any order."""
    lasted_us = rows.observed_us if metric.is_observed else rows.until_us - rows.since_us
    return question.rate(metric, rows) * lasted_us.cast("float64")


def _amount(question: Question, metric: Metric, rows: "ir.Table") -> "ir.Scalar":
    if metric.kind == "held":
        return _held_us(question, metric, rows).sum() / (metric.per_seconds * MICRO)
    value = expression_of(metric, rows)
    match metric.kind:
        case "jobs" if "job_key" in rows.columns:
            return rows.count(where=value & rows.job_key.isnull()) + rows.job_key.nunique(where=value)
        case "active" | "jobs":
            return rows.count(where=value)
        case "distinct":
            return value.nunique()
        case _:
            return value
