"""Metrics that one aggregate of SQL answers: one query for what was held, one per moment (submitted, started, ended)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gpuledger.metrics import Metric
from gpuledger.metrics.question import Question, expression_of
from gpuledger.metrics.relation import MICRO, Moment

if TYPE_CHECKING:
    import ibis.expr.types as ir

ROWS = "n"
"""The column that counts the rows behind an answer: a group of none is no row."""
BIN = "bin"


def held_totals(question: Question, metrics: Sequence[Metric]) -> "ir.Table":
    """Sums and counts over the whole period: d0 …, n, then m0 … in the order of `metrics`."""
    rows = question.held(metrics)
    amounts = {f"m{number}": _amount(question, metric, rows) for number, metric in enumerate(metrics)}
    return _aggregate(rows, question.keys(rows), amounts)


def placed_totals(question: Question, moment: Moment, metrics: Sequence[Metric]) -> "ir.Table":
    """Aggregates of the attempts placed by one moment: d0 …, bin when asked by calendar, n, m0 …."""
    rows = question.placed(moment, metrics)
    keys = question.keys(rows)
    if question.bins:
        keys[BIN] = question.bins.place(rows.at_us)[0].cast("int64")
    amounts = {f"m{number}": expression_of(metric, rows) for number, metric in enumerate(metrics)}
    return _aggregate(rows, keys, amounts)


def _aggregate(rows: "ir.Table", keys: "dict[str, ir.Value]", amounts: "dict[str, ir.Scalar]") -> "ir.Table":
    grouped = rows.group_by(**keys) if keys else rows
    return grouped.agg(**{ROWS: rows.count()}, **amounts)


def _amount(question: Question, metric: Metric, rows: "ir.Table") -> "ir.Scalar":
    if metric.kind == "held":
        lasted_us = (rows.until_us - rows.since_us).cast("float64")  # whole: sums are exact, in any order
        return (question.rate(metric, rows) * lasted_us).sum() / (metric.per_seconds * MICRO)
    value = expression_of(metric, rows)
    match metric.kind:
        case "active":
            return rows.count(where=value)
        case "jobs":
            return rows.count(where=value & rows.job_key.isnull()) + rows.job_key.nunique(where=value)
        case _:
            return value.nunique()
