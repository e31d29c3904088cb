"""The most that was held at any one moment, exact: every change counts, whatever the bins."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from gpuledger.metrics import Metric
from gpuledger.metrics.bins import Bins
from gpuledger.metrics.events import Floats, Key, Whole, names_of, numbers, whole
from gpuledger.metrics.question import Question

if TYPE_CHECKING:
    import ibis.expr.types as ir


def stays(question: Question, metrics: Sequence[Metric]) -> "ir.Table":
    """Per attempt that held something for a while: d0 …, since_us, until_us, rate0 … (null where not known)."""
    rows = question.held(metrics)
    keys = question.keys(rows)
    rates = {f"rate{number}": question.rate(metric, rows).cast("float64") for number, metric in enumerate(metrics)}
    rows = rows.filter(rows.until_us > rows.since_us)
    return rows.select(**keys, since_us=rows.since_us.cast("int64"), until_us=rows.until_us.cast("int64"), **rates)


def peaks(found: pa.Table, width: int, bins: Bins, count: int) -> Iterator[tuple[Key, int, int, float]]:
    """(name, bin, number of the metric, largest level) where something was held, from the answer of `stays`."""
    keys, series = names_of(found, width)
    at = np.concatenate([whole(found["since_us"]), whole(found["until_us"])])
    order = np.lexsort((at, np.tile(series, 2))) if len(keys) > 1 else np.argsort(at)
    sign = np.where(order < len(series), 1, -1)
    edges = 2 * np.searchsorted(np.sort(series), np.arange(len(keys) + 1))
    spans = [slice(*span) for span in pairwise(edges.tolist())]
    at, order = at[order], order % max(len(series), 1)
    for metric in range(count):
        rate = numbers(found, f"rate{metric}")[order]
        for key, span in zip(keys, spans, strict=True):
            line = _highest(*_levels(at[span], rate[span], sign[span]), bins)
            yield from ((key, int(cell), metric, float(line[cell])) for cell in np.flatnonzero(np.isfinite(line)))


def _levels(at: Whole, rate: Floats, sign: Whole) -> tuple[Whole, Floats]:
    """The moments of change and the level after each; −inf where nobody holds an amount that is known."""
    is_known = ~np.isnan(rate)
    at, rate, sign = at[is_known], rate[is_known], sign[is_known]
    is_last = np.append(at[1:] != at[:-1], True)[: len(at)]  # an end and a beginning at one moment: only what remains
    level = np.where(np.cumsum(sign)[is_last] > 0, np.cumsum(rate * sign)[is_last], -np.inf)
    return at[is_last], level


def _highest(at: Whole, level: Floats, bins: Bins) -> Floats:
    """Per bin the highest level, −inf where nothing is held: that at its left edge, or after a change within it."""
    starts = bins.edges_us[:-1]
    highest: Floats = np.full(len(starts), -np.inf)
    if not len(at):
        return highest
    last = np.searchsorted(at, starts, side="right") - 1
    highest = np.where(last >= 0, level[np.maximum(last, 0)], -np.inf)
    cell = np.searchsorted(starts, at, side="right") - 1
    is_inside = at < bins.edges_us[-1]
    np.maximum.at(highest, cell[is_inside], level[is_inside])
    return highest
