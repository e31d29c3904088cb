"""An SQLite file from a stream: its tables, their columns and their rows, in the order they were written."""

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from gpuledger.model.errors import SourceError
from gpuledger.sources.job_pressure import SQLITE

NUMBER = "row number"
"""The row's place in its table, beside its columns."""


class Database:
    """Open as long as `until`. Raises SourceError for anything but a sound SQLite file."""

    def __init__(self, raw: BinaryIO, until: ExitStack) -> None:
        spool = until.enter_context(tempfile.NamedTemporaryFile(suffix=".db"))  # noqa: SIM115 - `until` closes it
        shutil.copyfileobj(raw, spool)
        spool.flush()
        spool.seek(0)
        if spool.read(len(SQLITE)) != SQLITE:
            raise SourceError("The file is not SQLite; expected job_pressure_YYYY-MM.db or job_info_YYYY-MM.db.")
        uri = f"{Path(spool.name).absolute().as_uri()}?mode=ro&immutable=1"
        self._connection = until.enter_context(closing(sqlite3.connect(uri, uri=True)))
        self._connection.text_factory = lambda text: text.decode("utf-8", "backslashreplace")

    def columns(self, table: str) -> tuple[str, ...]:
        """'()' when there is no such table."""
        return tuple(row[1] for row in self._asked(f"PRAGMA table_info({table})"))

    def rows(self, table: str, columns: tuple[str, ...]) -> Iterator[Mapping[str, Any]]:
        """Every row as written: `columns` and NUMBER."""
        names = ", ".join(f'"{name}"' for name in columns)
        for number, row in enumerate(self._asked(f"SELECT {names} FROM {table} NOT INDEXED"), 1):  # noqa: S608 - our names
            yield dict(zip(columns, row, strict=True)) | {NUMBER: number}

    def polls(self, table: str) -> list[tuple[Any, int]]:
        """(stamp, number of rows) of each poll, in the order they were written."""
        told = self._asked(f"SELECT timestamp, count(*) FROM {table} GROUP BY timestamp ORDER BY min(rowid)")  # noqa: S608 - our names
        return [(stamp, count) for stamp, count in told]

    def _asked(self, sql: str) -> Iterator[tuple[Any, ...]]:
        with _sound():
            yield from self._connection.execute(sql)


@contextmanager
def _sound() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        what = re.sub(r"\s+", " ", str(error)).strip()[:200]
        raise SourceError(f"The SQLite file is damaged or cut off ({what}); get it again.") from error
