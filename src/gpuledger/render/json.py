"""The Document as JSON and back. Its schema is published beside this module as document.schema.json."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from gpuledger.model.chart import Axis, Chart
from gpuledger.model.document import Block, Document, Format, Number, Numbers, Scalar, Table
from gpuledger.render.output import Output, file_stem, save

SCHEMA_ID = "https://gpuledger.example/document.schema.json"


def write(document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
    """Writes `<document name>.json`."""
    return [save(to_json(document), out, file_stem(document.name), "json", block=None, title=document.title)]


def to_json(document: Document) -> bytes:
    """Every field; instants as ISO text in UTC; a number that is not finite is null. "<" is written as an escape."""
    content: bytes = _adapter().dump_json(document)
    return content.replace(b"<", b"\\u003c")


def from_json(content: bytes | str) -> Document:
    """The Document that `to_json` wrote. Raises ValueError (pydantic's) for anything else.

    Instants and dates come back by their context: a time axis, a column's or number's format. A parameter that was
    an instant stays text.
    """
    document: Document = _adapter().validate_json(content)
    sections = tuple(
        replace(section, blocks=tuple(_timed(block) for block in section.blocks)) for section in document.sections
    )
    return replace(document, sections=sections)


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a Document."""
    described = _adapter().json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID, **described}


def schema_text() -> str:
    """The published file's content."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Document)


def _timed(block: Block) -> Block:
    match block:
        case Chart():
            return replace(block, x=_axis(block.x), y=_axis(block.y))
        case Numbers():
            return replace(block, items=tuple(_number(item) for item in block.items))
        case Table():
            formats = [column.format for column in block.columns]
            return replace(
                block,
                rows=tuple(_row(row, formats) for row in block.rows),
                totals=_row(block.totals, formats) if block.totals is not None else None,
                others=_row(block.others, formats) if block.others is not None else None,
            )
        case _:
            return block


def _axis(axis: Axis) -> Axis:
    if axis.kind != "time":
        return axis
    return replace(axis, values=tuple(datetime.fromisoformat(v) if isinstance(v, str) else v for v in axis.values))


def _number(item: Number) -> Number:
    return replace(item, value=_scalar(item.value, item.format))


def _row(row: Sequence[Scalar], formats: Sequence[Format]) -> tuple[Scalar, ...]:
    return tuple(_scalar(value, one) for value, one in zip(row, formats, strict=True))


def _scalar(value: Scalar, printed: Format) -> Scalar:
    if isinstance(value, str) and printed == "instant":
        return datetime.fromisoformat(value)
    if isinstance(value, str) and printed == "date":
        return date.fromisoformat(value)
    return value
