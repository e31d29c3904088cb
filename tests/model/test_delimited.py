"""Delimited text reads as rows whatever bytes stand in it."""

import io
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpuledger.model.delimited.bytestream import Clean, opened
from gpuledger.model.delimited.text import Text
from gpuledger.model.problems import Problem


def read(content: bytes) -> tuple[tuple[str, ...], list[dict[str, Any]], list[Problem]]:
    """Columns, rows with their lines, and problems."""
    text = Text(*opened(io.BytesIO(content), "utf-8"), "", '"', ())
    items = list(text.read(text.columns))
    parts = [item for item in items if not isinstance(item, Problem)]
    rows = [
        row | {"line": int(line)} for table, lines in parts for row, line in zip(table.to_pylist(), lines, strict=True)
    ]
    return text.columns, rows, [item for item in items if isinstance(item, Problem)]


def test_a_row_of_another_width_with_bytes_that_are_no_text_is_one_problem() -> None:
    """The reader of Arrow gives up the whole file there."""
    _, rows, problems = read(b"a,b\n1,2\n\xce,3,4\n5,6\n")
    assert rows == [{"a": "1", "b": "2", "line": 2}, {"a": "5", "b": "6", "line": 4}]
    assert [(one.line, one.reason, one.row) for one in problems] == [
        (3, "the line has 3 fields, the header 2", "\\xce,3,4")
    ]


def test_a_header_with_bytes_that_are_no_text_loses_no_row() -> None:
    columns, rows, _ = read(b"temp \xb0C,b\n1,2\n3,4\n")
    assert columns == ("temp \\xb0C", "b")
    assert [row["line"] for row in rows] == [2, 3]
    assert rows[0]["temp \\xb0C"] == "1"


class Slow(io.RawIOBase):
    """Gives a few bytes at a time."""

    def __init__(self, content: bytes, step: int) -> None:
        self.content, self.step = content, step

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        given, self.content = self.content[: min(self.step, len(buffer))], self.content[min(self.step, len(buffer)) :]
        buffer[: len(given)] = given
        return len(given)


@given(st.binary(max_size=60), st.integers(0, 60), st.integers(1, 7))
def test_a_clean_stream_is_the_text_whatever_the_pieces(content: bytes, cut: int, step: int) -> None:
    clean = io.BufferedReader(cast(Any, Clean(content[:cut], cast(BinaryIO, Slow(content[cut:], step)))), 16)
    assert clean.read().decode() == content.decode(errors="backslashreplace")


@pytest.mark.parametrize("text", ["ä,€,𝄞\n1,2,3\n", "a,b\r\n1,2\r\n"])
def test_text_stays_as_it_is(text: str) -> None:
    assert io.BufferedReader(cast(Any, Clean(b"", io.BytesIO(text.encode())))).read() == text.encode()
