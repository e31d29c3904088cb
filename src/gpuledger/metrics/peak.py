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
    at = at[order]
    edges = 2 * np.searchsorted(np.sort(series), np.arange(len(keys) + 1))
    for metric in range(count):
        rate = numbers(found, f"rate{metric}")
        for key, (first, last) in zip(keys, pairwise(edges.tolist()), strict=True):
            line = _highest(at[first:last], _level(rate, order[first:last]), bins)
            yield from ((key, int(cell), metric, float(line[cell])) for cell in np.flatnonzero(np.isfinite(line)))


def _level(rate: Floats, order: Whole) -> Floats:
    """What is held after each change, in this order: an attempt adds its rate where it begins and takes it away where it
    ends. −inf where none holds anything that is known."""
    attempt, sign = order % len(rate), np.where(order < len(rate), np.int8(1), np.int8(-1))
    change = rate[attempt]
    change *= sign
    is_known = ~np.isnan(change)
    change[~is_known] = 0.0
    level: Floats = np.cumsum(change, out=change)
    level[np.cumsum(is_known * sign, dtype=np.int64) <= 0] = -np.inf
    return level


def _highest(at: Whole, level: Floats, bins: Bins) -> Floats:
    """Per bin the highest level, −inf where nothing is held: that at its left edge, or after a change within it."""
    is_last = np.append(at[1:] != at[:-1], True)  # an end and a beginning at one moment: only what remains is held
    at, level = np.append(-1, at[is_last]), np.concatenate([[-np.inf], level[is_last], [-np.inf]])
    first = np.searchsorted(at, bins.edges_us[:-1], side="right") - 1
    after = np.searchsorted(at, bins.edges_us[1:], side="left")
    highest: Floats = np.maximum.reduceat(level, np.column_stack([first, after]).ravel())[::2]
    return highest
