"""The file's rows as slots: columns by name, GPUs one by one, and what a row lacks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.model.problems import Problem
from gpuledger.sources.gpu_state import words
from gpuledger.sources.gpu_state.coded import Coded, coded
from gpuledger.sources.gpu_state.fold import Slots

NAME, STATE, TIME, MACHINE = "Name", "State", "timestamp", "Machine"
ASSIGNED, AVAILABLE = "AssignedGPUs", "AvailableGPUs"
NEEDED = (NAME, STATE, TIME)
PROJECTS = "PrioritizedProjects"
WORDS = {"projects": PROJECTS, "model": "GPUs_DeviceName", "user": "RemoteOwner", "job": "GlobalJobId", "reason": "PreventJobsReason"}  # fmt: skip
"""Fields of a slot and the columns of text they are read from."""
LISTS = (PROJECTS, AVAILABLE)
"""Columns in which an empty text says something."""
MEMORY = "GPUs_GlobalMemoryMb"
READ = (NAME, ASSIGNED, AVAILABLE, STATE, MACHINE, TIME, MEMORY, *WORDS.values())
NOT_KEPT = ("GPUsAverageUsage", "Disk")
"""Columns of the collector that no report reads."""
ROW, MOMENT = "row number", "moment"
"""Columns of our own beside those of the file; the collector has none with a blank, or so small."""
LONGEST_ROW = 2_000
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def missing(columns: Sequence[str]) -> str:
    """The columns without which a row means nothing, in words; '' when all are there."""
    lacks = [name for name in NEEDED if name not in columns]
    if ASSIGNED not in columns and AVAILABLE not in columns:
        lacks.append(f"{ASSIGNED} or {AVAILABLE}")
    return ", ".join(lacks)


@dataclass(frozen=True)
class Read:
    """Rows of whole moments as slots. `idle` are the moments of rows that list no GPU (a slot with none left),

    `refused` those of the problems.
    """

    slots: Slots
    problems: tuple[Problem, ...]
    idle: Numbers
    refused: Numbers


def read(rows: pa.Table) -> Read:
    """`rows` has the file's columns, ROW and MOMENT."""
    cells = _Cells(rows)
    name, lists, which = cells.words(NAME), *cells.gpus()
    host = cells.hosts(name)
    reasons = (
        ("it has no Name", name.codes < 0),
        ("it names no machine", host.codes < 0),
        ("it names no GPU", which < 0),
    )
    is_bad = np.logical_or.reduce([bad for _, bad in reasons])
    counts = np.where(is_bad, 0, np.array([*map(len, lists), 0])[which])
    is_idle = ~is_bad & (counts == 0)
    return Read(
        cells.slots(name, host, *_exploded(lists, which, counts)),
        tuple(_problems(rows, reasons)),
        cells.moments[is_idle],
        cells.moments[is_bad],
    )


def _exploded(lists: list[tuple[str, ...]], which: Numbers, counts: Numbers) -> tuple[Numbers, Coded, Numbers]:
    """(row, GPU, 1 for the row's first GPU) for each GPU of each row."""
    all_gpus = tuple(gpu for each in lists for gpu in each)
    begin = np.concatenate([[0], np.cumsum([len(each) for each in lists])]).astype(np.int64)
    row = np.repeat(np.arange(len(which)), counts)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    return row, Coded(begin[which[row]] + nth, all_gpus), (nth == 0).astype(np.int64)


class _Cells:
    """The columns of some rows, as far as the file has them."""

    def __init__(self, rows: pa.Table) -> None:
        self._rows = rows
        self.moments = rows[MOMENT].to_numpy()

    def words(self, column: str) -> Coded:
        """A column of text without what says nothing; all missing where the file lacks it."""
        if column not in self._rows.column_names:
            return Coded(np.full(len(self._rows), -1), ())
        return coded(self._rows[column]).named(words.listed if column in LISTS else words.said)

    def hosts(self, name: Coded) -> Coded:
        """The machine, else what stands after the `@` of the slot's name."""
        machine, named = self.words(MACHINE), name.named(words.host)
        codes = np.where(
            machine.codes >= 0, machine.codes, np.where(named.codes >= 0, named.codes + len(machine.words), -1)
        )
        return Coded(codes, (*machine.words, *named.words))

    def gpus(self) -> tuple[list[tuple[str, ...]], Numbers]:
        """Lists of GPUs, and which of them each row has: those assigned, else those available; -1 where neither says."""
        assigned = self.words(ASSIGNED)
        lists = [words.gpus(word) for word in assigned.words]
        which = assigned.codes.copy()
        if (which < 0).any() and AVAILABLE in self._rows.column_names:
            available = self.words(AVAILABLE)
            which = np.where(which >= 0, which, np.where(available.codes >= 0, available.codes + len(lists), -1))
            lists += [words.gpus(word) for word in available.words]
        return lists, which

    def slots(self, name: Coded, host: Coded, row: Numbers, gpu: Coded, weight: Numbers) -> Slots:
        """Rows with one GPU each."""
        told = {
            field: self.words(column).taken(row) for field, column in WORDS.items() if column in self._rows.column_names
        }
        return Slots(
            self.moments[row], host.taken(row), gpu, name.taken(row), self.words(STATE).taken(row), weight,
            memory_mib=self._memory(row), **told,
        )  # fmt: skip

    def _memory(self, row: Numbers) -> npt.NDArray[np.float64] | None:
        if MEMORY not in self._rows.column_names:
            return None
        column = self._rows[MEMORY]
        if pa.types.is_integer(column.type) or pa.types.is_floating(column.type):
            values = np.asarray(pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy())
        else:
            told = coded(column)
            values = np.array([*map(_number, told.words), np.nan])[told.codes]
        return values[row]


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        return np.nan


def _problems(rows: pa.Table, reasons: Sequence[tuple[str, Flags]]) -> Iterator[Problem]:
    """One for each row that lacks something: the first thing it lacks."""
    for row in np.flatnonzero(np.logical_or.reduce([bad for _, bad in reasons])).tolist():
        reason = next(reason for reason, bad in reasons if bad[row])
        yield Problem(rows[ROW][row].as_py(), reason, as_written(rows, row))


def as_written(rows: pa.Table, row: int) -> str:
    """The cells that are read, as they came."""
    cells = (rows[name][row].as_py() for name in rows.column_names if name in READ)
    return ",".join("" if cell is None else str(cell) for cell in cells)[:LONGEST_ROW]
