"""The most that was held at any one moment, exact: every change counts, whatever the bins."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pyarrow as pa

from gpuledger.metrics import Metric
from gpuledger.metrics.bins import Bins
from gpuledger.metrics.events import Floats, Key, Whole, names_of
from gpuledger.metrics.question import Question

if TYPE_CHECKING:
    import ibis.expr.types as ir

ONE = ibis.literal(1, type="int64")


def steps(question: Question, metric: Metric) -> "ir.Table":
    """Per name and moment the net change: d0 …, at_us, change, count. Attempts without the amount are left out."""
    rows = question.held([metric])
    rate = question.rate(metric, rows)
    keys = question.keys(rows)
    rows = rows.select(**keys, since_us=rows.since_us, until_us=rows.until_us, rate=rate.cast("float64"))
    rows = rows.filter(rows.rate.notnull())
    begin = rows.select(*keys, at_us=rows.since_us.cast("int64"), change=rows.rate, sign=ONE)
    end = rows.select(*keys, at_us=rows.until_us.cast("int64"), change=-rows.rate, sign=-ONE)
    events = ibis.union(begin, end)
    return events.group_by([*keys, "at_us"]).agg(change=events.change.sum(), count=events.sign.sum())


def peaks(found: pa.Table, width: int, bins: Bins) -> Iterator[tuple[Key, int, float]]:
    """The largest level of each name within each bin it held something in, from the answer of `steps`."""
    keys, series = names_of(found, width)
    at = found["at_us"].to_numpy().astype(np.int64)
    order = np.lexsort((at, series))
    series, at = series[order], at[order]
    change, count = (found[name].cast(pa.float64()).to_numpy()[order] for name in ("change", "count"))
    for number, (first, last) in enumerate(_spans(series, len(keys))):
        level = np.where(np.cumsum(count[first:last]) > 0, np.cumsum(change[first:last]), -np.inf)
        line = _highest(at[first:last], level, bins)
        yield from ((keys[number], int(cell), float(line[cell])) for cell in np.flatnonzero(np.isfinite(line)))


def _spans(series: Whole, count: int) -> Iterator[tuple[int, int]]:
    edges = np.searchsorted(series, np.arange(count + 1))
    return zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)


def _highest(at: Whole, level: Floats, bins: Bins) -> Floats:
    """Per bin the highest level, −inf where nothing is held: that at its left edge, or after a change within it."""
    starts = bins.edges_us[:-1]
    last = np.searchsorted(at, starts, side="right") - 1
    highest: Floats = np.where(last >= 0, level[np.maximum(last, 0)], -np.inf)
    cell = np.searchsorted(starts, at, side="right") - 1
    is_inside = at < bins.edges_us[-1]
    np.maximum.at(highest, cell[is_inside], level[is_inside])
    return highest
