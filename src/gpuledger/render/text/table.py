"""A table as aligned columns: totals first, others last; what does not fit side by side continues below."""

from collections.abc import Iterator, Sequence

from gpuledger.model.document import Column, Scalar, Table
from gpuledger.render.format import EMPTY, NOT_KNOWN, NULL, cell, column_digits, column_finest, unit_beside, visible
from gpuledger.render.text.words import LONGEST_NAME, WIDTH, cut, heading, pad, width, wrapped


def table_lines(table: Table, zone: str) -> Iterator[str]:
    """The table under its title."""
    yield from heading(table.title, "-")
    yield from wrapped(table.finding)
    if not table.rows:
        yield from wrapped(table.empty)
        return
    rows = [*([table.totals] if table.totals else []), *table.rows, *([table.others] if table.others else [])]
    columns = [
        _column(column, [row[i] for row in rows], [row[i] for row in table.rows], zone)
        for i, column in enumerate(table.columns)
    ]
    for part in _parts(columns):
        yield from _lines(part, columns, has_totals=table.totals is not None)
    yield from wrapped(f"{table.left_out} {table.foot}".strip())


def _column(column: Column, values: Sequence[Scalar], rows: Sequence[Scalar], zone: str) -> list[str]:
    """The column's texts under its head, all of one width."""
    digits, finest = column_digits(rows, column.format), column_finest(rows, column.format)
    null = NOT_KNOWN if column.dimension else NULL
    cells = [cell(value, column.format, zone, digits, finest=finest) for value in values]
    texts = [null if value is None else visible(text) or EMPTY for value, text in zip(values, cells, strict=True)]
    head = visible(f"{column.label} {unit_beside(column.label, column.unit)}".strip())
    is_text = column.format in ("text", "instant", "date")
    texts = [cut(text, LONGEST_NAME if is_text else WIDTH) for text in (head, *texts)]
    widest = max(width(text) for text in texts)
    return [pad(text, widest, right=not is_text) for text in texts]


def _parts(columns: Sequence[Sequence[str]]) -> list[list[int]]:
    """Column numbers that fit side by side; what does not fit continues below under the first column again."""
    parts, used = [[0]], width(columns[0][0])
    for index in range(1, len(columns)):
        need = 2 + width(columns[index][0])
        if used + need > WIDTH and len(parts[-1]) > 1:
            parts.append([0])
            used = width(columns[0][0])
        parts[-1].append(index)
        used += need
    return parts


def _lines(part: Sequence[int], columns: Sequence[Sequence[str]], *, has_totals: bool) -> Iterator[str]:
    if part[1:2] != [1] and len(columns) > 1:
        yield ""
    lines = ["  ".join(texts) for texts in zip(*(columns[i] for i in part), strict=True)]
    rule = "-" * width(lines[0])
    yield lines[0]
    yield rule
    for index, line in enumerate(lines[1:]):
        yield line
        if has_totals and index == 0:
            yield rule
