"""Names, texts and empty tables as SQL writes them."""

from functools import cache

from gpuledger.model.schema import DUCKDB
from gpuledger.model.tables import Table


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def shown(name: str, kind: str) -> str:
    """A column as we compute with it: instants as naive UTC (zone-aware is 3 to 8 times slower)."""
    return f"make_timestamp(epoch_us({quoted(name)})) AS {quoted(name)}" if kind == "instant" else quoted(name)


@cache
def empty_side(table: Table) -> str:
    """SELECT of no row with every canonical column in its type: what makes an empty or older table readable."""
    columns = ", ".join(f"NULL::{DUCKDB[c.kind]} AS {quoted(c.name)}" for c in table.columns)
    return f"SELECT {columns} WHERE false"
