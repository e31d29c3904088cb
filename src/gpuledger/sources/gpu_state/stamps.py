"""The moments of a file: from any spelling to UTC. Rows are in the order of writing, which tells a repeated hour apart."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from math import isfinite

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
INSTANT = pa.timestamp("us", "UTC")
UNKNOWN = int(np.iinfo(np.int64).min)
DAY, MINUTE = 86_400_000_000, 60_000_000
EPOCHS = ((1e17, 1_000, 1), (1e14, 1, 1), (1e11, 1, 1_000), (0, 1, 1_000_000))
"""An epoch of at least this size becomes microseconds: divide, multiply."""
NUMBER = re.compile(r"\d{9,}(\.\d*)?")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Stamps:
    """Microseconds since 1970 of each row, UNKNOWN where a stamp cannot be read, and which of them are UTC already."""

    micros: Numbers
    is_utc: Flags


def stamps(column: pa.ChunkedArray) -> Stamps:
    """Any type that a stamp was ever stored as: Arrow's instants of every unit, dates, epochs, text."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        micros = _filled(column.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.int64()))
        return Stamps(micros, np.full(len(micros), kind.tz is not None))
    return _spelled(column)


def _filled(column: pa.ChunkedArray) -> Numbers:
    return np.asarray(pc.fill_null(column, UNKNOWN).to_numpy(), np.int64)


def _spelled(column: pa.ChunkedArray) -> Stamps:
    """Numbers or text; each is read once, for a snapshot has one stamp for all its rows."""
    values = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
    coded = pa.chunked_array(values.chunks, values.type).combine_chunks().dictionary_encode()
    read = [_read(value) for value in coded.dictionary.to_pylist()]
    micros = np.array([moment for moment, _ in read] + [UNKNOWN], np.int64)
    is_utc = np.array([said for _, said in read] + [False], bool)
    codes = pc.fill_null(coded.indices, len(read)).to_numpy(zero_copy_only=False)
    return Stamps(micros[codes], is_utc[codes])


def _read(value: float | str | date) -> tuple[int, bool]:
    """Microseconds, and whether they are UTC's."""
    text = str(value).strip()
    if not isinstance(value, str):
        return (UNKNOWN, False) if isinstance(value, date) else (_epoch(value), True)
    if NUMBER.fullmatch(text):
        return _epoch(float(text) if "." in text else int(text)), True
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return UNKNOWN, False
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(microseconds=1), moment.tzinfo is not None


def _epoch(value: float) -> int:
    """Whole, milli, micro or nano seconds since 1970, told apart by their size."""
    if not isfinite(value):
        return UNKNOWN
    divisor, factor = next((divisor, factor) for least, divisor, factor in EPOCHS if abs(value) >= least)
    return value // divisor if isinstance(value, int) and factor == 1 else round(value * factor / divisor)


@dataclass(frozen=True)
class _Runs:
    """Where runs of equal stamps begin: a snapshot is converted once, not each of its rows. Rows count from 1."""

    rows: Numbers
    micros: Numbers
    is_utc: Flags

    @property
    def is_local(self) -> Flags:
        local: Flags = ~self.is_utc & (self.micros != UNKNOWN)
        return local


def _runs(told: Stamps, first_row: int) -> _Runs:
    changes = (told.micros[1:] != told.micros[:-1]) | (told.is_utc[1:] != told.is_utc[:-1])
    starts = np.concatenate([[0], np.flatnonzero(changes) + 1])[: len(told.micros)]
    return _Runs(starts + first_row, told.micros[starts], told.is_utc[starts])


@dataclass
class Timeline:
    """What a first look at the stamps tells: whether the rows go up, and where an hour began for the second time.

    `turns`: for each repeated hour in which the clock was seen to go back, the row that came first after it; None where
    it was seen more than once.
    """

    zone: str
    is_ordered: bool = True
    has_local: bool = False
    turns: dict[int, int | None] = field(default_factory=dict)

    def utc(self, told: Stamps, first_row: int) -> Numbers:
        """The moments of some rows in UTC; UNKNOWN where one occurs twice or never and nothing tells which is meant."""
        runs = _runs(told, first_row)
        return np.repeat(self.moments(runs), np.diff(np.append(runs.rows - first_row, len(told.micros))))

    def moments(self, runs: _Runs) -> Numbers:
        """The same of each run."""
        result, local = runs.micros.copy(), runs.is_local
        if self.zone == "UTC" or not local.any():
            return result
        early, late = both(runs.micros[local], self.zone)
        read = np.where(early == late, early, UNKNOWN)
        for at in np.flatnonzero(is_repeated(early, late)).tolist():
            turn = self.turns.get(_hour(int(runs.micros[local][at])))
            if turn is not None:
                read[at] = early[at] if runs.rows[local][at] < turn else late[at]
        result[local] = read
        return result


def _hour(micros: int) -> int:
    """What a repeated hour is known by: no zone repeats two on one day."""
    return micros // DAY


def both(micros: Numbers, zone: str) -> tuple[Numbers, Numbers]:
    """The earliest and the latest instant each local time can be."""
    naive = pa.array(micros).cast(pa.timestamp("us"))
    early, late = (
        pc.assume_timezone(naive, zone, ambiguous=which, nonexistent=which).cast(pa.int64()).to_numpy()
        for which in ("earliest", "latest")
    )
    return early, late


def is_repeated(early: Numbers, late: Numbers) -> Flags:
    """Does the time occur twice? One that never does has two readings a moment apart."""
    repeated: Flags = late - early >= MINUTE
    return repeated


def timeline(parts: Iterable[Stamps], zone: str) -> Timeline:
    """One look at all stamps of a file, in its order."""
    found, all_runs, row = Timeline(zone), [], 1
    for part in parts:
        all_runs.append(_runs(part, row))
        row += len(part.micros)
    if not all_runs:
        return found
    runs = _Runs(*(np.concatenate([getattr(run, name) for run in all_runs]) for name in ("rows", "micros", "is_utc")))
    found.has_local = bool(runs.is_local.any())
    if found.has_local and zone != "UTC":
        found.turns = _turns(runs, zone)
    moments = found.moments(runs)
    found.is_ordered = bool((np.diff(moments[moments != UNKNOWN]) >= 0).all())
    return found


def _turns(runs: _Runs, zone: str) -> dict[int, int | None]:
    rows, micros = runs.rows[runs.is_local], runs.micros[runs.is_local]
    twice = is_repeated(*both(micros, zone))
    back = np.flatnonzero(twice[1:] & twice[:-1] & (micros[1:] < micros[:-1])) + 1
    found: dict[int, int | None] = {}
    for at in back.tolist():
        hour = _hour(int(micros[at]))
        if hour == _hour(int(micros[at - 1])):
            found[hour] = None if hour in found else int(rows[at])
    return found
