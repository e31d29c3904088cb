"""One Parquet file a table: typed columns, each with its label, unit and meaning as metadata."""

import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from gpuledger.model.document import Column, Document, Scalar, Table
from gpuledger.render.csv import machine_rows
from gpuledger.render.format import machine
from gpuledger.render.output import Output, file_stem, save


def write(document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
    """Writes `<table id>.parquet` for every table of the document."""
    return [
        save(to_parquet(table), out, file_stem(table.id), "parquet", block=table.id, title=table.title)
        for table in document.tables
    ]


def to_parquet(table: Table) -> bytes:
    """The rows and the rest of a ranking, without the totals."""
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(to_arrow(table), buffer, compression="zstd")
    return buffer.getvalue()


def to_arrow(table: Table) -> Any:
    """The table as Arrow: text, instants (UTC, microseconds), dates, whole numbers where all are whole, else floats."""
    import pyarrow as pa

    rows = list(machine_rows(table))
    arrays, fields = [], []
    for index, column in enumerate(table.columns):
        values = [row[index] for row in rows]
        kind = _type(column, values)
        arrays.append(pa.array([_value(value, kind) for value in values], kind))
        told = {"label": column.label, "unit": column.unit or column.format, "meaning": column.meaning}
        fields.append(pa.field(column.key, kind, metadata=told))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata={"title": table.title}))


def _type(column: Column, values: Sequence[Scalar]) -> Any:
    import pyarrow as pa

    known = [value for value in values if value is not None]
    if column.format == "instant":
        return pa.timestamp("us", "UTC")
    if column.format == "date":
        return pa.date32()
    if known and all(isinstance(value, bool) for value in known):
        return pa.bool_()
    if column.format == "text" or any(isinstance(value, str | datetime) for value in known):
        return pa.string()
    if known and all(isinstance(value, int) and -(2**63) <= value < 2**63 for value in known):
        return pa.int64()
    return pa.float64()


def _value(value: Scalar, kind: Any) -> Scalar:
    import pyarrow as pa

    if value is None:
        return None
    if pa.types.is_string(kind):
        return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else machine(value)
    return float(value) if pa.types.is_float64(kind) else value  # type: ignore[arg-type]
