"""GPUs or events of attempts, in the order of the attempts: sums, firsts and lasts by attempt, and lists as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.actions.experiment.cells import cells
from gpuledger.actions.experiment.shelf import Laid, lay
from gpuledger.model.job_summary import cell
from gpuledger.model.tables import Table
from gpuledger.store import Store

KEYS_AT_ONCE = 200_000


@dataclass(frozen=True)
class Sorted:
    """Rows laid down in the order of their attempts; `ranks` say whose each is."""

    laid: Laid
    ranks: "np.ndarray[Any, np.dtype[np.int64]]"

    def part(self, number: int, begin: int, end: int) -> "Facts":
        """Those of the attempts from `begin` to `end`."""
        first, last = np.searchsorted(self.ranks, [begin, end]).tolist()
        rows = pa.Table.from_batches([self.laid.part(number)])
        return Facts(rows, self.ranks[first:last] - begin, end - begin)


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


def of(store: Store, table: Table, columns: Sequence[str], attempts: pa.Array, shelf: tuple[BinaryIO, int]) -> Sorted:
    """The rows of a table that belong to the `attempts` (their `keys`), in their order.

    They are laid down in a file, those of so many attempts together.
    """
    rows = store.columns(table, ("cluster", "attempt_id", *columns)).combine_chunks()
    ranks = _whose(rows.select(["cluster", "attempt_id"]), attempts)
    rows = rows.select(columns)
    order = pa.table({"rank": ranks, **{name: rows[name] for name in columns[:2]}})
    places = pc.sort_indices(order, [(name, "ascending") for name in order.column_names])
    places = places.slice(0, len(rows) - ranks.null_count)  # rows of no attempt stand at the end
    whose = ranks.take(places).to_numpy().astype(np.int64)
    file, at_once = shelf
    ends = np.searchsorted(whose, [begin for begin, _ in bounds(len(attempts), at_once)] + [len(attempts)]).tolist()
    parts = (at(rows, places[begin:end]) for begin, end in zip(ends, ends[1:], strict=False))
    return Sorted(lay(file, parts), whose)


def _whose(rows: pa.Table, attempts: pa.Array) -> pa.ChunkedArray:
    """Of each row the place of its attempt among these, null for none; some at a time, for their keys are long."""
    parts = (rows.slice(begin, KEYS_AT_ONCE) for begin in range(0, max(len(rows), 1), KEYS_AT_ONCE))
    return pa.chunked_array([pc.index_in(keys(part), attempts) for part in parts])


def keys(rows: pa.Table) -> pa.Array:
    """What tells an attempt from every other of the ledger: its id and its cluster."""
    joined = pc.binary_join_element_wise(rows["attempt_id"], rows["cluster"], "\n")
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def bounds(count: int, at_once: int) -> Iterator[tuple[int, int]]:
    """Begin and end of each part."""
    return ((begin, min(begin + at_once, count)) for begin in range(0, count, at_once))


def at(rows: pa.Table, places: pa.Array) -> pa.RecordBatch:
    """The rows at some places."""
    taken = rows.take(places).combine_chunks()
    return pa.record_batch([_array(column) for column in taken.columns], schema=taken.schema)


def _array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


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
