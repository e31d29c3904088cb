"""Delimited text as a stream of Arrow tables of text columns; a line of another shape is a problem."""

from bisect import bisect_left
from collections.abc import Iterator
from io import BufferedReader
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv

from gpuledger.model.delimited.bytestream import Clean, Passing, filled, first_line
from gpuledger.model.delimited.layout import BATCH_ROWS, Lines, delimiter_of, distinct, fields_of, gathered
from gpuledger.model.errors import ConfigError, NoData, SourceError
from gpuledger.model.problems import Problem

BLOCK = 2**20
LONGEST_ROW = 2_000


class Text:
    """One delimited file. `names` stand for a header that is not there."""

    def __init__(self, head: bytes, rest: BinaryIO, delimiter: str, quote: str, names: tuple[str, ...]) -> None:
        clean: Any = Clean(head, rest)
        head = filled(clean)
        if not head.strip():
            raise NoData("The input is empty; nothing was read.")
        line = first_line(head, quote)
        self.delimiter = delimiter or delimiter_of(line, quote)
        self._quote, self._head, self._rest = quote, head, clean
        self._header = None if names else line
        self.columns = distinct(names or fields_of(line, self.delimiter, quote))
        if names and len(fields_of(line, self.delimiter, quote)) != len(names):
            raise ConfigError(
                f"`names` tells of {len(names)} columns, the first line has {len(fields_of(line, self.delimiter, quote))}."
            )

    def read(self, wanted: tuple[str, ...], rows: int = BATCH_ROWS) -> Iterator[tuple[pa.Table, Lines] | Problem]:
        """Rows in the file's order, at least so many at once; a line with more or fewer fields is a problem, an empty one
        is nothing."""
        head = self._head
        if self._header is not None:
            head = head[len(self._header.encode()) :].lstrip(b"\r").removeprefix(b"\n")
        stream = Passing(head, self._rest, self._quote)
        refused = _Refused(stream, self._first_row, len(self.columns))
        good = 0
        if head:
            for table, lines in gathered(self._batches(stream, refused, wanted), rows):
                yield from refused.problems()
                good += len(lines)
                yield table, lines
        yield from refused.problems()
        yield from self._lost(stream, good + refused.count)

    @property
    def _first_row(self) -> int:
        return 1 if self._header is None else 2 + self._header.count("\n")

    def _batches(
        self, stream: Passing, refused: "_Refused", wanted: tuple[str, ...]
    ) -> Iterator[tuple[pa.Table, Lines]]:
        parse = arrow_csv.ParseOptions(
            delimiter=self.delimiter, quote_char=self._quote or False, newlines_in_values=bool(self._quote),
            invalid_row_handler=refused,
        )  # fmt: skip
        read = arrow_csv.ReadOptions(column_names=self.columns, block_size=BLOCK, use_threads=False)
        convert = arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(self.columns, pa.binary()), include_columns=wanted, strings_can_be_null=False
        )
        try:
            reader = arrow_csv.open_csv(BufferedReader(stream, BLOCK), read, parse, convert)
            for batch in reader:
                yield _decoded(pa.Table.from_batches([batch])), refused.lines(len(batch))
        except (pa.ArrowInvalid, OSError, EOFError) as error:
            if "Empty CSV" not in str(error):
                raise SourceError(_sentence(error)) from error

    def _lost(self, stream: Passing, read: int) -> Iterator[Problem]:
        """An odd number of quotes and fewer rows than lines: the parser took the rest of the file for one cell."""
        if stream.quote_count % 2 and read < stream.lines:
            line = self._first_row + int(stream.placed(np.array([read + 1]))[0]) - 1
            yield Problem(line, "a quote is opened here or later and never closed; the rest of the file is lost to it")


class _Refused:
    """Rows of another number of fields: what Arrow calls for each, and the line numbers of the others."""

    def __init__(self, stream: Passing, first_row: int, width: int) -> None:
        self._stream, self._next, self._width = stream, 1, width
        self._shift = first_row - 1
        self._numbers: list[int] = []
        self._waiting: list[Problem] = []
        self.count = 0

    def __call__(self, row: Any) -> str:
        self.count += 1
        self._numbers.append(row.number)
        reason = f"the line has {_width(row.actual_columns)}, the header {self._width}"
        line = int(self._stream.placed(np.array([row.number]))[0]) + self._shift
        self._waiting.append(Problem(line, reason, row.text[:LONGEST_ROW]))
        return "skip"

    def problems(self) -> list[Problem]:
        """Those since the last call."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def lines(self, count: int) -> Lines:
        """Numbers of the next `count` good rows."""
        span, inside = count, 0
        while (found := bisect_left(self._numbers, self._next + span)) != inside:
            inside, span = found, count + found
        numbers = np.arange(self._next, self._next + span)
        if inside:
            numbers = np.setdiff1d(numbers, np.array(self._numbers[:inside]), assume_unique=True)
            del self._numbers[:inside]
        self._next += span
        return self._stream.placed(numbers) + self._shift


def _width(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"


def _decoded(table: pa.Table) -> pa.Table:
    """Text columns: the stream is clean."""
    return pa.table({name: table[name].cast(pa.string()) for name in table.column_names})


def _sentence(error: Exception) -> str:
    first = str(error).splitlines()[0].removeprefix("CSV parse error: ").rstrip(".")
    if "straddl" in first:
        return "A row is longer than 1 MiB: is a quote opened and never closed? If quotes mean nothing here, say quote = ''."
    return f"The file cannot be read as delimited text: {first}; check `delimiter` and `quote`."
