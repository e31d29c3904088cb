"""The rows of a file, cut into whole moments: a moment is folded, and written, at once."""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa

from gpuledger.model.problems import Problem
from gpuledger.sources.gpu_state.rows import MOMENT
from gpuledger.sources.gpu_state.stamps import DAY

ROWS = 130000
"""A window ends with the first moment after so many rows, and with each day (UTC): the ledger keeps days apart."""
Parts = Iterable[pa.Table | Problem]


def windows(parts: Parts, *, is_ordered: bool) -> Iterator[pa.Table | Problem]:
    """Tables of whole moments, earlier ones first; problems pass as they come."""
    return _in_order(parts if is_ordered else _by_day(parts))


def _in_order(parts: Parts) -> Iterator[pa.Table | Problem]:
    held = _Held()
    for part in parts:
        if isinstance(part, Problem):
            yield part
        else:
            held.add(part)
            yield from held.full()
    yield from held.rest()


class _Held:
    """Rows that wait for the end of their moment."""

    def __init__(self) -> None:
        self._tables: list[pa.Table] = []

    def add(self, table: pa.Table) -> None:
        """Takes rows, a day at a time."""
        days = table[MOMENT].to_numpy() // DAY
        ends = np.flatnonzero(np.diff(days)) + 1
        for start, end in zip([0, *ends.tolist()], [*ends.tolist(), len(table)], strict=True):
            if end > start:
                self._tables.append(table.slice(start, end - start))

    def full(self) -> Iterator[pa.Table]:
        while len(self._tables) > 1 and (day := self._day(0)) != self._day(-1):
            count = sum(self._day(at) == day for at in range(len(self._tables)))
            yield pa.concat_tables(self._tables[:count])
            del self._tables[:count]
        if sum(map(len, self._tables)) >= ROWS:
            yield from self._whole()

    def rest(self) -> Iterator[pa.Table]:
        if any(map(len, self._tables)):
            yield pa.concat_tables(self._tables)

    def _whole(self) -> Iterator[pa.Table]:
        """All but the last moment, which may go on."""
        table = pa.concat_tables(self._tables)
        moments = table[MOMENT].to_numpy()
        end = int(np.searchsorted(moments, moments[-1], side="left"))
        if end:
            yield table.slice(0, end)
        self._tables = [table.slice(end)]

    def _day(self, at: int) -> int:
        return int(self._tables[at][MOMENT][0].as_py()) // DAY


def _by_day(parts: Parts) -> Iterator[pa.Table | Problem]:
    """A file in no order, in order: its rows go to a scratch file a day first, so that a day at a time is in memory."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as until:
        days = _Days(Path(folder), until)
        for part in parts:
            if isinstance(part, Problem):
                yield part
            else:
                days.add(part)
        yield from days.tables()


class _Days:
    """Scratch files of rows, one a day."""

    def __init__(self, folder: Path, until: ExitStack) -> None:
        self._folder, self._until = folder, until
        self._writers: dict[int, pa.RecordBatchStreamWriter] = {}

    def add(self, table: pa.Table) -> None:
        days = table[MOMENT].to_numpy() // DAY
        for day in np.unique(days).tolist():
            rows = table.filter(pa.array(days == day))
            writer = self._writers.get(day) or self._open(day, rows.schema)
            writer.write_table(rows)

    def _open(self, day: int, schema: pa.Schema) -> pa.RecordBatchStreamWriter:
        self._writers[day] = self._until.enter_context(pa.ipc.new_stream(str(self._path(day)), schema))
        return self._writers[day]

    def _path(self, day: int) -> Path:
        return self._folder / str(day)

    def tables(self) -> Iterator[pa.Table]:
        for day, writer in sorted(self._writers.items()):
            writer.close()
            with pa.memory_map(str(self._path(day))) as content:
                table = pa.ipc.open_stream(content).read_all().unify_dictionaries()
                yield table.take(pa.array(np.argsort(table[MOMENT].to_numpy(), kind="stable")))
