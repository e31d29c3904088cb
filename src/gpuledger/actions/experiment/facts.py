"""GPUs or events of attempts, in the order of the attempts: sums, firsts and lasts by attempt, and lists as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.actions.experiment.cells import cells
from gpuledger.model.job_summary import cell
from gpuledger.model.tables import Table
from gpuledger.store import Store


@dataclass(frozen=True)
class Sorted:
    """Rows as the ledger gave them, and their places in the order of their attempts: only parts are put in order.

    `ranks` say whose the row at each place is.
    """

    rows: pa.Table
    places: pa.Array
    ranks: "np.ndarray[Any, np.dtype[np.int64]]"

    def part(self, begin: int, end: int) -> "Facts":
        """Those of the attempts from `begin` to `end`."""
        first, last = np.searchsorted(self.ranks, [begin, end]).tolist()
        return Facts(
            plain(self.rows, self.places.slice(first, last - first)), self.ranks[first:last] - begin, end - begin
        )


@dataclass(frozen=True)
class Facts:
    """`ranks` says whose each row is: the attempt's place among `count`, in rising order."""

    rows: pa.Table
    ranks: "np.ndarray[Any, np.dtype[np.int64]]"
    count: int

    def first(self, column: str) -> pa.Array:
        """Of each attempt the value of its first row."""
        at = np.searchsorted(self.ranks, np.arange(self.count))
        there = (at < len(self.ranks)) & (
            np.append(self.ranks, -1)[np.minimum(at, len(self.ranks))] == np.arange(self.count)
        )
        return self._taken(column, at, there)

    def last(self, column: str, kind: str) -> pa.Array:
        """Of each attempt the value of its last row of this `event_kind`."""
        places = np.flatnonzero(pc.equal(self.rows["event_kind"], kind).to_numpy(zero_copy_only=False))
        at = np.full(self.count, -1, dtype=np.int64)
        at[self.ranks[places]] = places
        return self._taken(column, at, at >= 0)

    def sum(self, column: str) -> pa.Array:
        """Over the rows of each attempt; null where one is not known, or there is none."""
        values = pc.cast(self.rows[column], pa.float64()).to_numpy(zero_copy_only=False)
        told = np.bincount(self.ranks, weights=values, minlength=self.count)
        none = np.bincount(self.ranks, minlength=self.count) == 0
        return pa.array(told, pa.float64(), mask=none | np.isnan(told))

    def lists(self) -> pa.Array:
        """Of each attempt a JSON list of its rows without what is not known; null where there is none."""
        ends = np.searchsorted(self.ranks, np.arange(self.count + 1))
        lists = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), _objects(self.rows))
        told = pc.binary_join_element_wise("[", pc.binary_join(lists, ","), "]", "")
        return pc.if_else(pa.array(ends[1:] > ends[:-1]), told, None)

    def _taken(self, column: str, at: Any, there: Any) -> pa.Array:
        return pc.take(self.rows[column].combine_chunks(), pa.array(at, pa.int64(), mask=~there))


def of(store: Store, table: Table, columns: Sequence[str], attempts: pa.Array) -> Sorted:
    """The rows of a table that belong to the `attempts` (ids), in their order."""
    rows = store.columns(table, ("attempt_id", *columns))
    ranks = pc.index_in(rows["attempt_id"], attempts)
    keys = pa.table({"rank": ranks, **{name: rows[name] for name in columns[:2]}})
    places = pc.sort_indices(keys, [(name, "ascending") for name in keys.column_names])
    places = places.slice(0, len(rows) - ranks.null_count)  # rows of no attempt stand at the end
    whose = ranks.take(places).to_numpy().astype(np.int64)
    return Sorted(coded(rows.drop_columns(["attempt_id"])), places, whose)


def coded(rows: pa.Table) -> pa.Table:
    """The same rows with each text once: names of hosts, GPUs and DAGs stand in thousands of rows.

    All is copied: as long as one column is held, the engine keeps whatever it answered with it.
    """
    every = pa.array(np.arange(len(rows)))
    columns = {
        name: column.combine_chunks().dictionary_encode() if pa.types.is_string(column.type) else column.take(every)
        for name, column in zip(rows.column_names, rows.columns, strict=True)
    }
    return pa.table(columns)


def plain(rows: pa.Table, places: pa.Array) -> pa.Table:
    """The `coded` rows at some places, as they were."""
    taken = rows.take(places).combine_chunks()
    columns = {
        name: column.combine_chunks().dictionary_decode() if pa.types.is_dictionary(column.type) else column
        for name, column in zip(taken.column_names, taken.columns, strict=True)
    }
    return pa.table(columns)


def _objects(rows: pa.Table) -> pa.Array:
    """Each row as a JSON object, without what is not known."""
    members = [_members(name, rows[name].combine_chunks()) for name in rows.column_names]
    inside = pc.utf8_slice_codeunits(pc.binary_join_element_wise(*members, ""), 1)
    return pc.binary_join_element_wise("{", inside, "}", "")


def _members(name: str, column: pa.Array) -> pa.Array:
    """`,"name":value`, or nothing for null. Equal values are written once; moments as text."""
    if pa.types.is_timestamp(column.type):
        values = pc.if_else(
            pc.is_valid(column), pc.binary_join_element_wise('"', cells(column, "instant"), '"', ""), None
        )
    else:
        coded = column.dictionary_encode()
        values = pa.array([cell(value, "json") for value in coded.dictionary.to_pylist()], pa.string()).take(
            coded.indices
        )
    return pc.fill_null(pc.binary_join_element_wise(f',"{name}":', values, ""), "")
