"""What kind of file is given, and what all kinds have in common once opened."""

from collections.abc import Iterator
from typing import Literal, Protocol

import pyarrow as pa

from gpuledger.model.delimited.layout import Lines
from gpuledger.model.problems import Problem

Kind = Literal["csv", "parquet", "sqlite"]

MAGIC: tuple[tuple[bytes, Kind], ...] = ((b"PAR1", "parquet"), (b"SQLite format 3\0", "sqlite"))


class Input(Protocol):
    """An opened file: its columns, and its rows in the file's order.

    `read` yields the wanted columns with the number of each row in the input (line, or record), and refused rows.
    """

    @property
    def columns(self) -> tuple[str, ...]: ...

    @property
    def delimiter(self) -> str: ...

    def read(self, wanted: tuple[str, ...]) -> "Iterator[tuple[pa.Table, Lines] | Problem]": ...


def kind_of(head: bytes) -> Kind:
    """What the first bytes say."""
    return next((kind for magic, kind in MAGIC if head.startswith(magic)), "csv")
