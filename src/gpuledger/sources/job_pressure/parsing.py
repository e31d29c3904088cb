"""One file: whichever of the known tables it has, in whichever layout."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from gpuledger.model.batch import Batch, Parsed
from gpuledger.model.errors import SourceError
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.schema import arrow_schema
from gpuledger.model.tables import PENDING, SNAPSHOTS
from gpuledger.sources import Context
from gpuledger.sources.job_pressure import TABLES
from gpuledger.sources.job_pressure.database import Database
from gpuledger.sources.job_pressure.polls import Polls, intervals, polls
from gpuledger.sources.job_pressure.rows import (  # fmt: skip
    FIRST,
    JOB,
    LAST,
    NEVER,
    NOT_KEPT,
    POLL,
    READ,
    Interval,
    number,
    pending,
    refused,
    text,
)

if TYPE_CHECKING:
    from gpuledger.sources.job_pressure import JobPressure

NO_CLUSTER = "htcondor"
AT_ONCE = 20_000
Seen = tuple[Mapping[str, Any], Interval | None]


def parse(source: "JobPressure", raw: BinaryIO, context: Context) -> Parsed:
    """See `JobPressure.parse`."""
    with ExitStack() as until:
        database = Database(raw, until)
        there = [table for table in TABLES if database.columns(table)]
        if not there:
            raise SourceError(f"The SQLite file has neither of the tables {' and '.join(TABLES)}.")
        for table in there:
            yield from _Parse(source, database, table, context).all()


class _Parse:
    """What holds for one table of one file."""

    def __init__(self, source: "JobPressure", database: Database, table: str, context: Context) -> None:
        self._source, self._database, self._table = source, database, table
        self._columns = database.columns(table)
        self._read = tuple(name for name in self._columns if name in READ)
        self._zone = context.zone or source.zone
        self._cluster = context.cluster or source.cluster
        if JOB not in self._columns:
            raise SourceError(f"The table {table} lacks {JOB}; its columns are {', '.join(self._columns[:20])}.")

    def all(self) -> Parsed:
        yield from map(Remark, self._remarks())
        if self._table == "job_info":
            yield from self._batches(self._commands())
        elif {FIRST, LAST} <= set(self._columns):
            yield from self._batches(self._intervals())
            yield Remark("This layout tells when jobs waited, not when somebody looked: no poll and no job look alike.")
        elif POLL in self._columns:
            yield from self._polled()
        else:
            raise SourceError(f"The table {self._table} has neither {FIRST} and {LAST} nor {POLL}.")

    def _rows(self) -> Iterator[Mapping[str, Any]]:
        return self._database.rows(self._table, self._read)

    def _commands(self) -> Iterator[Seen | Problem]:
        """What a queue told of a job that had begun: nobody saw it wait."""
        for row in self._rows():
            yield (row, None) if text(row[JOB]) else refused(row, "it names no job")

    def _intervals(self) -> Iterator[Seen | Problem]:
        for row in self._rows():
            first, last = number(row[FIRST]), number(row[LAST])
            if not text(row[JOB]):
                yield refused(row, "it names no job")
            elif first is None or last is None or not 0 < first < NEVER or not 0 < last < NEVER:
                yield refused(row, "its interval is not known")
            elif last < first:
                yield refused(row, "its interval ends before it begins")
            else:
                yield row, Interval(first, last)

    def _polled(self) -> Parsed:
        """A row a poll: intervals as they are over, then the polls themselves."""
        counts = dict(self._database.polls(self._table))
        told = polls(counts, self._zone or "UTC")
        if told.has_local and self._zone is None:
            yield Remark("No zone was given: times without an offset were read as UTC (--zone NAME).")
        yield from self._batches(intervals(self._rows(), told, told.period(self._source.period_seconds)))
        if told.known:
            yield self._snapshots(told, counts)
        yield Remark("This layout has no row for a poll that found no job: such a poll looks like none.")

    def _snapshots(self, told: Polls, counts: Mapping[Any, int]) -> Batch:
        rows = [
            {
                "cluster": self._cluster or NO_CLUSTER, "source": self._source.name,
                "time": datetime.fromtimestamp(moment, UTC), "status": "complete", "row_count": counts[stamp],
                "period_seconds": self._source.period_seconds, "told_tables": [PENDING.name],
            }
            for stamp, moment in told.moments.items() if moment is not None
        ]  # fmt: skip
        return Batch(SNAPSHOTS, pa.Table.from_pylist(rows, _schema(SNAPSHOTS, rows[0])), pa.array([0] * len(rows)))

    def _batches(self, found: Iterator[Seen | Problem]) -> Parsed:
        """Rows of pending, so many at a time; problems at once."""
        while some := list(islice(found, AT_ONCE)):
            yield from (one for one in some if isinstance(one, Problem))
            if seen := [one for one in some if not isinstance(one, Problem)]:
                rows = [{"cluster": self._cluster or NO_CLUSTER, **pending(*one)} for one in seen]
                weights = [interval.rows if interval else 1 for _, interval in seen]
                yield Batch(PENDING, pa.Table.from_pylist(rows, _schema(PENDING, rows[0])), pa.array(weights))

    def _remarks(self) -> Iterator[str]:
        if self._cluster is None:
            yield f"No cluster is named in the file or given: its jobs are kept under {NO_CLUSTER!r} (--cluster NAME)."
        if extra := [name for name in self._columns if name not in (*READ, *NOT_KEPT)]:
            yield f"Columns that are not known here were left out: {', '.join(extra[:10])}."


def _schema(table: Any, row: Mapping[str, Any]) -> pa.Schema:
    """The canonical types of the columns that are told."""
    return pa.schema([field for field in arrow_schema(table) if field.name in row])
