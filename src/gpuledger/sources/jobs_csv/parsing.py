"""One input, read by its mapping: from bytes to attempts, problems, remarks and watermarks, in the file's order."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from io import BufferedReader
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.model.batch import Batch, Parsed, Watermark
from gpuledger.model.delimited.bytestream import Passing, opened
from gpuledger.model.delimited.layout import Lines
from gpuledger.model.delimited.text import Text
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.tables import JOB_ATTEMPTS
from gpuledger.sources import Context
from gpuledger.sources.jobs_csv.attempts import Reading, attempts
from gpuledger.sources.jobs_csv.expressions import Cursor, locked
from gpuledger.sources.jobs_csv.identity import Seen
from gpuledger.sources.jobs_csv.layout import Input, kind_of
from gpuledger.sources.jobs_csv.mapping import query
from gpuledger.sources.jobs_csv.values import ID, NUMBER, Query

if TYPE_CHECKING:
    from gpuledger.sources.jobs_csv import JobsCsv

LONGEST_ROW = 2_000


def parse(source: "JobsCsv", raw: BinaryIO, context: Context) -> Parsed:
    """See `JobsCsv.parse`."""
    reading = _reading(source, context)
    with ExitStack() as until:
        given, sample = opened_input(source, raw, until)
        cursor = until.enter_context(closing(locked()))
        asked = query(source, cursor, given.columns, sample)
        one = _Parse(source, asked, cursor, reading, given.delimiter)
        for item in given.read(asked.columns):
            if isinstance(item, Problem):
                yield item
            else:
                yield from one.take(*item)
        yield from one.close()


def opened_input(source: "JobsCsv", raw: BinaryIO, until: ExitStack) -> tuple[Input, pa.Schema | None]:
    """The file, readable as long as `until`, and the types of its columns where they are not all text."""
    head, rest = opened(raw, source.encoding)
    kind = source.format or kind_of(head)
    if kind == "csv":
        return Text(head, rest, source.delimiter, source.quote, source.names), None
    from gpuledger.sources.jobs_csv.tables import Parquet, Sqlite

    whole = BufferedReader(Passing(head, rest))
    if kind == "sqlite":
        return Sqlite(whole, source.table, until), None
    parquet = Parquet(whole, until)
    return parquet, parquet.schema


def _reading(source: "JobsCsv", context: Context) -> Reading:
    told = context.zone or source.zone
    zone = told or "UTC"
    window = source.window
    since, until = window.bounds(zone) if window else (None, None)
    return Reading(
        zone, told is not None, since, until, bool(window and window.has_cut_starts), context.cluster or source.cluster,
        context.reported_by, source.states,
    )  # fmt: skip


class _Parse:
    """What is known while one input is read: equal rows, clusters, what the reader must be told at the end."""

    def __init__(self, source: "JobsCsv", asked: Query, cursor: Cursor, reading: Reading, delimiter: str) -> None:
        self._source, self._asked, self._cursor, self._reading = source, asked, cursor, reading
        self._delimiter = delimiter
        self._seen = Seen()
        self._clusters: set[str] = set()
        self._repeated = self._endless = self._row_count = 0
        self._has_local = False

    def take(self, given: pa.Table, lines: Lines) -> Iterator[Batch | Problem]:
        """The attempts of one part of the file, and its problems."""
        rows = self._asked.rows(self._cursor, given)
        told = attempts(rows, self._ids(rows), self._asked, self._reading)
        for row, reason in told.reasons:
            yield Problem(int(lines[row]), reason, self._as_written(given, row))
        self._row_count += len(given)
        self._has_local |= told.has_local_stamps
        self._clusters |= set(pc.unique(told.rows["cluster"]).to_pylist())
        self._endless += int(
            pc.sum(pc.and_(pc.is_null(told.rows["ended_at"]), pc.is_valid(told.rows["started_at"]))).as_py() or 0
        )
        if len(told.rows):
            yield Batch(JOB_ATTEMPTS, told.rows)

    def _ids(self, rows: pa.Table) -> pa.Array:
        """Equal rows without id are numbered from the second on; equal ids are readings of one attempt."""
        ids = rows[ID].combine_chunks()
        earlier = self._seen.earlier(rows[NUMBER].to_numpy())
        earlier[ids.is_null().to_numpy(zero_copy_only=False)] = 0
        is_again = earlier > 0
        self._repeated += int(is_again.sum())
        if self._source.id_parts or not is_again.any():
            return ids
        numbered = pc.binary_join_element_wise(ids, pa.array(earlier + 1).cast(pa.string()), "#")
        return pc.if_else(pa.array(is_again), numbered, ids)

    def _as_written(self, given: pa.Table, row: int) -> str:
        """The cells that the mapping reads, as they came."""
        cells = (given[name][row].as_py() for name in given.column_names)
        return self._delimiter.join("" if cell is None else str(cell) for cell in cells)[:LONGEST_ROW]

    def close(self) -> Iterator[Remark | Watermark]:
        """What holds for the whole input."""
        yield from (Remark(sentence) for sentence in self._remarks())
        since, until = self._reading.since, self._reading.until
        if until is not None:
            yield from (Watermark(cluster, since, until) for cluster in sorted(self._clusters))

    def _remarks(self) -> Iterator[str]:
        if not self._row_count:
            yield "the file has a header and no rows"
        if self._repeated and self._source.id_parts:
            yield (
                f"rows that repeat the id of an earlier row: {self._repeated:,}; each is taken for another reading of it"
                " (if they are other jobs, name more columns in `id`)"
            )
        elif self._repeated:
            yield (
                f"rows that equal an earlier row of this file: {self._repeated:,}; each is counted as a job of its own"
                " (equal rows of two files count once: keep them in one file, or name an `id`)"
            )
        if words := self._reading.unknown_words:
            listed = ", ".join(f"{word!r} ({count:,})" for word, count in words.most_common(5))
            yield f"states that are not mapped are kept as other: {listed}; add them to `states`"
        if self._has_local and not self._reading.is_zone_told:
            yield "no zone was given for stamps without one: they were read as UTC"
        if self._endless and self._reading.until is None:
            yield f"rows without an end: {self._endless:,}; `window.until` is not told, so they count to what is known of them"
