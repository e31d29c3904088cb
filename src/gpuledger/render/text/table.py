"""A table as aligned columns: totals first, others last; what does not fit side by side continues below."""

from collections.abc import Iterator, Sequence

from gpuledger.model.document import Column, Scalar, Table
from gpuledger.render.format import (
    EMPTY,
    NOT_KNOWN,
    NULL,
    cell,
    column_digits,
    column_finest,
    unit_beside,
    visible,
    written_alike,
)
from gpuledger.render.text.words import Sheet, cut, pad, width

_BETWEEN = 2


def table_lines(table: Table, zone: str, sheet: Sheet) -> Iterator[str]:
    """The table under its title."""
    yield from sheet.heading(table.title, "-")
    yield from sheet.wrapped(table.finding)
    if not table.rows:
        yield from sheet.wrapped(table.empty)
        return
    rows = [*([table.totals] if table.totals else []), *table.rows, *([table.others] if table.others else [])]
    texts = [
        _texts(column, [row[i] for row in rows], written_alike(table, i), zone)
        for i, column in enumerate(table.columns)
    ]
    most = _limit(table.columns, texts, sheet)
    columns = [_filled(column, one, most) for column, one in zip(table.columns, texts, strict=True)]
    for part in _parts(columns, sheet.columns):
        yield from _lines(part, columns, has_totals=table.totals is not None)
    yield from sheet.wrapped(f"{table.left_out} {table.foot}".strip())


def _texts(column: Column, values: Sequence[Scalar], alike: Sequence[Scalar], zone: str) -> list[str]:
    """The column's texts under its head, with the decimals that the amounts `alike` ask for."""
    digits, finest = column_digits(alike, column.format), column_finest(alike, column.format)
    null = NOT_KNOWN if column.dimension else NULL
    cells = [cell(value, column.format, zone, digits, finest=finest) for value in values]
    texts = [null if value is None else visible(text) or EMPTY for value, text in zip(values, cells, strict=True)]
    return [visible(f"{column.label} {unit_beside(column.label, column.unit)}".strip()), *texts]


def _limit(columns: Sequence[Column], texts: Sequence[Sequence[str]], sheet: Sheet) -> int:
    """Where long texts are cut: all that the numbers beside them leave, where the whole table has room side by side."""
    widest = [max(width(text) for text in one) for one in texts]
    long = [most for column, most in zip(columns, widest, strict=True) if _is_text(column) and most > sheet.names]
    free = sheet.columns - sum(widest) - _BETWEEN * (len(widest) - 1) + sum(long)
    return max(sheet.names, free // len(long)) if long else sheet.columns


def _is_text(column: Column) -> bool:
    return column.format in ("text", "instant", "date")


def _filled(column: Column, texts: Sequence[str], most: int) -> list[str]:
    """The texts at one width, names from the left, numbers from the right."""
    is_text = _is_text(column)
    texts = [cut(text, most) for text in texts] if is_text else list(texts)
    widest = max(width(text) for text in texts)
    return [pad(text, widest, right=not is_text) for text in texts]


def _parts(columns: Sequence[Sequence[str]], most: int) -> list[list[int]]:
    """Column numbers that fit side by side; what does not fit continues below under the first column again."""
    parts, used = [[0]], width(columns[0][0])
    for index in range(1, len(columns)):
        need = _BETWEEN + width(columns[index][0])
        if used + need > most and len(parts[-1]) > 1:
            parts.append([0])
            used = width(columns[0][0])
        parts[-1].append(index)
        used += need
    return parts


def _lines(part: Sequence[int], columns: Sequence[Sequence[str]], *, has_totals: bool) -> Iterator[str]:
    if part[1:2] != [1] and len(columns) > 1:
        yield ""
    lines = [(" " * _BETWEEN).join(texts) for texts in zip(*(columns[i] for i in part), strict=True)]
    rule = "-" * width(lines[0])
    yield lines[0]
    yield rule
    for index, line in enumerate(lines[1:]):
        yield line
        if has_totals and index == 0:
            yield rule
