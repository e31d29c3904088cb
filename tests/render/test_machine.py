"""CSV, XLSX, Parquet and JSON: exact values, types kept, nothing that runs."""

import csv
import io
import json
import re
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpuledger.model.document import Column, Document, Table
from gpuledger.render import json as document_json
from gpuledger.render.csv import safe, to_csv
from gpuledger.render.parquet import to_arrow, to_parquet
from gpuledger.render.xlsx import sheet_name, to_xlsx
from tests.render import samples

MIXED = Table(
    "mixed",
    "Mixed",
    (
        Column("name", "Name"),
        Column("day", "Day", "date"),
        Column("at", "At", "instant"),
        Column("n", "N", "count"),
        Column("h", "Hours", "hour"),
    ),
    (("=1+1", date(2026, 3, 29), datetime(2026, 3, 29, 1, tzinfo=UTC), 3, 0.1), (None, None, None, None, None)),
    ("All", None, None, 3, 0.1),
    ("2 others", None, None, 0, 1e-9),
)
DOCUMENTS = [samples.usage(samples.BANNERS), samples.shapes(), samples.hostile(), samples.edges()]


def test_csv_holds_iso_instants_full_precision_and_empty_nulls() -> None:
    assert to_csv(MIXED).decode() == (
        "name,day,at,n,h\r\n'=1+1,2026-03-29,2026-03-29T01:00:00Z,3,0.1\r\n,,,,\r\n2 others,,,0,1e-09\r\n"
    )


@pytest.mark.parametrize("sign", list("=+-@\t\r\n＝＋－＠"))
def test_no_text_of_a_csv_begins_like_a_formula(sign: str) -> None:
    assert safe(f"{sign}cmd") == f"'{sign}cmd"
    assert safe(f"x{sign}") == f"x{sign}"


_WRITTEN_OUT = re.compile(r"(?![\t\n\r])[\x00-\x1f\x7f-\x9f]")


def _written_out(sign: re.Match[str]) -> str:
    return f"\\x{ord(sign[0]):02x}"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_every_name_comes_back_from_a_csv(names: list[str]) -> None:
    table = Table("t", "t", (Column("name", "Name"), Column("n", "N", "count")), tuple((name, 1) for name in names))
    rows = list(csv.reader(io.StringIO(to_csv(table).decode(), newline="")))[1:]
    assert [name for name, _ in rows] == [safe(_WRITTEN_OUT.sub(_written_out, name)) for name in names]


def test_no_control_character_of_a_csv_acts_on_a_terminal() -> None:
    table = Table("t", "t", (Column("name", "Name"),), (("\x1b[31mred\x9b0m\x07",),))
    assert to_csv(table).decode() == "name\r\n\\x1b[31mred\\x9b0m\\x07\r\n"


def test_a_column_of_a_csv_sums_to_the_total_printed_above_it() -> None:
    table = samples.users()
    rows = list(csv.DictReader(io.StringIO(to_csv(table).decode())))
    parts = sum(float(row["gpu_hours"]) for row in rows)
    assert parts == pytest.approx(sum(r[1] for r in table.rows) + table.others[1])  # type: ignore[index,misc,operator]


def test_parquet_has_typed_columns_with_their_meaning() -> None:
    table = pq.read_table(io.BytesIO(to_parquet(MIXED)))
    assert [field.type for field in table.schema] == [
        pa.string(),
        pa.date32(),
        pa.timestamp("us", "UTC"),
        pa.int64(),
        pa.float64(),
    ]
    assert table.column("at")[0].as_py() == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert table.column("name").to_pylist() == ["=1+1", None, "2 others"]
    assert table.schema.field("h").metadata[b"label"] == b"Hours"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_every_table_becomes_arrow_and_csv(document: Document) -> None:
    for table in document.tables:
        assert to_arrow(table).num_rows == len(table.rows) + (table.others is not None)
        assert to_csv(table).count(b"\r\n") >= len(table.rows)


def test_a_workbook_has_a_sheet_a_table_typed_cells_and_no_formula() -> None:
    document = samples.document("x", "=1+1", (samples.Section("s", "s", (MIXED,)),))
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(document)))
    assert book.sheetnames == ["About", "Mixed"]
    rows = list(book["Mixed"].iter_rows(values_only=True))
    assert rows[1][0] == "All"
    assert rows[2] == ("=1+1", datetime(2026, 3, 29), datetime(2026, 3, 29, 1), 3, 0.1)
    assert rows[3] == (None,) * 5
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}.isdisjoint({"f", "e"})


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_a_workbook_of_any_document_opens_without_formula_or_link(document: Document) -> None:
    content = to_xlsx(document)
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert len(book.sheetnames) == 1 + len(document.tables)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheets = b"".join(parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/"))
    assert b"<f>" not in sheets
    assert b"<hyperlink" not in sheets
    assert b'TargetMode="External"' not in sheets


@given(st.lists(st.text(), max_size=8))
def test_sheet_names_are_what_excel_accepts_and_different(titles: list[str]) -> None:
    taken = {"about", "history"}
    names = [sheet_name(title, taken) for title in titles]
    assert len({name.lower() for name in names} | {"about", "history"}) == len(names) + 2
    assert all(1 <= len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)
    assert not any(name.startswith("'") or name.endswith("'") for name in names)


def test_a_sheet_name_is_cut_between_words_and_the_whole_title_is_told_at_its_first_head() -> None:
    titles = ("Kept, lost and undecided GPU-hours", "Busy, unused and unmeasured GPU-hours", "Kept, lost and undecided CPU-hours",
              "\x1b[31mred <b>&")  # fmt: skip
    tables = tuple(replace(MIXED, id=f"t{n}", title=title) for n, title in enumerate(titles))
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx(samples.document("x", "x", (samples.Section("s", "s", tables),)))))
    assert book.sheetnames[1:4] == [
        "Kept, lost and undecided",
        "Busy, unused and unmeasured",
        "Kept, lost and undecided 2",
    ]
    told = [sheet["A1"].comment.text for sheet in book.worksheets[1:]]
    assert told == [*titles[:3], "\\x1b[31mred <b>&"]
    taken: set[str] = set()
    assert sheet_name("a" * 40, taken) == "a" * 31


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_a_document_comes_back_from_its_json(document: Document) -> None:
    assert document_json.from_json(document_json.to_json(document)) == document


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.name)
def test_the_json_of_a_document_fits_its_published_schema(document: Document) -> None:
    schema = json.loads((Path(document_json.__file__).parent / "document.schema.json").read_text())
    assert list(violations(json.loads(document_json.to_json(document)), schema, schema)) == []


def test_the_published_schema_is_the_one_of_the_model() -> None:
    published = (Path(document_json.__file__).parent / "document.schema.json").read_text()
    assert published == document_json.schema_text()


def test_the_schema_check_of_these_tests_finds_faults() -> None:
    schema = document_json.schema()
    content = json.loads(document_json.to_json(samples.shapes()))
    content["sections"][0]["blocks"][0]["shape"]["edges"] = ["x"]
    assert list(violations(content, schema, schema))
    assert list(violations({"name": "x"}, schema, schema))


def violations(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> list[str]:
    """Where `value` breaks the keywords that our schema uses (a small JSON Schema reader)."""
    if "$ref" in schema:
        return violations(value, root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], root)
    if "anyOf" in schema:
        return (
            []
            if any(not violations(value, one, root) for one in schema["anyOf"])
            else [f"no branch fits {value!r:.80}"]
        )
    if "const" in schema and value != schema["const"]:
        return [f"{value!r} is not {schema['const']!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{value!r} is not one of {schema['enum']}"]
    kinds = {
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
        "null": type(None),
        "array": list,
        "object": dict,
    }
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):  # type: ignore[arg-type]
        return [f"{value!r:.80} is no {schema['type']}"]
    if isinstance(value, dict):
        found = [f"{key} is missing" for key in schema.get("required", ()) if key not in value]
        more = schema.get("additionalProperties", {})
        for key, one in value.items():
            part = schema.get("properties", {}).get(key, more)
            found += violations(one, part if isinstance(part, dict) else {}, root)
        return found
    if isinstance(value, list):
        head = schema.get("prefixItems", [])
        return [
            v
            for i, one in enumerate(value)
            for v in violations(one, head[i] if i < len(head) else schema.get("items", {}), root)
        ]
    return []
