"""One file: a first look at its stamps, then its rows in whole moments, folded as they come."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import reduce
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import pyarrow as pa

from gpuledger.model.batch import Batch, Parsed
from gpuledger.model.errors import SourceError
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.tables import GPU_STATES, SNAPSHOTS
from gpuledger.sources import Context
from gpuledger.sources.gpu_state.fold import Fold, Folded
from gpuledger.sources.gpu_state.inputs import Input, opened
from gpuledger.sources.gpu_state.rows import (  # fmt: skip
    MEMORY,
    MOMENT,
    NOT_KEPT,
    READ,
    ROW,
    TIME,
    WORDS,
    Read,
    as_written,
    missing,
    read,
)
from gpuledger.sources.gpu_state.stamps import INSTANT, UNKNOWN, Numbers, Timeline, stamps, timeline
from gpuledger.sources.gpu_state.windows import windows

if TYPE_CHECKING:
    from gpuledger.sources.gpu_state import GpuState

NO_CLUSTER = "htcondor"


def parse(source: "GpuState", raw: BinaryIO, context: Context) -> Parsed:
    """See `GpuState.parse`."""
    with ExitStack() as until:
        given = opened(raw, until)
        if lacks := missing(given.columns):
            raise SourceError(f"The table gpu_state lacks {lacks}; its columns are {', '.join(given.columns[:20])}.")
        yield from _Parse(source, given, context).all()


class _Parse:
    """What holds for a whole input."""

    def __init__(self, source: "GpuState", given: Input, context: Context) -> None:
        self._given, self._source = given, source
        self._zone = context.zone or source.zone
        self._cluster = context.cluster or source.cluster
        self._held = [name for name in given.columns if name in READ]

    def all(self) -> Parsed:
        times = timeline((stamps(part[TIME]) for part in self._given.read([TIME])), self._zone or "UTC")
        yield from map(Remark, self._remarks(times))
        for part in windows(self._stamped(times), is_ordered=times.is_ordered):
            yield from [part] if isinstance(part, Problem) else self._folded(part)

    def _stamped(self, times: Timeline) -> Iterator[pa.Table | Problem]:
        """The file's rows with their number and their moment in UTC."""
        first = 1
        for part in self._given.read(self._held):
            told = stamps(part[TIME])
            moments = times.utc(told, first)
            rows = part.append_column(ROW, pa.array(np.arange(first, first + len(part))))
            rows = rows.append_column(MOMENT, pa.array(moments))
            first += len(part)
            is_bad = moments == UNKNOWN
            if is_bad.any():
                yield from self._timeless(rows, np.flatnonzero(is_bad), told.micros)
                rows = rows.filter(pa.array(~is_bad))
            yield rows

    def _timeless(self, rows: pa.Table, bad: "np.ndarray", micros: "np.ndarray") -> Iterator[Problem]:
        for row in bad.tolist():
            reason = (
                f"its local time occurs twice or never in {self._zone}, and the order of the rows does not tell which is meant"
                if micros[row] != UNKNOWN
                else "its time cannot be read"
            )
            yield Problem(rows[ROW][row].as_py(), reason, as_written(rows, row))

    def _folded(self, rows: pa.Table) -> Parsed:
        told = read(rows)
        yield from told.problems
        folded = Fold(told.slots).folded()
        if len(folded.rows):
            yield Batch(GPU_STATES, self._named(folded.rows), pa.array(folded.weights))
        yield self._snapshots(told, folded)

    def _named(self, rows: pa.Table) -> pa.Table:
        for name, value in (("cluster", self._cluster or NO_CLUSTER), ("source", self._source.name)):
            rows = rows.append_column(name, _constant(value, len(rows)))
        return rows

    def _snapshots(self, told: Read, folded: Folded) -> Batch:
        """One for each moment: how many GPUs it showed. Rows that list no GPU tell only that somebody looked."""
        seen = folded.rows["time"].cast(pa.int64()).to_numpy()
        moments = reduce(np.union1d, (seen, told.idle, told.refused))
        counts, idle, refused = (_counted(each, moments) for each in (seen, told.idle, told.refused))
        status = np.where(refused > 0, "partial", np.where(counts > 0, "complete", "empty"))
        rows = pa.table({
            "time": pa.array(moments).cast(INSTANT),
            "status": pa.array(status.tolist(), pa.string()),
            "row_count": pa.array(counts),
            "period_seconds": pa.array([self._source.period_seconds] * len(moments), pa.float64()),
            "told_tables": pa.array([[GPU_STATES.name]] * len(moments)),
        })  # fmt: skip
        return Batch(SNAPSHOTS, self._named(rows), pa.array(idle))

    def _remarks(self, times: Timeline) -> Iterator[str]:
        if times.has_local and self._zone is None:
            yield "No zone was given: times without an offset were read as UTC (--zone NAME, e.g. America/Chicago)."
        if self._cluster is None:
            yield f"No cluster is named in the file or given: its GPUs are kept under {NO_CLUSTER!r} (--cluster NAME)."
        if extra := [name for name in self._given.columns if name not in (*READ, *NOT_KEPT)]:
            yield f"Columns that are not known here were left out: {', '.join(extra[:10])}."
        if lacks := [name for name in (*WORDS.values(), MEMORY) if name not in self._given.columns]:
            yield f"Columns that the file does not have (not collected when it was written): {', '.join(lacks)}."


def _constant(value: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([value]))


def _counted(seen: Numbers, moments: Numbers) -> Numbers:
    """How often each of the moments was seen."""
    return np.bincount(np.searchsorted(moments, seen), minlength=len(moments))
