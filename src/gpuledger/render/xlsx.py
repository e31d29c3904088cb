"""One workbook: what it is about, then a sheet a table. Cells are typed; text is never a formula or a link."""

import io
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from gpuledger.model.document import Column, Document, Scalar, Table
from gpuledger.render.format import span, unit_beside, visible
from gpuledger.render.output import Output, file_stem, save

_LONGEST_TEXT, _LONGEST_NAME = 32_767, 31
_FORMATS = {
    "count": "#,##0", "gpu": "#,##0.0", "hour": "#,##0.00", "gpu_hour": "#,##0.00", "ratio": "0.0%", "point": "0.0%",
    "gib": "#,##0.00", "money": "#,##0.00", "instant": "yyyy-mm-dd hh:mm:ss", "date": "yyyy-mm-dd",
}  # fmt: skip
_PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}


def write(document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
    """Writes `<document name>.xlsx`."""
    return [save(to_xlsx(document), out, file_stem(document.name), "xlsx", block=None, title=document.title)]


def to_xlsx(document: Document) -> bytes:
    """The workbook's bytes, the same for the same document."""
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, _PLAIN) as book:
        book.set_properties(
            {"title": _text(document.title), "created": document.generated_at.astimezone(UTC).replace(tzinfo=None)}
        )
        _about(book, document)
        names = {"about", "history"}
        for table in document.tables:
            _sheet(book, table, sheet_name(table.title, names))
    return buffer.getvalue()


def sheet_name(title: str, taken: set[str]) -> str:
    """A name that Excel accepts, made of `title` and in no sheet of `taken`, to which it is added.

    At most 31 characters, cut between words; the whole title is the comment of the sheet's first head.
    """
    plain = re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", title).strip("' ")
    name, count = _cut(plain, _LONGEST_NAME), 1
    while name.lower() in taken:
        count += 1
        name = f"{_cut(plain, _LONGEST_NAME - len(str(count)) - 1)} {count}"
    taken.add(name.lower())
    return name


def _cut(name: str, most: int) -> str:
    """`name` up to its last whole word within `most` letters; a single longer word is cut within."""
    if len(name) > most:
        words = name[: most + 1].rpartition(" ")[0].strip()
        name = words if words else name[:most]
    return name.strip("' ,;") or "Table"


def _about(book: Any, document: Document) -> None:
    sheet = book.add_worksheet("About")
    told = (
        ("Report", document.title),
        ("Period", span(document.period, document.display_zone)),
        *[("Made", document.generated_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"))] * (not document.is_undated),
        ("Coverage", document.coverage.sentence),
        ("Finding", document.finding),
        *((note.level, f"{note.sentence} {note.evidence}".strip()) for note in document.banners),
        ("Times", "UTC"),
    )
    sheet.set_column(0, 0, 12)
    for row, (name, text) in enumerate(told):
        sheet.write_string(row, 0, name)
        sheet.write_string(row, 1, _text(text))


def _sheet(book: Any, table: Table, name: str) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"bold": True, "bottom": 1})
    rows = [*([table.totals] if table.totals else []), *table.rows, *([table.others] if table.others else [])]
    for index, column in enumerate(table.columns):
        sheet.write_string(0, index, _text(_head(column)), bold)
        shown = {"num_format": _FORMATS[column.format]} if column.format in _FORMATS else {}
        plain, strong = book.add_format(shown), book.add_format(shown | {"bold": True, "bg_color": "#EDEFF3"})
        sheet.set_column(index, index, max(12, min(40, len(column.label) + 4)))
        for number, row in enumerate(rows, start=1):
            _cell(sheet, (number, index), row[index], strong if table.totals and number == 1 else plain)
    sheet.write_comment(0, 0, visible(table.title)[:_LONGEST_TEXT], {"author": "", "x_scale": 2, "y_scale": 0.5})
    sheet.freeze_panes(1, 1)


def _head(column: Column) -> str:
    unit = {"second": "s", "byte": "B", "instant": "UTC"}.get(column.format, "")
    beside = unit_beside(column.label, column.unit or unit)
    return f"{column.label} ({beside})" if beside else column.label


def _cell(sheet: Any, place: tuple[int, int], value: Scalar, style: Any) -> None:
    match value:
        case None:
            sheet.write_blank(*place, None, style)
        case bool():
            sheet.write_boolean(*place, value, style)
        case datetime():
            sheet.write_datetime(*place, value.astimezone(UTC).replace(tzinfo=None), style)
        case date():
            sheet.write_datetime(*place, value, style)
        case str():
            sheet.write_string(*place, _text(value), style)
        case _ if abs(value) < float("inf"):
            sheet.write_number(*place, value, style)
        case _:
            sheet.write_blank(*place, None, style)


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()[:_LONGEST_TEXT]
