"""Can what is on disk be read? The lines of a log file, the bytes of a data file, a table as questions see it."""

import json
from collections.abc import Iterator
from pathlib import Path

import duckdb

from gpuledger.store._snapshot import Snapshot, show
from gpuledger.store._sql import empty_side, quoted

Reader = duckdb.DuckDBPyConnection
"""A DuckDB of one check."""
_ANOTHER = "another program changed the table; take that back, or read the inputs into a new ledger."


def whole_lines(path: Path) -> list[str] | None:
    """The readable lines of a damaged log file, None when it is sound."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    good: list[str] = []
    for line in lines:
        try:
            json.loads(line)
        except ValueError:
            return good
        good.append(line)
    return None if lines else good


def fault(reader: Reader, path: Path, size: int) -> str | None:
    """Why the file's rows are lost: it is not there with the size the log tells, or it cannot be decoded.

    Parquet as the library writes it has no checksums: changed bytes that still decode are not noticed.
    """
    if not path.is_file() or path.stat().st_size != size:
        return "is missing or cut"
    try:
        reader.execute("SELECT bit_xor(hash(f)) FROM read_parquet($1) AS f", [str(path)]).fetchall()
    except duckdb.Error:
        return f"cannot be decoded, its bytes were changed ({path})"
    return None


def strange(reader: Reader, snapshot: Snapshot) -> Iterator[str]:
    """What keeps questions from sound files: the table's view does not open, or shows a column in another type."""
    table = snapshot.table
    try:
        show(reader, snapshot, table, None)
    except duckdb.Error as error:
        yield f"{table.name} cannot be opened ({str(error).splitlines()[0].rstrip('.')}): {_ANOTHER}"
        return
    told, wanted = (_types(reader, sql) for sql in (f"FROM {quoted(table.name)}", empty_side(table)))
    for name, kind in wanted.items():
        if told[name] != kind:
            yield f"Column {name} of {table.name} holds {told[name]} where {kind} belongs: {_ANOTHER}"


def _types(reader: Reader, sql: str) -> dict[str, str]:
    found = reader.sql(sql)
    return dict(zip(found.columns, map(str, found.types), strict=True))
