"""The CSV of an experiment's attempts: whole and under its name, or not there at all."""

import os
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.actions._garbage import seldom_collected
from gpuledger.actions.experiment.asked import Attempts, Part, Row
from gpuledger.actions.experiment.cells import cells, line_parts
from gpuledger.actions.experiment.earlier import earlier_columns
from gpuledger.actions.experiment.told import logs, not_read
from gpuledger.model import job_summary
from gpuledger.model.errors import LedgerError, NoData
from gpuledger.model.job_summary import EARLIER, OWN
from gpuledger.store import Store

OnFirst = Mapping[str, list[Row]]
"""Lists by header that stand on the first row: they are of the whole table."""
AT_ONCE = 2
"""Parts that are written by a thread each."""
HEADERS = tuple(column.header for column in (*EARLIER, *OWN))


class Written(NamedTuple):
    """How many attempts are in the table; of how many of them nothing says which DAG's they are."""

    attempts: int
    ownerless: int


@seldom_collected()
def write_csv(store: Store, out: Path, zone: ZoneInfo, *, is_executed_only: bool = False) -> Written:
    """Writes every attempt of the ledger as a row. `zone` is that of the earlier local stamps.

    Raises NoData where there is no attempt (no file is made), LedgerError where the file cannot be written.
    """
    if out.is_symlink() or (out.exists() and not out.is_file()):
        raise LedgerError(f"{out} is no plain file and would be replaced by one; name a file.")
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        with _in_order(store, is_executed_only=is_executed_only) as attempts:
            on_first = {job_summary.LOGS: logs(store), job_summary.NOT_READ: not_read(store)}
            with draft.open("wb") as table:
                _write(table, attempts, zone, on_first)
            draft.replace(out)
    except OSError as error:
        raise LedgerError(f"{out} cannot be written: {error.strerror or error}.") from error
    finally:
        draft.unlink(missing_ok=True)
    return Written(len(attempts), attempts.ownerless_count)


@contextmanager
def _in_order(store: Store, *, is_executed_only: bool) -> Iterator[Attempts]:
    """Raises NoData where there is none, LedgerError where there is no room to put them in order."""
    with ExitStack() as opened:
        try:
            shelf = opened.enter_context(tempfile.TemporaryFile())
            attempts = Attempts(store, shelf, is_executed_only=is_executed_only)
        except OSError as error:
            raise LedgerError(
                f"No temporary file can be written to {tempfile.gettempdir()}: {error.strerror or error};"
                " make room, or set TMPDIR to another folder."
            ) from error
        if not len(attempts):
            raise NoData("The files tell of no attempt" + (" that executed." if is_executed_only else "."))
        yield attempts


def _write(table: BinaryIO, attempts: Attempts, zone: ZoneInfo, on_first: OnFirst) -> None:
    """Some parts at once: most of it is Arrow's work, for which Python waits on no other thread."""
    table.write((",".join(HEADERS) + "\n").encode())
    with ThreadPoolExecutor(AT_ONCE) as threads:
        begun: deque[Future[pa.Buffer]] = deque()
        for part in attempts.parts():
            begun.append(threads.submit(_lines, part, zone, on_first))
            on_first = {}
            if len(begun) > AT_ONCE:
                _put(table, begun.popleft().result())
        for lines in begun:
            _put(table, lines.result())


def _lines(part: Part, zone: ZoneInfo, on_first: OnFirst) -> pa.Buffer:
    """The rows as they stand in the file, but for the end of the last."""
    lines = pc.binary_join_element_wise(*_columns(part, zone, on_first), ",")
    every = pa.ListArray.from_arrays([0, len(lines)], lines)
    return pc.binary_join(every, "\n")[0].as_buffer()


def _put(table: BinaryIO, lines: pa.Buffer) -> None:
    table.write(lines)
    table.write(b"\n")


def _columns(part: Part, zone: ZoneInfo, on_first: OnFirst) -> Iterator[pa.Array]:
    """The cells of every column, as they stand between commas."""
    before = earlier_columns(part, zone)
    for column in EARLIER:
        yield line_parts(cells(_array(before[column.header]), column.kind), column.kind)
    for column in OWN:
        told = part.rows[column.column] if column.column else _computed(part, column.header)
        if column.header in (job_summary.LOGS, job_summary.NOT_READ):
            told = pa.array([_listed(on_first.get(column.header, ())), *[None] * (len(part.rows) - 1)], pa.string())
        # lists of GPUs, events and nodes are JSON already
        yield line_parts(cells(_array(told), "length" if column.kind == "json" else column.kind), column.kind)


def _array(told: "pa.Array | pa.ChunkedArray") -> pa.Array:
    return told.combine_chunks() if isinstance(told, pa.ChunkedArray) else told


def _computed(part: Part, header: str) -> pa.Array:
    """Values of the columns that no column of an attempt holds."""
    match header:
        case job_summary.EXECUTED:
            return pc.is_valid(part.rows["started_at"])
        case job_summary.ATTEMPT_OF_NODE:
            return pa.array(part.numbers.of_node)
        case job_summary.CPU_TIME_BY_RUN:
            return _by_run_time(part.rows, "used_cpu_seconds")
        case job_summary.ATTEMPT_GPUS:
            return part.gpus.lists()
        case job_summary.ATTEMPT_EVENTS:
            return part.events.lists()
        case job_summary.OTHER_NODES:
            return pa.array([_listed(said.others) for said in part.said], pa.string())
        case job_summary.TOLD_SINCE | job_summary.TOLD_UNTIL:
            at = int(header == job_summary.TOLD_UNTIL)
            reaches = [part.reach.get(cluster, (None, None))[at] for cluster in part.rows["cluster"].to_pylist()]
            return pa.array(reaches, pa.timestamp("us"))
        case job_summary.RETRY_LIMIT:
            return pa.array([said.retry_limit for said in part.said], pa.int64())
        case job_summary.IS_DONE_IN_RESCUE:
            return pa.array([said.is_done for said in part.said], pa.bool_())
        case _:
            return pa.array([said.is_declared for said in part.said], pa.bool_())


def _by_run_time(rows: pa.Table, name: str) -> pa.Array:
    ran = pc.divide(pc.cast(pc.subtract(rows["ended_at"], rows["started_at"]), pa.int64()), 1e6)
    return pc.round(pc.divide(rows[name], pc.if_else(pc.greater(ran, 0.0), ran, None)), 6)


def _listed(rows: Sequence[Row]) -> str | None:
    told = [{name: value for name, value in row.items() if value is not None} for row in rows]
    return job_summary.cell(told, "json") if told else None
