"""Metrics that one aggregate of SQL answers: one pass over the attempts for every question about the same rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis

from gpuledger.metrics import Metric
from gpuledger.metrics.dimensions import column_of
from gpuledger.metrics.question import Question, expression_of
from gpuledger.metrics.relation import MICRO, Moment

if TYPE_CHECKING:
    import ibis.expr.types as ir

QUESTION, ROWS, BIN = "question", "n", "bin"
"""Which question a row answers; how many attempts are behind it (a group of none is no row); the calendar's part."""


@dataclass(frozen=True)
class Part:
    """The metrics of one question that one pass answers; `number` is the question's among all asked together."""

    number: int
    question: Question
    metrics: tuple[Metric, ...]


def metrics_of(parts: Sequence[Part]) -> tuple[Metric, ...]:
    """The different metrics of all parts."""
    return tuple({metric.name: metric for part in parts for metric in part.metrics}.values())


def together(parts: Sequence[Part], moment: Moment | None) -> "ir.Table":
    """Sums and counts of the attempts that held resources, or of those placed by a moment.

    A row per question and name: question, d0 …, bin, n, then m0 … in the order of `metrics_of`; null where a question
    has no such dimension or metric. All parts ask about the same rows (`Question.population`).
    """
    metrics, first = metrics_of(parts), parts[0].question
    by = [dimension for part in parts for dimension in part.question.by]
    rows = first.placed(moment, metrics, by) if moment else first.held(metrics, by)
    if moment is None and len(parts) > 1:
        few = Few.of(rows, parts, metrics)
        found = [(part, few.answer(part)) for part in parts]
    else:
        found = [(part, _answer(part, rows, metrics)) for part in parts]
    width = max(len(part.question.columns) for part in parts)
    return ibis.union(*(_told(part, rows, width, len(metrics)) for part, rows in found))


def _told(part: Part, found: "ir.Table", width: int, count: int) -> "ir.Table":
    """The answer of one part in the columns that all parts have."""
    names = [*(f"d{number}" for number in range(width)), BIN, ROWS, *(f"m{number}" for number in range(count))]
    kinds = {"d": "string", "m": "float64"}
    return found.select(
        ibis.literal(part.number, type="int64").name(QUESTION),
        *(
            (found[name].cast(kinds.get(name[0], "int64")) if name in found.columns else _none(name, kinds)).name(name)
            for name in names
        ),
    )


def _none(name: str, kinds: "Mapping[str, str]") -> "ir.Value":
    return ibis.null(kinds.get(name[0], "int64"))


def _answer(part: Part, rows: "ir.Table", metrics: Sequence[Metric]) -> "ir.Table":
    keys = part.question.keys(rows)
    if part.question.bins:
        keys[BIN] = part.question.bins.place(rows.at_us)[0].cast("int64")
    asked = {
        f"m{n}": _amount(part.question, metric, rows) for n, metric in enumerate(metrics) if metric in part.metrics
    }
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
    def of(cls, rows: "ir.Table", parts: Sequence[Part], metrics: Sequence[Metric]) -> "Few":
        """Of the attempts that held resources."""
        question = parts[0].question
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
        return cls(added, names, tuple(metrics))

    def answer(self, part: Part) -> "ir.Table":
        """One question's, in its own columns d0 … and m0 …"""
        keys = {f"d{n}": self.rows[self.names[d.name]] for n, d in enumerate(part.question.columns)}
        asked = {f"m{n}": self._whole(metric, n) for n, metric in enumerate(self.metrics) if metric in part.metrics}
        counted = {ROWS: self.rows[ROWS].sum().cast("int64")}
        return (self.rows.group_by(**keys) if keys else self.rows).agg(**counted, **asked)

    def _whole(self, metric: Metric, number: int) -> "ir.Scalar":
        value = self.rows[f"p{number}"]
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
