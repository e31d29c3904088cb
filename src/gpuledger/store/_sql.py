"""Names, texts and empty tables as SQL writes them."""

from collections.abc import Mapping, Sequence
from functools import cache

from gpuledger.model.schema import DUCKDB
from gpuledger.model.tables import Table


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def matches(equal: Mapping[str, str | Sequence[str]]) -> str:
    """The condition that columns equal these values, or one of several."""
    return " AND ".join(_matches(quoted(name), value) for name, value in equal.items())


def _matches(column: str, value: str | Sequence[str]) -> str:
    return (
        f"{column} = {literal(value)}" if isinstance(value, str) else f"{column} IN ({', '.join(map(literal, value))})"
    )


def shown(name: str, kind: str) -> str:
    """A column as we compute with it: instants as naive UTC (zone-aware is 3 to 8 times slower)."""
    return f"make_timestamp(epoch_us({quoted(name)})) AS {quoted(name)}" if kind == "instant" else quoted(name)


@cache
def empty_side(table: Table) -> str:
    """SELECT of no row with every canonical column in its type: what makes an empty or older table readable."""
    columns = ", ".join(f"NULL::{DUCKDB[c.kind]} AS {quoted(c.name)}" for c in table.columns)
    return f"SELECT {columns} WHERE false"
