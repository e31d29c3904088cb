"""The whole table: rows in, batches of attempts, their GPUs and events, the tries of nodes and remarks out.

Our own table is read by columns, piece by piece; the first piece in doubt and all after it, and the earlier tool's table,
row by row.
"""

import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from gpuledger.model.batch import Batch, Parsed, Watermark
from gpuledger.model.errors import NoData
from gpuledger.model.job_summary import OWN
from gpuledger.model.problems import Problem, Remark
from gpuledger.sources import Context
from gpuledger.sources.job_summary import columns, layout
from gpuledger.sources.job_summary.attempts import Read, read
from gpuledger.sources.job_summary.cells import Cells, Refused
from gpuledger.sources.job_summary.earlier import Doubts, Setting
from gpuledger.sources.job_summary.parts import Part, of_rows
from gpuledger.sources.job_summary.pieces import Pieces
from gpuledger.sources.job_summary.whole import Whole

if TYPE_CHECKING:
    from gpuledger.sources.job_summary import JobSummary

CHUNK = 2_000
AHEAD = 2
"""Pieces that are taken: one is read, by Arrow and without Python's lock, while what the one before told is dealt with."""
LONGEST_ROW = 2_000
LONGEST_CELL = 1 << 28
"""Our lists may be longer than what Python's csv takes for a quote that was never closed."""
NO_CLUSTER = "condor"
"""The access point's name when neither the table nor anybody said one."""
UNCLOSED = "a quote is opened here or later and never closed; lines after it may be lost to it"


def parse(source: "JobSummary", raw: BinaryIO, context: Context) -> Parsed:
    """Each row is counted once: an attempt, or a problem. Cells of an attempt that were left out are problems beside it."""
    before = csv.field_size_limit(LONGEST_CELL)  # of the whole process: others keep theirs
    try:
        yield from _parse(source, Pieces(raw), context)
    finally:
        csv.field_size_limit(before)


def _parse(source: "JobSummary", pieces: Pieces, context: Context) -> Parsed:
    whole, names = Whole(), pieces.header()
    if columns.are_ours(names):
        layout.check(names, context.input_name or "The table")
        pieces.take_line()
        yield from _by_columns(pieces, names, whole, context.reported_by)
        lines = Lines(pieces)
    else:
        lines = Lines(pieces)
        names = [name.strip() for name in next(lines, [])]
        if not names:
            raise NoData(f"{context.input_name or 'The input'} is empty.")
        layout.check(names, context.input_name or "The table")
    zone = context.zone or source.zone
    setting = Setting(context.cluster or source.cluster or NO_CLUSTER, zone or "UTC", source.step_pattern)
    yield from _by_rows(_rows(lines, names, setting, whole.doubts, context.reported_by), whole)
    yield from whole.last_batches()
    yield from _told(names, whole, zone, context.cluster or source.cluster)


def _by_columns(pieces: Pieces, names: list[str], whole: Whole, reported_by: str) -> Iterator[Batch | Problem]:
    """As far as nothing is in doubt; the piece that is, and all after it, stay where they were."""
    for part in _read_ahead(pieces, names, whole, reported_by):
        yield from whole.batches(part)
        yield from (Problem(number, lack, "", 0) for number, lack in part.not_read)
        del part
        pa.default_memory_pool().release_unused()  # else what lies between what is kept stays taken


def _read_ahead(pieces: Pieces, names: Sequence[str], whole: Whole, reported_by: str) -> Iterator[Part]:
    """What the pieces tell, in their order, while the next one is read."""
    waiting: deque[tuple[bytes, Future[Part]]] = deque()
    with ThreadPoolExecutor(1) as reader:
        while True:
            while len(waiting) < AHEAD and (piece := pieces.take()):
                line = pieces.lines - piece.count(b"\n") + 1
                waiting.append((piece, reader.submit(columns.read, piece, names, line, reported_by)))
            if not waiting:
                return
            part = _undoubted(waiting[0][1], whole)
            if part is None:
                return _give_back(pieces, waiting)
            waiting.popleft()
            yield part


def _undoubted(reading: "Future[Part]", whole: Whole) -> Part | None:
    """None where anything of the piece is in doubt, or another attempt has the name of one of its."""
    try:
        part = reading.result()
    except columns.Doubt:
        return None
    return part if whole.has_own_names(part) else None


def _give_back(pieces: Pieces, waiting: "deque[tuple[bytes, Future[Part]]]") -> None:
    while waiting:
        pieces.give_back(waiting.pop()[0])


def _by_rows(items: Iterator[Read | Problem], whole: Whole) -> Iterator[Batch | Problem]:
    waiting: list[Read] = []
    for item in items:
        if isinstance(item, Problem):
            yield item
            continue
        waiting.append(whole.named_apart(item))
        if len(waiting) >= CHUNK:
            yield from whole.batches(of_rows(waiting))
            waiting = []
    if waiting:
        yield from whole.batches(of_rows(waiting))


class Lines:
    """The rows that are left, with the line of the table on which the next one begins."""

    def __init__(self, pieces: Pieces) -> None:
        self._before = pieces.lines + 1
        self._rows = csv.reader(
            io.TextIOWrapper(pieces.rest(), encoding="utf-8-sig", errors="backslashreplace", newline="")
        )

    @property
    def line(self) -> int:
        return self._before + self._rows.line_num

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> list[str]:
        return next(self._rows)


def _rows(
    lines: Lines, names: list[str], setting: Setting, doubts: Doubts, reported_by: str
) -> Iterator[Read | Problem]:
    at = {name: index for index, name in enumerate(names)}
    own = [column for column in OWN if column.column and column.header in at]
    while True:
        line = lines.line
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


def _told(names: list[str], whole: Whole, zone: str | None, cluster: str | None) -> Iterator[Remark | Watermark]:
    """How far our own table reaches, and what its reader must know. The earlier tool's tells no such moment."""
    is_exact = "Observed (UTC)" in names
    if is_exact:
        known = {row["cluster"] for row in whole.logs}
        yield from (Watermark(name, *reach) for name, reach in sorted(whole.reaches.items()) if name not in known)
    elif zone is None:
        yield Remark("No zone was given: times without an offset were read as UTC (--zone NAME, e.g. America/Chicago).")
    if "Access Point" not in names and cluster is None:
        yield Remark(f"The table does not name its access point: jobs are kept under {NO_CLUSTER!r} (--cluster NAME).")
    if parts := layout.missing(names):
        yield Remark(f"The table has no columns for {', '.join(parts)}: not known, never zero.")
    if extra := layout.unknown(names):
        yield Remark(f"{len(extra)} columns are not ours and were left out: {', '.join(extra[:5])}.")
    for what, count in sorted(whole.doubts.counts.items()):
        yield Remark(f"In {count:,} rows {what}.")
    if whole.doubts.words:
        words = ", ".join(repr(word) for word, _ in whole.doubts.words.most_common(5))
        yield Remark(f"Unknown words of Final Status were kept as other: {words}.")
