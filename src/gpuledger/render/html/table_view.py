"""What the page's template needs of a table: texts, raw values to sort by, bars, colours."""

from collections.abc import Sequence
from dataclasses import dataclass

from gpuledger.model.document import Column, Scalar, Table
from gpuledger.render.format import (
    EMPTY,
    NOT_COLLECTED,
    NOT_KNOWN,
    NULL,
    cell,
    column_digits,
    column_finest,
    is_number,
    machine,
    unit_beside,
    visible,
    written_alike,
)
from gpuledger.render.theme import OTHERS, Colours

NUMERIC = frozenset(
    {"count", "gpu", "hour", "gpu_hour", "ratio", "point", "celsius", "watt", "byte", "gib", "second", "money"}
)
_LONG, _TALL = 12, 50
_LEAST_BAR = 1.0
"""Percent: something is never drawn as nothing."""


@dataclass(frozen=True)
class CellView:
    """One cell. `raw` is the machine's value ("" for null); `bar` a width in percent, None where there is no bar; `paint` is
    the bar's, or the name's swatch.
    """

    text: str
    raw: str
    kind: str
    title: str = ""
    bar: float | None = None
    paint: str = ""
    has_bar: bool = False


@dataclass(frozen=True)
class RowView:
    """A row: totals come first, others last."""

    kind: str
    cells: tuple[CellView, ...]


@dataclass(frozen=True)
class TableView:
    """A table ready to be written; `has_tools` when it is long enough to be searched, `is_tall` when to scroll in it."""

    table: Table
    rows: tuple[RowView, ...]
    kinds: tuple[str, ...]
    units: tuple[str, ...]
    has_tools: bool
    is_tall: bool
    has_null: bool


@dataclass(frozen=True)
class _Style:
    """How one column prints: its decimals or finest unit of time, its largest value (bars), its colours."""

    column: Column
    digits: int | None
    finest: int | None
    most: float


def table_view(table: Table, colours: Colours, zone: str) -> TableView:
    """Texts by the number rules; the decimals of a column are those of its largest row."""
    styles = [_style(table, i) for i in range(len(table.columns))]
    rows = [("row", row) for row in table.rows]
    head = [("total", table.totals)] if table.totals is not None else []
    tail = [("others", table.others)] if table.others is not None else []
    views = tuple(RowView(kind, _cells(row, kind, styles, colours, zone)) for kind, row in (*head, *rows, *tail))
    has_null = any(one.text == NULL and one.raw == "" for view in views for one in view.cells)
    kinds = tuple("num" if is_numeric(column) else "" for column in table.columns)
    units = tuple(unit_beside(column.label, column.unit) for column in table.columns)
    return TableView(table, views, kinds, units, len(table.rows) > _LONG, len(table.rows) > _TALL, has_null)


def is_numeric(column: Column) -> bool:
    """Whether the column is set flush right."""
    return column.format in NUMERIC


def _style(table: Table, index: int) -> _Style:
    column = table.columns[index]
    values, alike = [row[index] for row in table.rows], written_alike(table, index)
    sizes = [float(v) for v in values if is_number(v)]  # type: ignore[arg-type]
    digits, finest = column_digits(alike, column.format), column_finest(alike, column.format)
    return _Style(column, digits, finest, max(sizes, default=0.0))


def _cells(
    row: Sequence[Scalar], kind: str, styles: Sequence[_Style], colours: Colours, zone: str
) -> tuple[CellView, ...]:
    """A row's bars take the colour of its first name; each name has the swatch of its own dimension."""
    names = ((style.column.dimension, value) for value, style in zip(row, styles, strict=True))
    paint = next((_name_paint(d, name, kind, colours) for d, name in names if d), colours.plain)
    return tuple(_cell(value, kind, style, paint, colours, zone) for value, style in zip(row, styles, strict=True))


def _name_paint(dimension: str, name: Scalar, kind: str, colours: Colours) -> str:
    if not colours.has(dimension):
        return colours.plain
    return OTHERS if kind == "others" or name is None else colours.paint(dimension, str(name))


def _cell(value: Scalar, kind: str, style: _Style, paint: str, colours: Colours, zone: str) -> CellView:
    column = style.column
    text, raw = visible(cell(value, column.format, zone, style.digits, finest=style.finest)), visible(machine(value))
    if value is None and column.dimension:
        return CellView(NOT_KNOWN, "", "quiet")
    if value is None:
        return CellView(NULL, "", "null", NOT_COLLECTED, has_bar=column.has_bar)
    if text == "":
        return CellView(EMPTY, "", "quiet")
    quiet = "zero" if value == 0 and is_number(value) else ""
    if column.has_bar:
        return CellView(text, raw, quiet, bar=_bar(value, kind, style), paint=paint, has_bar=True)
    return CellView(text, raw, quiet, paint=_swatch(column, value, kind, colours))


def _swatch(column: Column, value: Scalar, kind: str, colours: Colours) -> str:
    if column.dimension is None or kind == "total" or not colours.has(column.dimension):
        return ""
    return _name_paint(column.dimension, value, kind, colours)


def _bar(value: Scalar, kind: str, style: _Style) -> float | None:
    """Named rows set the scale; the rest, when it is longer, is a number without a bar."""
    if kind == "total" or not is_number(value) or style.most <= 0:
        return None
    width = float(value) / style.most * 100  # type: ignore[arg-type]
    if not 0 <= width <= 100:
        return None
    return max(width, _LEAST_BAR) if width else 0.0
