"""Parquet files and SQLite tables as streams of Arrow tables."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from gpuledger.model.delimited.bytestream import as_text
from gpuledger.model.delimited.layout import BATCH_ROWS, Lines, gathered
from gpuledger.model.errors import ConfigError, SourceError
from gpuledger.model.names import unknown
from gpuledger.model.problems import Problem
from gpuledger.sources.jobs_csv.expressions import quoted


class Parquet:
    """One Parquet file; its columns keep their types."""

    def __init__(self, raw: BinaryIO, until: ExitStack) -> None:
        try:
            self._file = until.enter_context(pq.ParquetFile(_spooled(raw, until)))
        except pa.ArrowInvalid as error:
            raise SourceError(f"The file is not Parquet, or not whole ({str(error).splitlines()[0]}).") from error
        self.schema = self._file.schema_arrow
        self.columns = tuple(self.schema.names)
        self.delimiter = ","

    def read(self, wanted: tuple[str, ...]) -> Iterator[tuple[pa.Table, Lines] | Problem]:
        yield from gathered(self._batches(wanted))

    def _batches(self, wanted: tuple[str, ...]) -> Iterator[tuple[pa.Table, Lines]]:
        first = 1
        for batch in self._file.iter_batches(BATCH_ROWS, columns=list(wanted)):
            yield pa.Table.from_batches([batch]), np.arange(first, first + len(batch))
            first += len(batch)


class Sqlite:
    """One table or view of an SQLite file, every value as text: SQLite does not hold a column to its type."""

    def __init__(self, raw: BinaryIO, table: str, until: ExitStack) -> None:
        self._path = Path(_spooled(raw, until).name)
        with closing(self._connection()) as connection:
            self.table = _table(connection, table)
            told = connection.execute(f"PRAGMA table_info({quoted(self.table)})").fetchall()
        self.columns = tuple(row[1] for row in told)
        self.delimiter = ","

    def read(self, wanted: tuple[str, ...]) -> Iterator[tuple[pa.Table, Lines] | Problem]:
        yield from gathered(self._batches(wanted))

    def _batches(self, wanted: tuple[str, ...]) -> Iterator[tuple[pa.Table, Lines]]:
        select = f"SELECT {', '.join(map(quoted, wanted)) or 'NULL'} FROM {quoted(self.table)}"  # noqa: S608 - quoted names
        first = 1
        with closing(self._connection()) as connection:
            cursor = connection.execute(select)
            while rows := cursor.fetchmany(BATCH_ROWS // 4):
                columns = [pa.array(map(_text, column), pa.string()) for column in zip(*rows, strict=True)]
                yield pa.table(columns[: len(wanted)], names=wanted), np.arange(first, first + len(rows))
                first += len(rows)

    def _connection(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._path.absolute().as_uri()}?mode=ro", uri=True)


def _table(connection: sqlite3.Connection, name: str) -> str:
    try:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
    except sqlite3.DatabaseError as error:
        raise SourceError(f"The SQLite file cannot be read ({error}).") from error
    there = sorted(row[0] for row in found)
    if name in there:
        return name
    if name:
        raise ConfigError(f"table: {unknown('table in the file', name, there)}")
    if len(there) != 1:
        raise ConfigError(f"The file holds {len(there)} tables ({', '.join(there)}); say which: table = ….")
    return str(there[0])


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return as_text(value)
    return None if value is None else str(value)


def _spooled(raw: BinaryIO, until: ExitStack) -> "tempfile._TemporaryFileWrapper[bytes]":
    """A copy on disk of a stream that can be read only once; gone with `until`."""
    spool = until.enter_context(tempfile.NamedTemporaryFile(suffix=".jobs"))  # noqa: SIM115 - `until` closes it
    shutil.copyfileobj(raw, spool)
    spool.flush()
    spool.seek(0)
    return spool
