"""The file, whatever holds it: its columns, and its rows in the file's order as Arrow tables."""

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from gpuledger.model.errors import SourceError
from gpuledger.sources.gpu_state import PARQUET, SQLITE

BATCH_ROWS = 131_072
TABLE = "gpu_state"


class Input(Protocol):
    """An opened file. `read` gives the wanted columns in the file's order, text as dictionaries where that is cheap."""

    @property
    def columns(self) -> tuple[str, ...]: ...

    def read(self, wanted: Sequence[str]) -> Iterator[pa.Table]: ...


def opened(raw: BinaryIO, until: ExitStack) -> Input:
    """The input, readable as long as `until`. Raises SourceError for anything else than Parquet or SQLite."""
    spool = until.enter_context(tempfile.NamedTemporaryFile(suffix=".gpu_state"))  # noqa: SIM115 - `until` closes it
    shutil.copyfileobj(raw, spool)
    spool.flush()
    spool.seek(0)
    head = spool.read(len(SQLITE))
    if head.startswith(PARQUET):
        return Parquet(Path(spool.name), until)
    if head == SQLITE:
        return Sqlite(Path(spool.name), until)
    raise SourceError("The file is neither Parquet nor SQLite; expected gpu_state_YYYY-MM.parquet or .db.")


class Parquet:
    """A month as Parquet. Text is read as dictionaries: a fold over numbers costs a tenth of one over text."""

    def __init__(self, path: Path, until: ExitStack) -> None:
        with _whole("Parquet"):
            schema = pq.read_schema(path)
            texts = [field.name for field in schema if _is_text(field.type)]
            self._file = until.enter_context(pq.ParquetFile(path, read_dictionary=texts, memory_map=True))
        self.columns = tuple(schema.names)

    def read(self, wanted: Sequence[str]) -> Iterator[pa.Table]:
        with _whole("Parquet"):
            for batch in self._file.iter_batches(BATCH_ROWS, columns=list(wanted)):
                yield pa.Table.from_batches([batch])


class Sqlite:
    """A month as SQLite, read row by row as it was written, all as text: SQLite does not hold a column to its type."""

    def __init__(self, path: Path, until: ExitStack) -> None:
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        self._connection = until.enter_context(closing(sqlite3.connect(uri, uri=True)))
        with _whole("SQLite"):
            told = self._connection.execute(f"PRAGMA table_info({TABLE})").fetchall()
        if not told:
            raise SourceError(f"The SQLite file holds no table {TABLE}.")
        self.columns = tuple(row[1] for row in told)
        self._connection.text_factory = bytes

    def read(self, wanted: Sequence[str]) -> Iterator[pa.Table]:
        names = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}"' for name in wanted)
        with _whole("SQLite"):
            cursor = self._connection.execute(f"SELECT {names} FROM {TABLE} NOT INDEXED")  # noqa: S608 - quoted names
            while rows := cursor.fetchmany(BATCH_ROWS // 4):
                yield pa.table([_texts(column) for column in zip(*rows, strict=True)], names=list(wanted))


def _texts(column: tuple[object, ...]) -> pa.Array:
    """At once where all is text in UTF-8, as it nearly always is."""
    try:
        return pa.array(column, pa.binary()).cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array(map(_text, column), pa.string())


def _text(value: object) -> str | None:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return None if value is None else str(value)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


@contextmanager
def _whole(kind: str) -> Iterator[None]:
    """What the libraries say of a file that is damaged or cut off, in one sentence."""
    try:
        yield
    except (pa.ArrowException, OSError, sqlite3.DatabaseError, UnicodeDecodeError) as error:
        what = re.sub(r"\s+", " ", str(error)).strip()[:200]
        raise SourceError(f"The {kind} file is damaged or cut off ({what}); get it again.") from error
