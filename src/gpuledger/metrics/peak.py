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
    keys, at, order, edges = _changes(found, width)
    for metric in range(count):
        rate = numbers(found, f"rate{metric}")
        for key, (first, last) in zip(keys, pairwise(edges), strict=True):
            line = _highest(at[first:last], _level(rate, order[first:last]), bins)
            yield from ((key, int(cell), metric, float(line[cell])) for cell in np.flatnonzero(np.isfinite(line)))


def _changes(found: pa.Table, width: int) -> tuple[tuple[Key, ...], Whole, Whole, list[int]]:
    """The names, the changes of one after the other, each by time (when, and its number), and where each name's lie.

    A row begins by the change that has its number and ends by the one as many further on as there are rows.
    """
    keys, series = names_of(found, width)
    at = np.concatenate([whole(found["since_us"]), whole(found["until_us"])])
    order = np.lexsort((at, np.tile(series, 2))) if len(keys) > 1 else np.argsort(at)
    edges = 2 * np.cumsum(np.bincount(series, minlength=len(keys)))
    return keys, at[order], order, [0, *edges.tolist()]


def _level(rate: Floats, order: Whole) -> Floats:
    """What is held after each change, in this order: an attempt adds its rate where it begins and takes it away where it
    ends. −inf where none holds anything that is known, as before the first and after the last."""
    level = np.full(len(order) + 2, -np.inf)
    change = np.take(rate, order, out=level[1:-1], mode="wrap")  # wraps: the end of a row is of that row
    sign = np.where(order < len(rate), np.int8(1), np.int8(-1))
    sign[np.isnan(change)] = 0
    change *= sign
    np.nan_to_num(change, copy=False)
    np.cumsum(change, out=change)
    change[np.cumsum(sign, dtype=np.int32) <= 0] = -np.inf
    return level


def _highest(at: Whole, level: Floats, bins: Bins) -> Floats:
    """Per bin the highest level, −inf where nothing is held: that at its left edge, or after a change within it."""
    level[1:-2][at[1:] == at[:-1]] = -np.inf  # an end and a beginning at one moment: only what remains is held
    first = np.searchsorted(at, bins.edges_us[:-1], side="right")
    after = np.searchsorted(at, bins.edges_us[1:], side="left") + 1
    highest: Floats = np.maximum.reduceat(level, np.column_stack([first, after]).ravel())[::2]
    return highest
