"""Mean numbers of GPUs over time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from gpuledger.metrics import InUse, Metric
from gpuledger.metrics.bins import Bins, coverage_of
from gpuledger.metrics.coverage import Span
from gpuledger.metrics.question import expression_of
from gpuledger.metrics.states.question import StateQuestion, reduced

if TYPE_CHECKING:
    import ibis.expr.types as ir


def summed(question: StateQuestion, metrics: Sequence[Metric]) -> "ir.Table":
    """A row per name and bin: d0, bin, then m0, s0 … (GPU-microseconds, mean number over the covered time)."""
    rows = reduced([question], metrics)
    amounts: dict[str, ir.Scalar] = {}
    for number, metric in enumerate(metrics):
        weighted = expression_of(metric, rows) * rows.weight_us.cast("float64")
        amounts |= {f"m{number}": weighted.sum(), f"s{number}": (weighted / rows.covered_us.cast("float64")).sum()}
    return rows.group_by(**question.keys(rows), bin=rows.bin).agg(**amounts)


def in_use(question: StateQuestion, shown: Metric, number: int, found: pa.Table, spans: Sequence[Span]) -> InUse:
    """One metric of `summed` as a series, largest name first."""
    assert question.bins is not None
    bins, names = question.bins, _names(question, shown, found)
    area, mean = (_dense(found, f"{side}{number}", names, bins, question) for side in ("m", "s"))
    lengths = bins.lengths_us.astype(float)
    order = np.argsort(-area.sum(axis=1), kind="stable")
    covered = coverage_of(bins, spans)
    observed = np.where(covered > 0, mean, np.nan)
    return InUse(
        shown, question.by[0] if question.by else None, question.period, bins.edges,
        tuple(names[place] for place in order.tolist()), area[order] / lengths, covered, observed[order],
    )  # fmt: skip


def _names(question: StateQuestion, shown: Metric, found: pa.Table) -> list[str | None]:
    return sorted(set(found["d0"].to_pylist()), key=str) if question.columns else [shown.label]


def _dense(
    found: pa.Table, column: str, names: list[str | None], bins: Bins, question: StateQuestion
) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """[name, bin] of a column."""
    dense = np.zeros((len(names), len(bins)))
    rows = found["d0"].to_pylist() if question.columns else [names[0]] * found.num_rows
    place = {name: number for number, name in enumerate(names)}
    for name, cell, value in zip(rows, found["bin"].to_pylist(), found[column].to_pylist(), strict=True):
        dense[place[name], cell] += value or 0.0
    return dense
