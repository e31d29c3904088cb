"""Which columns of a table fit side by side in 600 pixels, and which of them stay on a phone."""

from collections.abc import Sequence
from dataclasses import dataclass

from gpuledger.model.document import Column, Scalar, Table
from gpuledger.render.format import cell, column_digits, column_finest, unit_beside
from gpuledger.render.html.chart_view import measure
from gpuledger.render.html.table_view import is_numeric

_BOLDER = 1.07


@dataclass(frozen=True)
class Room:
    """Pixels inside the sheet's margins, and the type and spaces that mail.css and dark.css set there.

    `longest` is what a text asks for at most: it wraps.
    """

    width: float
    padding: float
    bar: float
    longest: float
    text: float = 13.0
    head: float = 12.0


MAIL = Room(558.0, 10.0, 96.0, 190.0)
PHONE = Room(326.0, 6.0, 44.0, 120.0)
TIGHT = Room(342.0, 3.0, 44.0, 75.0, text=11.0, head=10.5)
"""A phone, for a table whose most important columns need smaller type."""


def phone_room(table: Table) -> Room:
    """The room on a phone: the usual one where every column of rank 1 fits in it."""
    kept = fitting(table, PHONE)
    return PHONE if all(index in kept for index, one in enumerate(table.columns) if one.rank == 1) else TIGHT


def fitting(table: Table, room: Room = MAIL) -> tuple[int, ...]:
    """Numbers of the columns that fit in `room`, in their order: the first always, then by rank.

    Where a column of one rank has no room, none of a later rank takes its place: the choice is the report's, not the data's.
    """
    widths = [_width(table, index, room) for index in range(len(table.columns))]
    if not widths:
        return ()
    by_rank = sorted(range(1, len(widths)), key=lambda index: (table.columns[index].rank, index))
    kept, used, last_rank = [0], widths[0], 3
    for index in by_rank:
        rank = table.columns[index].rank
        if rank <= last_rank and used + widths[index] <= room.width:
            kept.append(index)
            used += widths[index]
        elif rank <= last_rank:
            last_rank = rank
    return tuple(sorted(kept))


def _width(table: Table, index: int, room: Room) -> float:
    column = table.columns[index]
    texts = _texts(column, [row[index] for row in (table.rows or ())], [row[index] for row in _rows(table)])
    head = f"{column.label} {unit_beside(column.label, column.unit)}"
    longest = max((measure(word, room.head) for word in head.split()), default=0.0)
    size = room.text * _BOLDER if table.totals is not None else room.text
    widest = max((measure(text, size) for text in texts), default=0.0)
    if not is_numeric(column):
        widest = min(widest, room.longest)
    return max(longest, widest) + room.padding + (room.bar if column.has_bar else 0.0)


def _texts(column: Column, rows: Sequence[Scalar], values: Sequence[Scalar]) -> list[str]:
    digits, finest = column_digits(rows, column.format), column_finest(rows, column.format)
    return [cell(value, column.format, "UTC", digits, finest=finest) for value in values]


def _rows(table: Table) -> list[tuple[Scalar, ...]]:
    return [*table.rows, *(row for row in (table.totals, table.others) if row is not None)]
