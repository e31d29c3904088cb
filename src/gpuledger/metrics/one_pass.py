"""Several tables of the same rows in one query: the engine reads the rows once for all of them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import ibis
import numpy as np
import pyarrow as pa

from gpuledger.metrics.events import Whole, whole

if TYPE_CHECKING:
    import ibis.expr.types as ir

TABLE = "one"
"""Which table a row is of."""
_TYPES = {"t": "string", "i": "int64", "f": "float64"}
Slots = dict[str, str]
"""Under which name of the query a table's column travels."""


def in_one_pass(fetch: "Callable[[ir.Table], pa.Table]", tables: "Sequence[ir.Table]") -> Iterator[pa.Table]:
    """The answer of each table, of columns that are texts, whole numbers or doubles."""
    if len(tables) == 1:
        yield fetch(tables[0])
        return
    slots = [_slots(table) for table in tables]
    every = sorted({slot for those in slots for slot in those.values()})
    sides = [_side(number, table, slots[number], every) for number, table in enumerate(tables)]
    found = fetch(ibis.union(*sides))
    number = whole(found[TABLE])
    yield from (_own(found, np.flatnonzero(number == n), those) for n, those in enumerate(slots))


def _slots(table: "ir.Table") -> Slots:
    """Columns of one kind share their places: the first text of every table is t0."""
    used: Counter[str] = Counter()
    slots = {}
    for name, kind in table.schema().items():
        letter = "t" if kind.is_string() else "i" if kind.is_integer() else "f"
        slots[name] = f"{letter}{used[letter]}"
        used[letter] += 1
    return slots


def _side(number: int, table: "ir.Table", slots: Slots, every: Sequence[str]) -> "ir.Table":
    """The table in the columns that all have, null where it has none."""
    names = {slot: name for name, slot in slots.items()}
    columns = {
        slot: (table[names[slot]] if slot in names else ibis.null(_TYPES[slot[0]])).cast(_TYPES[slot[0]])
        for slot in every
    }
    return table.select(ibis.literal(number, type="int64").name(TABLE), **columns)


def _own(found: pa.Table, places: Whole, slots: Slots) -> pa.Table:
    """One table's rows and columns. Places by their bytes: of a list or an array Arrow asks pandas, which takes longer."""
    taken = pa.Array.from_buffers(pa.int64(), len(places), [None, pa.py_buffer(places)])
    return found.select(list(slots.values())).take(taken).rename_columns(list(slots))
