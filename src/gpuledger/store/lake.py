"""The default ledger: Delta Lake tables under one folder or URL, read by DuckDB. Why: ADR 0001, 0002."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa

from gpuledger.model.batch import Batch
from gpuledger.model.period import Period
from gpuledger.model.schema import conform
from gpuledger.model.tables import TABLES, Table
from gpuledger.store import Checked, TableInfo, Written, _check, _maintain, _write
from gpuledger.store._commit import properties, retried
from gpuledger.store._compile import compiled
from gpuledger.store._edge import edge
from gpuledger.store._engine import engine, give_back
from gpuledger.store._merge import prepared, weights
from gpuledger.store._shelf import Shelf
from gpuledger.store._snapshot import Snapshot, overlapping, show
from gpuledger.store._sql import matches, quoted

if TYPE_CHECKING:
    import ibis.expr.types as ir

Write = Callable[[duckdb.DuckDBPyConnection, Snapshot, pa.Table, np.ndarray, str], Written]


class Lake:
    """A `Store` without a server: several processes may write and read at once. Threads may share one Lake."""

    def __init__(self, root: str | Path, storage_options: dict[str, str] | None = None) -> None:
        self._shelf = Shelf(root, storage_options)
        self._engine: duckdb.DuckDBPyConnection | None = None
        self._mutex = threading.Lock()

    def upsert(self, batch: Batch, ingest_id: str) -> Written:
        """Merges rows by the rule of `_merge`. Raises StoreError for a null in the key, Busy, DiskFull, ReadOnly."""
        return self._write(_write.upsert, batch, ingest_id)

    def append(self, batch: Batch, ingest_id: str) -> Written:
        """Adds rows of a polled table whose key is not there yet."""
        return self._write(_write.append, batch, ingest_id)

    def _write(self, write: Write, batch: Batch, ingest_id: str) -> Written:
        if not len(batch.rows):
            return Written()
        table, place = batch.table, self._shelf.place(batch.table)

        def once() -> Written:
            with self._cursor() as cursor, self._shelf.changing(table) as snapshot:
                return write(cursor, snapshot, rows, weights(batch), ingest_id)

        with edge(place):
            with self._cursor() as cursor:
                rows = prepared(cursor, conform(batch.rows, table), table, ingest_id)
            return retried(once, place)

    def retract(self, table: Table, **equal: str | Sequence[str]) -> int:
        """Deletes the rows whose columns equal these values, or one of several; returns their number."""
        if self._shelf.fresh(table) is None:
            return 0

        def once() -> int:
            with self._shelf.changing(table) as snapshot:
                done = snapshot.delta.delete(matches(equal), commit_properties=properties(_ingest(equal)))
                return int(done["num_deleted_rows"] or 0)

        with edge(self._shelf.place(table)):
            return retried(once, self._shelf.place(table))

    def replace(self, batch: Batch, **equal: str | Sequence[str]) -> None:
        """Puts whole rows in the place of those that `equal` chooses, in one commit."""
        table, place = batch.table, self._shelf.place(batch.table)

        def once() -> None:
            with self._shelf.changing(table) as snapshot:
                _write.replace(snapshot, rows, matches(equal))

        with edge(place):
            with self._cursor() as cursor:
                rows = prepared(cursor, conform(batch.rows, table), table, None)
            retried(once, place)

    def matching(self, table: Table, **equal: str) -> pa.Table:
        """The rows whose columns equal these values."""
        return self._asked(f"SELECT * FROM {quoted(table.name)} WHERE {matches(equal)}", (table,), None)  # noqa: S608

    def columns(self, table: Table, names: Sequence[str]) -> pa.Table:
        """These columns of every row."""
        return self._asked(f"SELECT {', '.join(map(quoted, names))} FROM {quoted(table.name)}", (table,), None)  # noqa: S608

    def ask(self, expression: "ir.Table", period: Period | None = None) -> pa.Table:
        """Rows of an Ibis expression over canonical tables, instants as naive UTC; `period` leaves files out, never rows."""
        return self._asked(*compiled(expression), period)

    def _asked(self, sql: str, tables: tuple[Table, ...], period: Period | None) -> pa.Table:
        with edge(str(self._shelf.url or self._shelf.root)):
            try:
                return self._answer(sql, tables, period)
            except duckdb.IOException as error:
                if not any(sign in str(error) for sign in ("No files found", "No such file")):
                    raise
                # Another process has compacted and vacuumed since: the new version has other files.
                for table in tables:
                    self._shelf.forget(table)
                return self._answer(sql, tables, period)

    def _answer(self, sql: str, tables: tuple[Table, ...], period: Period | None) -> pa.Table:
        with self._cursor() as cursor:
            for table in tables:
                snapshot = self._shelf.fresh(table)
                keep = overlapping(snapshot, period) if snapshot and period and snapshot.folder else None
                show(cursor, snapshot, table, keep)
            return cursor.sql(sql).to_arrow_table()

    def info(self) -> tuple[TableInfo, ...]:
        """Size of every table that has been written."""
        return tuple(_maintain.size(snapshot) for table in TABLES if (snapshot := self._shelf.fresh(table)))

    def version(self, table: Table) -> int:
        """Number of the newest commit, -1 while the table has never been written."""
        snapshot = self._shelf.fresh(table)
        return snapshot.version if snapshot else -1

    def check(self, *, repair: bool = False) -> Checked:
        """Compares logs, files and runs; with `repair` mends what can be and names the ingests to replay."""
        return _check.check(self._shelf, repair=repair)

    def compact(self, now: datetime) -> int:
        """Closed days to one file each, months older than two to few large ones; returns the files taken away."""
        return sum(_maintain.compact(self._shelf, table, now) for table in TABLES)

    def vacuum(self, now: datetime) -> int:
        """Deletes what no version of the last day needs; returns the number of files."""
        return sum(_maintain.vacuum(self._shelf, table, now) for table in TABLES)

    def close(self) -> None:
        with self._mutex:
            if self._engine:
                self._engine.close()
            self._engine = None

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own for each request: DuckDB refuses a second thread on one."""
        with self._mutex:
            if self._engine is None:
                self._engine = engine()
            cursor = self._engine.cursor()
        with cursor:
            yield cursor
            give_back(cursor)


def _ingest(equal: Mapping[str, str | Sequence[str]]) -> str:
    """The ingest whose rows go, '' when it is not by ingest."""
    name = equal.get("ingest_id", "")
    return name if isinstance(name, str) else ""
