"""What is printed on stdout: a table for people, plain lines in a pipe, or data."""

import csv
import io
import json
import math
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gpuledger.cli.messages import escaped
from gpuledger.cli.options import FormOptions
from gpuledger.model.errors import LedgerError

if TYPE_CHECKING:
    from gpuledger.model.document import Format

Row = Mapping[str, Any]


def print_rows(rows: Sequence[Row], columns: Mapping[str, "Format"], form: FormOptions, zone: str = "UTC") -> None:
    """Rows in the form that was asked for. `columns` names what is shown, in order, each with its format."""
    if form.parquet:
        _write_parquet(rows, list(columns), form.parquet)
    if form.is_json:
        print_json([{name: row.get(name) for name in columns} for row in rows])
    elif form.is_csv:
        _print_csv(rows, list(columns))
    elif form.parquet is None:
        _print_table(rows, columns, zone)


def print_json(value: Any) -> None:
    """JSON with instants in ISO 8601 and null for what is not known (NaN included)."""
    print(json.dumps(_plain(value), indent=1, ensure_ascii=sys.stdout.isatty()))


def print_text(text: str) -> None:
    """Text with lines; nothing of it can command the terminal."""
    print(escaped(text))


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case float():
            return value if math.isfinite(value) else None
        case None | bool() | int() | str():
            return value
        case datetime():
            return value.isoformat()
        case _:
            return str(value)


def _print_csv(rows: Sequence[Row], names: Sequence[str]) -> None:
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([_csv_cell(row.get(name)) for name in names] for row in rows)
    text = lines.getvalue()
    sys.stdout.write(escaped(text) if sys.stdout.isatty() else text)


def _csv_cell(value: Any) -> str:
    """As in a report's CSV: what a spreadsheet would run as a formula gets an apostrophe, null is empty."""
    from gpuledger.render.csv import safe
    from gpuledger.render.format import machine

    return safe(value) if isinstance(value, str) else machine(value)


def _write_parquet(rows: Sequence[Row], names: Sequence[str], file: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: [row.get(name) for row in rows] for name in names})
    try:
        pq.write_table(table, sys.stdout.buffer if str(file) == "-" else file)
    except OSError as error:
        raise LedgerError(f"{file} cannot be written: {error.strerror or error}.") from error


def _print_table(rows: Sequence[Row], columns: Mapping[str, "Format"], zone: str) -> None:
    from gpuledger.render.format import cell, column_digits

    digits = {name: column_digits([row.get(name) for row in rows], unit) for name, unit in columns.items()}
    cells = [[escaped(cell(row.get(name), unit, zone, digits[name])) for name, unit in columns.items()] for row in rows]
    is_right = [unit not in ("text", "instant", "date") for unit in columns.values()]
    (_print_rich if sys.stdout.isatty() else _print_plain)(list(columns), cells, is_right)


def _print_plain(heads: Sequence[str], cells: Sequence[Sequence[str]], is_right: Sequence[bool]) -> None:
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    for line in (heads, *cells):
        padded = [
            text.rjust(w) if right else text.ljust(w) for text, w, right in zip(line, widths, is_right, strict=True)
        ]
        print("  ".join(padded).rstrip())


def _print_rich(heads: Sequence[str], cells: Sequence[Sequence[str]], is_right: Sequence[bool]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for head, right in zip(heads, is_right, strict=True):
        table.add_column(head, justify="right" if right else "left", overflow="fold")
    for line in cells:
        table.add_row(*(Text(text) for text in line))
    Console().print(table)
