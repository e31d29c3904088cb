"""The moments of a file: from any spelling to UTC. Rows are in the order of writing, which tells a repeated hour apart."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.int64]
INSTANT = pa.timestamp("us", "UTC")
UNKNOWN = int(np.iinfo(np.int64).min)
DAY, MINUTE = 86_400_000_000, 60_000_000
PER_SECOND = ((1e17, 1_000), (1e14, 1), (1e11, -1_000), (0, -1_000_000))
"""An epoch at least this large counts (nano, micro, milli, whole) seconds: divide by the factor, or multiply by it."""
OFFSET = re.compile(r"\d(Z|z|[+-]\d\d:?\d\d)$")


@dataclass(frozen=True)
class Stamps:
    """Microseconds since 1970 of each row, UNKNOWN where a stamp cannot be read, and which of them are UTC already."""

    micros: Numbers
    is_utc: npt.NDArray[np.bool_]


def stamps(column: pa.ChunkedArray) -> Stamps:
    """Any type that a stamp was ever stored as: Arrow's instants of every unit, dates, epochs, text."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        micros = _filled(column.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.int64()))
        return Stamps(micros, np.full(len(micros), kind.tz is not None))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _epochs(column)
    return _texts(column)


def _filled(column: pa.ChunkedArray) -> Numbers:
    return np.asarray(pc.fill_null(column, UNKNOWN).to_numpy(), np.int64)


def _epochs(column: pa.ChunkedArray) -> Stamps:
    values = pc.fill_null(column.cast(pa.float64()), np.nan).to_numpy()
    micros = np.full(len(values), UNKNOWN)
    exact = _filled(column) if pa.types.is_integer(column.type) else np.nan_to_num(values).astype(np.int64)
    open_ = ~np.isnan(values)
    for least, factor in PER_SECOND:
        mine = open_ & (np.abs(np.nan_to_num(values)) >= least)
        micros[mine] = exact[mine] // factor if factor > 0 else np.round(values[mine] * -factor).astype(np.int64)
        open_ &= ~mine
    return Stamps(micros, np.full(len(micros), True))


def _texts(column: pa.ChunkedArray) -> Stamps:
    """Each spelling is read once: a snapshot has one stamp for all its rows."""
    coded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    read = [_text(word) for word in coded.dictionary.to_pylist()]
    micros = np.array([moment for moment, _ in read] + [UNKNOWN], np.int64)
    is_utc = np.array([said for _, said in read] + [False], bool)
    codes = pc.fill_null(coded.indices, len(read)).to_numpy(zero_copy_only=False)
    return Stamps(micros[codes], is_utc[codes])


def _text(word: str) -> tuple[int, bool]:
    word = word.strip()
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        return UNKNOWN, False
    said = OFFSET.search(word) is not None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return round((aware - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6), said


@dataclass
class Timeline:
    """What a first look at the stamps tells: whether the rows go up, and where an hour began for the second time.

    `turns`: the first row after the clock went back, for each repeated hour in which it was seen to, once.
    """

    zone: str
    is_ordered: bool = True
    has_local: bool = False
    days: set[int] = field(default_factory=set)
    turns: dict[int, int | None] = field(default_factory=dict)

    def utc(self, told: Stamps, first_row: int) -> Numbers:
        """The moments in UTC; UNKNOWN where a stamp occurs twice or never and nothing tells which is meant."""
        starts = _starts(told.micros)
        micros, local = told.micros[starts], ~told.is_utc[starts] & (told.micros[starts] != UNKNOWN)
        result = micros.copy()
        if local.any() and self.zone != "UTC":
            result[local] = self._localized(micros[local], starts[local] + first_row)
        return np.repeat(result, np.diff(np.append(starts, len(told.micros))))

    def _localized(self, micros: Numbers, rows: Numbers) -> Numbers:
        early, late = both(micros, self.zone)
        result = np.where(early == late, early, UNKNOWN)
        for at in np.flatnonzero(is_repeated(early, late)).tolist():
            turn = self.turns.get(_hour(int(micros[at])))
            if turn is not None:
                result[at] = early[at] if rows[at] < turn else late[at]
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


def is_repeated(early: Numbers, late: Numbers) -> "npt.NDArray[np.bool_]":
    """Does the time occur twice? One that never does has two readings a moment apart."""
    return late - early >= MINUTE


def _starts(micros: Numbers) -> Numbers:
    """Where runs of equal stamps begin: a snapshot is converted once, not each of its rows."""
    if not len(micros):
        return np.empty(0, np.int64)
    return np.concatenate([[0], np.flatnonzero(np.diff(micros)) + 1])


def timeline(parts: Iterable[Stamps], zone: str) -> Timeline:
    """One look at all stamps of a file, in its order."""
    found = Timeline(zone)
    runs = list(_runs(parts))
    if not runs:
        return found
    rows, micros, local = (np.concatenate(column) for column in zip(*runs, strict=True))
    found.has_local = bool(local.any())
    if found.has_local and zone != "UTC":
        _find_turns(found, rows, micros, local)
    moments = found.utc(Stamps(micros, ~local), 0) if zone == "UTC" else _in_utc(found, rows, micros, local)
    known = moments[moments != UNKNOWN]
    found.is_ordered = bool((np.diff(known) >= 0).all())
    found.days = set(np.unique(known // DAY).tolist())
    return found


def _in_utc(found: Timeline, rows: Numbers, micros: Numbers, local: "npt.NDArray[np.bool_]") -> Numbers:
    result = micros.copy()
    if local.any():
        result[local] = found._localized(micros[local], rows[local])
    return result


def _runs(parts: Iterable[Stamps]) -> Iterator[tuple[Numbers, Numbers, "npt.NDArray[np.bool_]"]]:
    """(row, stamp, is local) of the beginning of each run of equal stamps."""
    row = 1
    for part in parts:
        starts = _starts(part.micros)
        known = starts[part.micros[starts] != UNKNOWN]
        yield known + row, part.micros[known], ~part.is_utc[known]
        row += len(part.micros)


def _find_turns(found: Timeline, rows: Numbers, micros: Numbers, local: "npt.NDArray[np.bool_]") -> None:
    early, late = both(micros, found.zone)
    twice = is_repeated(early, late) & local
    for at in np.flatnonzero(twice).tolist():
        hour = _hour(int(micros[at]))
        if at and twice[at - 1] and _hour(int(micros[at - 1])) == hour and micros[at] < micros[at - 1]:
            found.turns[hour] = None if hour in found.turns else int(rows[at])
