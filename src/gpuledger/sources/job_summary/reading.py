"""The whole table: rows in, batches of attempts, their GPUs and events, the tries of nodes and remarks out."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from gpuledger.model.batch import Batch, Parsed, Watermark
from gpuledger.model.errors import NoData
from gpuledger.model.job_summary import OWN
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.schema import ARROW
from gpuledger.model.tables import ATTEMPT_EVENTS, ATTEMPT_GPUS, JOB_ATTEMPTS, SNAPSHOTS, WORKFLOW_NODES, Table
from gpuledger.sources import Context
from gpuledger.sources.job_summary import layout
from gpuledger.sources.job_summary.attempts import Read, numbered, read
from gpuledger.sources.job_summary.cells import Cells, Refused
from gpuledger.sources.job_summary.earlier import Doubts, Setting
from gpuledger.sources.job_summary.tries import Tries

if TYPE_CHECKING:
    from gpuledger.sources.job_summary import JobSummary

CHUNK = 2_000
LONGEST_ROW = 2_000
LONGEST_CELL = 1 << 28
"""Our lists may be longer than what Python's csv takes for a quote that was never closed."""
NO_CLUSTER = "condor"
"""The access point's name when neither the table nor anybody said one."""
UNCLOSED = "a quote is opened here or later and never closed; lines after it may be lost to it"
TABLES = (JOB_ATTEMPTS, ATTEMPT_GPUS, ATTEMPT_EVENTS)


@dataclass
class _Waiting:
    """Rows read but not handed on, by table, and what the whole input told."""

    rows: dict[Table, list[dict[str, Any]]] = field(default_factory=lambda: {table: [] for table in TABLES})
    tries: Tries = field(default_factory=Tries)
    doubts: Doubts = field(default_factory=Doubts)
    reaches: dict[str, tuple[datetime | None, datetime]] = field(default_factory=dict)
    logs: list[Mapping[str, Any]] = field(default_factory=list)
    names: dict[tuple[str, str], int] = field(default_factory=dict)
    """Number of the first attempt under each name."""

    def add(self, found: Read) -> None:
        key = (found.attempt["cluster"], found.attempt["attempt_id"])
        if self.names.setdefault(key, found.sequence) != found.sequence:
            found = numbered(found)
        self.rows[JOB_ATTEMPTS].append(found.attempt)
        self.rows[ATTEMPT_GPUS] += found.gpus
        self.rows[ATTEMPT_EVENTS] += found.events
        self.tries.add(found)
        self.logs += found.logs
        self._reach(found.attempt["cluster"], found.reach[0], found.reach[1] or found.attempt["observed_at"])

    def _reach(self, cluster: str, since: datetime | None, until: datetime | None) -> None:
        if until is None:
            return
        before = self.reaches.get(cluster, (since, until))
        known = [moment for moment in (since, before[0]) if moment is not None]
        self.reaches[cluster] = (min(known, default=None), max(until, before[1]))

    def batches(self) -> Iterator[Batch]:
        for table, rows in self.rows.items():
            if rows:
                yield _batch(table, rows, 1 if table is JOB_ATTEMPTS else 0)
                rows.clear()


def parse(source: "JobSummary", raw: BinaryIO, context: Context) -> Parsed:
    """Each row is counted once: an attempt, or a problem. Cells of an attempt that were left out are problems beside it."""
    before = csv.field_size_limit(LONGEST_CELL)  # of the whole process: others keep theirs
    text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="backslashreplace", newline="")
    try:
        yield from _parse(source, csv.reader(text), context)
    finally:
        csv.field_size_limit(before)
        text.detach()


def _parse(source: "JobSummary", lines: Any, context: Context) -> Parsed:
    names = [name.strip() for name in next(lines, [])]
    if not names:
        raise NoData(f"{context.input_name or 'The input'} is empty.")
    layout.check(names)
    zone = context.zone or source.zone
    setting = Setting(context.cluster or source.cluster or NO_CLUSTER, zone or "UTC", source.step_pattern)
    waiting = _Waiting()
    for item in _rows(lines, names, setting, waiting.doubts, context.reported_by):
        if isinstance(item, Problem):
            yield item
            continue
        waiting.add(item)
        if len(waiting.rows[JOB_ATTEMPTS]) >= CHUNK:
            yield from waiting.batches()
    yield from waiting.batches()
    tries = waiting.tries.rows()
    while some := list(islice(tries, CHUNK)):
        yield _batch(WORKFLOW_NODES, some, 0)
    if waiting.logs:
        yield _batch(SNAPSHOTS, [dict(row) for row in waiting.logs], 0)
    yield from _told(names, waiting, zone, context.cluster or source.cluster)


def _rows(lines: Any, names: list[str], setting: Setting, doubts: Doubts, reported_by: str) -> Iterator[Read | Problem]:
    at = {name: index for index, name in enumerate(names)}
    own = [column for column in OWN if column.column and column.header in at]
    while True:
        line = lines.line_num + 1
        try:
            row = next(lines, None)
        except csv.Error:
            yield Problem(line, UNCLOSED)
            continue
        if row is None:
            return
        if row:
            cells = Cells(at, row)
            found = _row(row, line, cells, own, (setting, doubts, reported_by))
            yield found
            if isinstance(found, Read):
                faults = (f"{header} {why}; the cell was left out" for header, why in cells.faults.items())
                yield from (Problem(line, fault, _text(row), 0) for fault in faults)
                yield from (Problem(line, lack, "", 0) for lack in found.not_read)


def _row(row: list[str], line: int, cells: Cells, own: Any, manner: tuple[Setting, Doubts, str]) -> Read | Problem:
    width = len(cells.at)
    if len(row) != width:
        is_open = any("\n" in cell for cell in row)
        reason = UNCLOSED if is_open else f"the line has {len(row)} fields, the header {width}"
        return Problem(line, reason, _text(row))
    try:
        return read(cells, own, *manner)
    except Refused as refused:
        return Problem(line, str(refused), _text(row))


def _text(row: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(row)
    return text.getvalue()[:LONGEST_ROW]


def _batch(table: Table, rows: list[dict[str, Any]], weight: int) -> Batch:
    names = dict.fromkeys(chain.from_iterable(rows))
    kinds: Mapping[str, pa.DataType] = {column.name: ARROW[column.kind] for column in table.columns}
    columns = {name: pa.array([row.get(name) for row in rows], kinds[name]) for name in names}
    return Batch(table, pa.table(columns), pa.array([weight] * len(rows), pa.int64()))


def _told(names: list[str], waiting: _Waiting, zone: str | None, cluster: str | None) -> Iterator[Remark | Watermark]:
    """How far our own table reaches, and what its reader must know. The earlier tool's tells no such moment."""
    is_exact = "Observed (UTC)" in names
    if is_exact:
        known = {row["cluster"] for row in waiting.logs}
        yield from (Watermark(name, *reach) for name, reach in sorted(waiting.reaches.items()) if name not in known)
    elif zone is None:
        yield Remark("No zone was given: times without an offset were read as UTC (--zone NAME, e.g. America/Chicago).")
    if "Access Point" not in names and cluster is None:
        yield Remark(f"The table does not name its access point: jobs are kept under {NO_CLUSTER!r} (--cluster NAME).")
    if parts := layout.missing(names):
        yield Remark(f"The table has no columns for {', '.join(parts)}: not known, never zero.")
    if extra := layout.unknown(names):
        yield Remark(f"{len(extra)} columns are not ours and were left out: {', '.join(extra[:5])}.")
    for what, count in sorted(waiting.doubts.counts.items()):
        yield Remark(f"In {count:,} rows {what}; it was left out.")
    if waiting.doubts.words:
        words = ", ".join(repr(word) for word, _ in waiting.doubts.words.most_common(5))
        yield Remark(f"Unknown words of Final Status were kept as other: {words}.")
