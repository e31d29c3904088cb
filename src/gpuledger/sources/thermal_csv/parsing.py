"""One file: from bytes to events, problems and remarks, in the file's order."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from gpuledger.model.batch import Batch, Parsed
from gpuledger.model.delimited.bytestream import opened
from gpuledger.model.delimited.layout import Lines
from gpuledger.model.delimited.text import Text
from gpuledger.model.period import tzinfo
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.tables import DEVICE_EVENTS
from gpuledger.sources import Context
from gpuledger.sources.thermal_csv.columns import left_out, required
from gpuledger.sources.thermal_csv.rows import Reading, events

if TYPE_CHECKING:
    from gpuledger.sources.thermal_csv import ThermalCsv

NO_CLUSTER = "thermal"
ROWS_AT_ONCE = 10_000
"""Cells are turned to values here, without a query: more rows at once only take memory."""
LONGEST_ROW = 2_000
MOST_NAMED = 10


def parse(source: "ThermalCsv", raw: BinaryIO, context: Context) -> Parsed:
    """See `ThermalCsv.parse`."""
    head, rest = opened(raw, "utf-8")
    text = Text(head, rest, "", '"', ())
    one = _Parse(source, text, context)
    for item in text.read(text.columns, ROWS_AT_ONCE):
        if isinstance(item, Problem):
            yield item
        else:
            yield from one.take(*item)
    yield from map(Remark, one.remarks())


class _Parse:
    """What is known while one file is read. Raises UsageError for a zone there is not, SourceError as `required` does."""

    def __init__(self, source: "ThermalCsv", text: Text, context: Context) -> None:
        self._text = text
        self._zone, self._cluster = context.zone or source.zone, context.cluster or source.cluster
        tzinfo(self._zone or "UTC")  # a name that is none is the person's mistake
        self._reading = Reading(
            source.name, self._zone or "UTC", source.date_order, self._cluster or NO_CLUSTER, source.site, source.reasons,
            required(text.columns),
        )  # fmt: skip
        self._row_count = self._day_count = 0
        self._has_local = False

    def take(self, given: pa.Table, lines: Lines) -> Iterator[Batch | Problem]:
        """The events of one part of the file, and its problems."""
        told = events(given, self._reading)
        self._row_count += len(given)
        self._day_count += told.day_count
        self._has_local |= told.has_local
        for row, reason in told.faults.items():
            yield Problem(int(lines[row]), reason, self._as_written(given, row))
        if len(told.events):
            yield Batch(DEVICE_EVENTS, told.events)

    def _as_written(self, given: pa.Table, row: int) -> str:
        cells = (given[name][row].as_py() for name in given.column_names)
        return self._text.delimiter.join(cell or "" for cell in cells)[:LONGEST_ROW]

    def remarks(self) -> Iterator[str]:
        """What the reader must know of the whole."""
        columns = self._reading.columns
        if not self._row_count:
            yield "The file has a header and no rows."
        if self._cluster is None and "cluster" not in columns:
            yield f"No cluster is named in the file or given: its hosts are kept under {NO_CLUSTER!r} (--cluster NAME)."
        if self._has_local and self._zone is None:
            yield "No zone was given: times without an offset, and days, were read as UTC (--zone NAME)."
        if self._day_count:
            yield (
                f"Rows that tell a day without a time: {self._day_count:,}; each stands at noon (UTC) of its day, and what"
                " came first within a day is not known."
            )
        if "temperature" not in columns:
            yield "The file tells no temperatures."
        if extra := left_out(self._text.columns, columns):
            yield f"Columns from which nothing is read: {', '.join(extra[:MOST_NAMED])}."
