"""Metrics that one aggregate of SQL answers: one pass over the attempts for every question about the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis

from gpuledger.metrics import Metric
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
    width = max(len(part.question.columns) for part in parts)
    return ibis.union(*(_answer(part, rows, metrics, width) for part in parts))


def _answer(part: Part, rows: "ir.Table", metrics: Sequence[Metric], width: int) -> "ir.Table":
    keys = part.question.keys(rows)
    if part.question.bins:
        keys[BIN] = part.question.bins.place(rows.at_us)[0].cast("int64")
    asked = {
        f"m{n}": _amount(part.question, metric, rows) for n, metric in enumerate(metrics) if metric in part.metrics
    }
    found = (rows.group_by(**keys) if keys else rows).agg(**{ROWS: rows.count()}, **asked)
    names = [f"d{number}" for number in range(width)]
    return found.select(
        ibis.literal(part.number, type="int64").name(QUESTION),
        *(found[name] if name in keys else ibis.null("string").name(name) for name in names),
        found[BIN] if BIN in keys else ibis.null("int64").name(BIN),
        ROWS,
        *(_double(found, f"m{number}", asked) for number in range(len(metrics))),
    )


def _double(found: "ir.Table", name: str, asked: "dict[str, ir.Scalar]") -> "ir.Value":
    return (found[name].cast("float64") if name in asked else ibis.null("float64")).name(name)


def _amount(question: Question, metric: Metric, rows: "ir.Table") -> "ir.Scalar":
    if metric.kind == "held":
        lasted_us = rows.observed_us if metric.is_observed else rows.until_us - rows.since_us
        amount = question.rate(metric, rows) * lasted_us.cast("float64")  # whole: sums are exact, in any order
        return amount.sum() / (metric.per_seconds * MICRO)
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
