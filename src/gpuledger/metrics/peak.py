"""The most that was held at any one moment, exact: every change counts, whatever the bins."""

from collections.abc import Iterable, Iterator, Sequence
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


def steps(question: Question, metrics: Sequence[Metric]) -> "ir.Table":
    """Per name and moment the net change of each metric: d0 …, at_us, change0 …, count0 ….

    `count` counts the attempts whose amount is known; the others are in no peak.
    """
    rows = question.held(metrics)
    keys = question.keys(rows)
    rates = {f"rate{number}": question.rate(metric, rows).cast("float64") for number, metric in enumerate(metrics)}
    rows = rows.select(**keys, since_us=rows.since_us, until_us=rows.until_us, **rates)
    events = ibis.union(_edges(rows, keys, rates, "since_us", 1), _edges(rows, keys, rates, "until_us", -1))
    sums = {name: events[name].sum() for name in events.columns if name.startswith(("change", "count"))}
    return events.group_by([*keys, "at_us"]).agg(**sums)


def _edges(rows: "ir.Table", keys: Iterable[str], rates: Iterable[str], moment: str, sign: int) -> "ir.Table":
    """One end of every attempt as a change."""
    changes = {f"change{n}": rows[rate].fill_null(0.0) * float(sign) for n, rate in enumerate(rates)}
    counts = {f"count{n}": rows[rate].notnull().ifelse(sign, 0).cast("int64") for n, rate in enumerate(rates)}
    return rows.select(*keys, at_us=rows[moment].cast("int64"), **changes, **counts)


def peaks(found: pa.Table, width: int, bins: Bins, count: int) -> Iterator[tuple[Key, int, int, float]]:
    """(name, bin, number of the metric, largest level) where something was held, from the answer of `steps`."""
    keys, series = names_of(found, width)
    at = found["at_us"].to_numpy().astype(np.int64)
    order = np.lexsort((at, series))
    series, at = series[order], at[order]
    for metric in range(count):
        change, known = (found[f"{name}{metric}"].cast(pa.float64()).to_numpy()[order] for name in ("change", "count"))
        for number, (first, last) in enumerate(_spans(series, len(keys))):
            level = np.where(np.cumsum(known[first:last]) > 0, np.cumsum(change[first:last]), -np.inf)
            line = _highest(at[first:last], level, bins)
            cells = np.flatnonzero(np.isfinite(line))
            yield from ((keys[number], int(cell), metric, float(line[cell])) for cell in cells)


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
