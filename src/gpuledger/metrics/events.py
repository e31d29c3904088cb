"""What is held over time: changes bucketed in SQL, running sums in numpy; O(attempts + bins), exact at the edges.

An attempt is two events, +rate where it begins and −rate where it ends. SQL adds them up per name and bin; the amount
in a bin is what was held before it × its length, plus each change × what is left of the bin.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.metrics.bins import Bins

if TYPE_CHECKING:
    import ibis.expr.types as ir

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]
Key = tuple[str | None, ...]
POOLED: Key = ("\0",)
"""The key of names that are taken together; nobody has that name."""
NAN = pa.Array.from_buffers(pa.float64(), 1, [None, pa.py_buffer(np.array([np.nan]))])[0]


def changes(
    rows: "ir.Table", keys: "dict[str, ir.Value]", rates: "Sequence[ir.Value]", bins: Bins, *, are_counted: bool = True
) -> "ir.Table":
    """Per name and bin: per rate its change `c0` … and area `a0` … (× µs); `began` and `change` of attempts, if counted.

    An end on an edge belongs to the bin before it.
    """
    named = {f"r{number}": rate.cast("float64") for number, rate in enumerate(rates)}
    rows = rows.select(**keys, since_us=rows.since_us, until_us=rows.until_us, **named)
    begin = _edge(rows, keys, named, 1)
    end = _edge(rows, keys, named, -1)
    events = begin.union(end)
    number, right = bins.place(events.probe_us)
    events = events.mutate(bin=number.cast("int64"), left_us=(right - events.at_us).cast("float64"))
    amounts: dict[str, ir.Value] = {}
    if are_counted:
        amounts = {"began": (events.sign > 0).sum(), "change": events.sign.sum()}
    for rate in named:
        amounts |= {f"c{rate[1:]}": events[rate].sum(), f"a{rate[1:]}": (events[rate] * events.left_us).sum()}
    return events.group_by([*keys, "bin"]).agg(**amounts)


def _edge(rows: "ir.Table", keys: "dict[str, ir.Value]", named: "dict[str, ir.Value]", sign: int) -> "ir.Table":
    at = rows.since_us if sign > 0 else rows.until_us
    probe = at if sign > 0 else ibis.greatest(at - 1, rows.since_us)
    rates = {rate: rows[rate] * sign for rate in named}
    columns = {"at_us": at.cast("int64"), "probe_us": probe.cast("int64"), "sign": ibis.literal(sign, type="int64")}
    return rows.select(*keys, **columns, **rates)


@dataclass(frozen=True)
class Sparse:
    """`changes` in numpy: `keys` are the names; `series` and `bin` say where each value stands."""

    keys: tuple[Key, ...]
    series: Whole
    bin: Whole
    values: Mapping[str, Floats]
    """Not a number where null."""
    bins: Bins

    def dense(self, column: str, first: int = 0, last: int | None = None) -> Floats:
        """[name, bin] of one column for the names from `first` to before `last`, 0 where nothing changed."""
        last = len(self.keys) if last is None else last
        lo, hi = np.searchsorted(self.series, [first, last])
        grid = np.zeros((last - first, len(self.bins)))
        grid[self.series[lo:hi] - first, self.bin[lo:hi]] = np.nan_to_num(self.values[column][lo:hi])
        return grid

    def area_us(self, rate: int, first: int = 0, last: int | None = None) -> Floats:
        """∫ rate dt over each bin, in rate × microseconds."""
        return self.dense(f"a{rate}", first, last) + before(self.dense(f"c{rate}", first, last)) * self.bins.lengths_us

    def active(self, first: int = 0, last: int | None = None) -> Floats:
        """Attempts that held something at some moment of each bin."""
        return before(self.dense("change", first, last)) + self.dense("began", first, last)

    def held_us(self, rate: int) -> Floats:
        """Per name: ∫ rate dt over all bins."""
        left_us = (self.bins.edges_us[-1] - self.bins.edges_us[1:])[self.bin]
        amounts = np.nan_to_num(self.values[f"a{rate}"]) + np.nan_to_num(self.values[f"c{rate}"]) * left_us
        return np.bincount(self.series, amounts, len(self.keys)).astype(np.float64)

    def pooled(self, kept: Sequence[Key]) -> "Sparse":
        """The same with these names as they are and everybody else as one, `POOLED`."""
        places = {key: number for number, key in enumerate(kept)}
        series = np.array([places.get(key, len(kept)) for key in self.keys], dtype=np.int64)[self.series]
        cells, cell = np.unique(series * len(self.bins) + self.bin, return_inverse=True)
        values = {name: summed(column, cell, len(cells)) for name, column in self.values.items()}
        return Sparse((*kept, POOLED), cells // len(self.bins), cells % len(self.bins), values, self.bins)

    def is_known(self, rate: int) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Per name: whether the rate of any of its attempts is known."""
        known = np.zeros(len(self.keys), dtype=bool)
        known[self.series[~np.isnan(self.values[f"c{rate}"])]] = True
        return known


def summed(values: Floats, cell: Whole, count: int) -> Floats:
    """Sums of each cell; not a number where none of its values is."""
    is_known = ~np.isnan(values)
    summed = np.bincount(cell, np.where(is_known, values, 0.0), count).astype(np.float64)
    summed[np.bincount(cell, is_known, count) == 0] = np.nan
    return summed


def before(change: Floats) -> Floats:
    """The running sum before each bin."""
    running: Floats = np.cumsum(change, axis=1) - change
    return running


def sparse(found: pa.Table, width: int, bins: Bins) -> Sparse:
    """The answer of `changes`, name by name; `width` is the number of key columns."""
    keys, series = names_of(found, width)
    order = np.argsort(
        series.astype(np.min_scalar_type(len(keys))), kind="stable"
    )  # few names are counted, not compared
    values = {name: numbers(found, name)[order] for name in found.column_names[width + 1 :]}
    return Sparse(keys, series[order], whole(found["bin"])[order], values, bins)


def numbers(found: pa.Table, name: str) -> Floats:
    """A column as doubles, not a number where it is null. By DLPack: `to_numpy` imports pandas, which takes longer."""
    column = pc.fill_null(found[name].cast(pa.float64()), NAN)
    return np.from_dlpack(column.combine_chunks()).astype(np.float64, copy=False)


def whole(column: pa.ChunkedArray) -> Whole:
    """A column of whole numbers without nulls."""
    return np.from_dlpack(column.cast(pa.int64()).combine_chunks()).astype(np.int64, copy=False)


def names_of(found: pa.Table, width: int) -> tuple[tuple[Key, ...], Whole]:
    """The different keys d0 … of the rows, and which of them each row has."""
    columns = [_coded(found[f"d{number}"]) for number in range(width)]
    if width == 1:
        [(codes, names)] = columns
        return tuple((name,) for name in names), codes
    combined = np.zeros(len(found), dtype=np.int64)
    for codes, names in columns:
        combined = np.unique(combined * len(names) + codes, return_inverse=True)[1]
    _, first, series = np.unique(combined, return_index=True, return_inverse=True)
    keys = tuple(tuple(names[codes[row]] for codes, names in columns) for row in first)
    return keys, series.astype(np.int64)


def _coded(column: pa.ChunkedArray) -> tuple[Whole, list[str | None]]:
    """The different names in the order of their first row, and which of them each row has."""
    coded = column.combine_chunks().dictionary_encode(null_encoding="encode")
    return np.from_dlpack(coded.indices).astype(np.int64), coded.dictionary.to_pylist()
