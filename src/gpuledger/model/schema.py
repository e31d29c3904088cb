"""The canonical tables in the words of Arrow, of SQL and of Ibis."""

from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from gpuledger.model.columns import NEVER, Kind
from gpuledger.model.tables import Table

if TYPE_CHECKING:
    import ibis.expr.types as ir

ARROW: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    "texts": pa.list_(pa.string()),
    "whole": pa.int64(),
    "number": pa.float64(),
    "instant": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "flag": pa.bool_(),
}
DUCKDB: dict[Kind, str] = {
    "text": "VARCHAR",
    "texts": "VARCHAR[]",
    "whole": "BIGINT",
    "number": "DOUBLE",
    "instant": "TIMESTAMP",
    "date": "DATE",
    "flag": "BOOLEAN",
}
POSTGRES: dict[Kind, str] = {
    "text": "text",
    "texts": "text[]",
    "whole": "bigint",
    "number": "double precision",
    "instant": "timestamp",
    "date": "date",
    "flag": "boolean",
}
IBIS: dict[Kind, str] = {
    "text": "string",
    "texts": "array<string>",
    "whole": "int64",
    "number": "float64",
    "instant": "timestamp(6)",
    "date": "date",
    "flag": "boolean",
}
"""Instants are naive UTC wherever we compute: zone-aware arithmetic is 3 to 8 times slower (ADR 0001)."""


@cache
def arrow_schema(table: Table) -> pa.Schema:
    """The table's columns as stored; key columns are not nullable in meaning, all are nullable in type."""
    return pa.schema([pa.field(column.name, ARROW[column.kind]) for column in table.columns])


def conform(rows: pa.Table, table: Table) -> pa.Table:
    """`rows` with exactly the table's columns, in order and type; a column it lacks is null.

    Raises `pyarrow.ArrowInvalid` when a value does not fit the canonical type.
    """
    schema = arrow_schema(table)
    held = set(rows.column_names)
    arrays = [rows[f.name].cast(f.type) if f.name in held else pa.nulls(len(rows), f.type) for f in schema]
    return pa.table(arrays, schema=schema)


def ddl(table: Table, types: dict[Kind, str]) -> str:
    """CREATE TABLE in the dialect of `types`, with the key as PRIMARY KEY."""
    columns = [f'"{c.name}" {types[c.kind]}{" NOT NULL" if c.name in table.key else ""}' for c in table.columns]
    key = ", ".join(f'"{name}"' for name in table.key)
    return f'CREATE TABLE "{table.name}" ({", ".join(columns)}, PRIMARY KEY ({key}))'


@cache
def unbound(table: Table) -> "ir.Table":
    """The table as an unbound Ibis table: what metric expressions are built on."""
    import ibis

    return ibis.table({c.name: IBIS[c.kind] for c in table.columns}, name=table.name)


def describe(table: Table) -> list[dict[str, Any]]:
    """One mapping a column (name, kind, unit, meaning, null, is_key): what the reference page prints."""
    return [
        {
            "name": c.name,
            "kind": c.kind,
            "unit": c.unit,
            "meaning": c.meaning,
            "null": NEVER if c.name in table.key else c.null,
            "is_key": c.name in table.key,
        }
        for c in table.columns
    ]
