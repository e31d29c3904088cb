"""One CSV a table: UTF-8, ISO instants in UTC, full precision, null is empty.

The rows and the rest of a ranking, without the totals row: the column then sums to the total. A text that a
spreadsheet would run as a formula gets an apostrophe before it; control characters are written out.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from gpuledger.model.document import Document, Scalar, Table
from gpuledger.render.format import machine
from gpuledger.render.output import Output, file_stem, save

_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_WRITTEN = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n\r"}
"""Control characters: nothing that is shown with `cat` may act on the terminal. Every other letter stays."""


def write(document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
    """Writes `<table id>.csv` for every table of the document."""
    return [
        save(to_csv(table), out, file_stem(table.id), "csv", block=table.id, title=_title(table))
        for table in document.tables
    ]


def _title(table: Table) -> str:
    """The title, and that rows are left out where they are: the file itself holds nothing but rows."""
    return f"{table.title} ({table.left_out.rstrip('.')})" if table.left_out else table.title


def to_csv(table: Table) -> bytes:
    """The table under its columns' keys."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(safe(column.key) for column in table.columns)
    writer.writerows([_field(value) for value in row] for row in machine_rows(table))
    return text.getvalue().encode("utf-8", "backslashreplace")


def machine_rows(table: Table) -> Iterator[tuple[Scalar, ...]]:
    """What adds up: the rows and the rest of a ranking."""
    yield from table.rows
    if table.others is not None:
        yield table.others


def safe(text: str) -> str:
    """`text`, with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(_STARTS_FORMULA) else text


def _field(value: Scalar) -> str:
    return safe(value.translate(_WRITTEN)) if isinstance(value, str) else machine(value)
