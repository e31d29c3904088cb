"""A ledger for the time of one command: each write is a Parquet file in a folder that goes away, read by DuckDB.

Rows and the rule of merging are those of every store. What Delta Lake is for is missing: durability, other writers,
earlier versions.
"""

# ruff: noqa: S608 - SQL is put together from canonical names and quoted literals only

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import duckdb
import numpy as np
import pyarrow as pa

from gpuledger.model.batch import Batch
from gpuledger.model.errors import DiskFull, StoreError
from gpuledger.model.period import Period
from gpuledger.model.schema import conform
from gpuledger.model.tables import TABLES, Table
from gpuledger.store import Checked, TableInfo, Written
from gpuledger.store._compile import compiled
from gpuledger.store._engine import engine, give_back
from gpuledger.store._merge import changes, numbered, prepared, weights
from gpuledger.store._sql import empty_side, literal, matches, quoted, shown

if TYPE_CHECKING:
    import ibis.expr.types as ir

Cursor = duckdb.DuckDBPyConnection
SETTINGS = {
    "memory_limit": "96MB", "threads": "1", "enable_external_file_cache": "false", "allocator_flush_threshold": "4MB",
}  # fmt: skip
"""A command's own ledger must not take the memory of a node that others work on; what does not fit is spilled."""
NUMBERED = ", filename=true, file_row_number=true"
Chosen = tuple[pa.Table, int, np.ndarray]
"""Rows to write, how many of them are there already, the numbers of the given rows they came from."""


class Passing:
    """A `Store` of one process, in an empty folder. Threads may share it."""

    rows_a_commit: ClassVar[int] = 8_000
    """A write costs little: rows need not wait in memory for more."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._files: dict[str, tuple[str, ...]] = {}
        self._versions: Counter[str] = Counter()
        self._numbers = count()
        self._engine: Cursor | None = None
        self._mutex = threading.RLock()

    def upsert(self, batch: Batch, ingest_id: str) -> Written:
        """Merges rows by the rule of `_merge`. Raises StoreError for a null in the key, DiskFull."""
        return self._write(batch, ingest_id, self._merged)

    def append(self, batch: Batch, ingest_id: str) -> Written:
        """Adds rows of a polled table whose key is not there yet."""
        return self._write(batch, ingest_id, self._unknown)

    def _write(self, batch: Batch, ingest_id: str, choose: Callable[[Cursor, pa.Table, Table], Chosen]) -> Written:
        if not len(batch.rows):
            return Written()
        table, weight = batch.table, weights(batch)
        with self._mutex, self._cursor() as cursor:
            rows = prepared(cursor, conform(batch.rows, table), table, ingest_id)
            new, updates, used = choose(cursor, rows, table)
            if updates:
                self._drop(cursor, table, f"SEMI JOIN rows_in USING ({', '.join(table.key)})", new)
            if len(new):
                self._add(cursor, table, new)
        accepted, added = int(weight[used].sum()), len(new) - updates
        unchanged = int(weight.sum()) - accepted
        return Written(added, updates, len(rows) - len(new), accepted, unchanged, int(len(new) > 0))

    def _merged(self, cursor: Cursor, rows: pa.Table, table: Table) -> Chosen:
        return changes(cursor, rows, self._stored(cursor, rows, table), table)

    def _unknown(self, cursor: Cursor, rows: pa.Table, table: Table) -> Chosen:
        key = ", ".join(table.key)
        cursor.register("rows_in", numbered(rows, table.key))
        found = cursor.sql(
            f"SELECT min(n) AS n FROM rows_in ANTI JOIN ({self._source(table)}) USING ({key}) GROUP BY {key} ORDER BY 1"
        ).to_arrow_table()
        cursor.unregister("rows_in")
        return rows.take(found["n"]), 0, np.asarray(found["n"].to_numpy())

    def _stored(self, cursor: Cursor, rows: pa.Table, table: Table) -> pa.Table:
        """The stored rows of the keys of `rows`; whole rows are read only where there are some."""
        if table.name not in self._files:
            return rows.slice(0, 0)
        key = ", ".join(table.key)
        cursor.register("rows_in", rows.select(list(table.key)))
        known = f"FROM ({self._source(table)}) SEMI JOIN rows_in USING ({key})"
        is_any = cursor.sql(f"SELECT 1 {known} LIMIT 1").fetchall()
        found = conform(cursor.sql(f"SELECT * {known}").to_arrow_table(), table) if is_any else rows.slice(0, 0)
        cursor.unregister("rows_in")
        return found

    def _add(self, cursor: Cursor, table: Table, rows: pa.Table) -> None:
        columns = ", ".join(shown(column.name, column.kind) for column in table.columns)
        cursor.register("rows_in", rows)
        self._keep(cursor, table, f"SELECT {columns} FROM rows_in", self._files.get(table.name, ()))
        cursor.unregister("rows_in")
        self._versions[table.name] += 1

    def _keep(self, cursor: Cursor, table: Table, select: str, others: Sequence[str]) -> None:
        """The rows of a query as one more file beside `others`."""
        path = str(self._folder / f"{table.name}-{next(self._numbers)}.parquet")
        cursor.execute(f"COPY ({select}) TO {literal(path)} (FORMAT parquet)").fetchall()
        self._files[table.name] = (*others, path)

    def _drop(self, cursor: Cursor, table: Table, condition: str, rows: pa.Table | None = None) -> int:
        """Deletes the rows that the condition chooses; only the files that hold one are written anew."""
        if rows is not None:
            cursor.register("rows_in", rows.select(list(table.key)))
        source = self._source(table, NUMBERED)
        gone = f"SELECT filename, file_row_number FROM ({source}) {condition}"
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE gone AS {gone}").fetchall()
        touched = [name for (name,) in cursor.execute("SELECT DISTINCT filename FROM gone").fetchall()]
        (number,) = cursor.execute("SELECT count(*) FROM gone").fetchall()[0]
        if touched:
            others = [name for name in self._files[table.name] if name not in touched]
            rest = f"SELECT * EXCLUDE (filename, file_row_number) FROM {_scan(touched, NUMBERED)} ANTI JOIN gone USING (filename, file_row_number)"
            self._keep(cursor, table, rest, others)
        return int(number)

    def retract(self, table: Table, **equal: str | Sequence[str]) -> int:
        """Deletes the rows whose columns equal these values, or one of several; returns their number."""
        if table.name not in self._files:
            return 0
        with self._mutex, self._cursor() as cursor:
            number = self._drop(cursor, table, f"WHERE {matches(equal)}")
        self._versions[table.name] += number > 0
        return number

    def replace(self, batch: Batch, **equal: str | Sequence[str]) -> None:
        """Puts whole rows in the place of those that `equal` chooses."""
        with self._mutex, self._cursor() as cursor:
            if batch.table.name in self._files:
                self._drop(cursor, batch.table, f"WHERE {matches(equal)}")
            self._add(cursor, batch.table, prepared(cursor, conform(batch.rows, batch.table), batch.table, None))

    def matching(self, table: Table, **equal: str) -> pa.Table:
        """The rows whose columns equal these values."""
        return self._answer(f"SELECT * FROM {quoted(table.name)} WHERE {matches(equal)}", (table,))

    def columns(self, table: Table, names: Sequence[str]) -> pa.Table:
        """These columns of every row."""
        return self._answer(f"SELECT {', '.join(map(quoted, names))} FROM {quoted(table.name)}", (table,))

    def ask(self, expression: "ir.Table", period: Period | None = None) -> pa.Table:
        """Rows of an Ibis expression over canonical tables, instants as naive UTC."""
        return self._answer(*compiled(expression))

    def _answer(self, sql: str, tables: Sequence[Table]) -> pa.Table:
        with self._cursor() as cursor:
            for table in tables:
                view = f"CREATE OR REPLACE TEMP VIEW {quoted(table.name)} AS {self._source(table)}"
                cursor.execute(view).fetchall()
            return cursor.sql(sql).to_arrow_table()

    def _source(self, table: Table, options: str = "") -> str:
        """SELECT of all rows."""
        files = self._files.get(table.name)
        if not files:
            return empty_side(table)
        return f"SELECT * FROM {_scan(files, options)}"

    def info(self) -> tuple[TableInfo, ...]:
        """Size of every table that has been written."""
        return tuple(self._size(table) for table in TABLES if table.name in self._files)

    def _size(self, table: Table) -> TableInfo:
        files, order = self._files[table.name], quoted(table.order)
        ends = self._answer(
            f"SELECT count(*) AS n, min({order}) AS a, max({order}) AS b FROM {quoted(table.name)}", [table]
        )
        (row,) = ends.to_pylist()
        size = sum(Path(file).stat().st_size for file in files)
        return TableInfo(table.name, row["n"], len(files), size, self.version(table), row["a"], row["b"])

    def version(self, table: Table) -> int:
        """Number of writes, -1 while the table has never been written."""
        return self._versions[table.name] or -1

    def check(self, *, repair: bool = False) -> Checked:
        """Nothing can be found: nobody else writes here, and no command finds it again."""
        return Checked()

    def compact(self, now: datetime) -> int:
        """Nothing lasts long enough to need it."""
        return 0

    def vacuum(self, now: datetime) -> int:
        """The folder goes away as a whole."""
        return 0

    def close(self) -> None:
        with self._mutex:
            if self._engine:
                self._engine.close()
            self._engine = None

    @contextmanager
    def _cursor(self) -> Iterator[Cursor]:
        """A cursor of its own for each request, and DuckDB's errors in our words."""
        with self._mutex:
            if self._engine is None:
                self._engine = engine(**SETTINGS, temp_directory=str(self._folder / "spill"))
            cursor = self._engine.cursor()
        try:
            with cursor:
                yield cursor
                give_back(cursor, SETTINGS["memory_limit"])
        except duckdb.Error as error:
            if "No space left" in str(error):
                raise DiskFull(f"The disk of {self._folder} is full; make room, or set TMPDIR to another.") from error
            raise StoreError(f"The command's own ledger failed: {str(error).splitlines()[0]}") from error


def _scan(files: Sequence[str], options: str) -> str:
    return f"read_parquet([{', '.join(map(literal, files))}], hive_partitioning=false{options})"
