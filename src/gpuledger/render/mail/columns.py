"""Which columns of a table fit side by side in 600 pixels, and which of them stay on a phone."""

from collections.abc import Sequence

from gpuledger.model.document import Column, Scalar, Table
from gpuledger.render.format import cell, column_digits, column_finest, unit_beside
from gpuledger.render.html.chart_view import measure
from gpuledger.render.html.table_view import is_numeric

MAIL, PHONE = 558.0, 326.0
"""Pixels inside the sheet's margins."""
_PADDING = {MAIL: 10.0, PHONE: 6.0}
BAR = {MAIL: 96.0, PHONE: 44.0}
_TEXT, _HEAD, _BOLDER = 13.0, 12.0, 1.07
_LONGEST = {MAIL: 190.0, PHONE: 120.0}
"""What a text asks for at most: it wraps."""


def fitting(table: Table, room: float = MAIL) -> tuple[int, ...]:
    """Numbers of the columns that fit in `room`, in their order: the first always, then by rank."""
    widths = [_width(table, index, room) for index in range(len(table.columns))]
    if not widths:
        return ()
    by_rank = sorted(range(1, len(widths)), key=lambda index: (table.columns[index].rank, index))
    kept, used = [0], widths[0]
    for index in by_rank:
        if used + widths[index] <= room:
            kept.append(index)
            used += widths[index]
    return tuple(sorted(kept))


def _width(table: Table, index: int, room: float) -> float:
    column = table.columns[index]
    texts = _texts(column, [row[index] for row in (table.rows or ())], [row[index] for row in _rows(table)])
    head = f"{column.label} {unit_beside(column.label, column.unit)}"
    longest = max((measure(word, _HEAD) for word in head.split()), default=0.0)
    size = _TEXT * _BOLDER if table.totals is not None else _TEXT
    widest = max((measure(text, size) for text in texts), default=0.0)
    if not is_numeric(column):
        widest = min(widest, _LONGEST[room])
    return max(longest, widest) + _PADDING[room] + (BAR[room] if column.has_bar else 0.0)


def _texts(column: Column, rows: Sequence[Scalar], values: Sequence[Scalar]) -> list[str]:
    digits, finest = column_digits(rows, column.format), column_finest(rows, column.format)
    return [cell(value, column.format, "UTC", digits, finest=finest) for value in values]


def _rows(table: Table) -> list[tuple[Scalar, ...]]:
    return [*table.rows, *(row for row in (table.totals, table.others) if row is not None)]
