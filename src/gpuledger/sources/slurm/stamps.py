"""Times: epoch seconds, stamps with an offset, and local stamps, of which one hour a year occurs twice."""

from datetime import datetime, timedelta
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.model.period import tzinfo
from gpuledger.sources.slurm.values import WORDS, Flags

Seconds = np.ndarray[Any, np.dtype[np.int64]]
NONE = np.iinfo(np.int64).min
"""In a column of epoch seconds: not known."""
QUARTER_SECONDS = 900
"""Every zone changes its offset on a quarter of an hour of local time."""
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (a wall clock, on purpose)
LOCAL_LENGTH = len("2026-05-01T08:00:00")
TOLERANCE_SECONDS = 1
"""An elapsed time may differ by this from end minus start: each is rounded by itself."""
Way = tuple[int, ...]
"""One reading of (submitted, eligible, started, ended)."""


class Stamps(NamedTuple):
    """A column of instants as epoch seconds. `early` and `late` differ in the hour that occurs twice."""

    early: Seconds
    late: Seconds
    is_bad: Flags
    is_skipped: Flags
    has_local: bool

    def without(self, rows: Flags) -> "Stamps":
        """The column with no instant in these rows."""
        early, late = (np.where(rows, NONE, reading) for reading in (self.early, self.late))
        return self._replace(early=early, late=late)


def stamps(column: Any, zone: str) -> Stamps:
    """A column of stamps as text; local ones are read in `zone`."""
    lengths = np.asarray(pc.fill_null(pc.binary_length(column), 0))
    values, bad = np.full(len(column), NONE, np.int64), np.zeros(len(column), bool)
    local, is_local = _local(column, lengths == LOCAL_LENGTH)
    for text, at in _others(column, ~is_local & (lengths > 0), values):
        values[at], bad[at] = _moment(text)
    if not is_local.any():
        return Stamps(values, values, bad, np.zeros(len(column), bool), False)
    early, late, skipped = _in_zone(values, local, is_local, zone)
    return Stamps(early, late, bad, skipped, True)


def _local(column: Any, is_local: Flags) -> tuple[Any, Flags]:
    """The stamps without zone as naive timestamps, and where they are."""
    try:
        return _naive(column, is_local), is_local
    except pa.ArrowInvalid:
        for i in np.flatnonzero(is_local):
            is_local[i] = _is_time(column[i].as_py())
        return _naive(column, is_local), is_local


def _naive(column: Any, is_local: Flags) -> Any:
    return pc.cast(pc.if_else(pa.array(is_local), column, pa.scalar(None, pa.string())), pa.timestamp("s"))


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        return False


def _in_zone(values: Seconds, local: Any, is_local: Flags, zone: str) -> tuple[Seconds, Seconds, Flags]:
    """The first and second reading of each local stamp, and where the clock never showed it."""
    wall = np.asarray(pc.fill_null(pc.cast(local, pa.int64()), 0))
    quarters = pa.array(wall // QUARTER_SECONDS).dictionary_encode()
    offsets = np.array([_offsets(quarter, zone) for quarter in quarters.dictionary.to_pylist()], np.int64)
    codes = np.asarray(quarters.indices)
    first = wall - offsets[codes, 0]
    if (offsets[:, 0] == offsets[:, 1]).all():
        only = np.where(is_local, first, values)
        return only, only, np.zeros(len(wall), bool)
    second = wall - offsets[codes, 1]
    early, late = np.where(is_local, first, values), np.where(is_local, np.maximum(first, second), values)
    return early, late, is_local & (first > second)


@lru_cache(maxsize=2**18)
def _offsets(quarter: int, zone: str) -> tuple[int, int]:
    """Seconds east of UTC in a quarter of an hour of local time, by its first and its second occurrence.

    They differ where clocks go back (then the first is the larger) and where they go forward (then the smaller).
    """
    start = EPOCH + timedelta(seconds=quarter * QUARTER_SECONDS)
    east = [start.replace(tzinfo=tzinfo(zone), fold=fold).utcoffset() or timedelta() for fold in (0, 1)]
    return int(east[0].total_seconds()), int(east[1].total_seconds())


def _others(column: Any, mask: Flags, values: Seconds) -> list[tuple[str, Any]]:
    """Each distinct text among the masked rows with its rows; epoch seconds go into `values` at once."""
    if not mask.any():
        return []
    lengths = np.asarray(pc.fill_null(pc.binary_length(column), 0))
    is_epoch = mask & (lengths >= 9) & (lengths <= 11) & np.asarray(pc.fill_null(pc.ascii_is_decimal(column), False))
    if is_epoch.any():
        values[is_epoch] = np.asarray(pc.cast(column.filter(pa.array(is_epoch)), pa.int64()))
    at = np.flatnonzero(mask & ~is_epoch)
    coded = column.take(pa.array(at)).dictionary_encode()
    codes = np.asarray(coded.indices)
    return [(text, at[codes == code]) for code, text in enumerate(coded.dictionary.to_pylist())]


def _moment(text: str) -> tuple[int, bool]:
    """(epoch seconds, whether it could not be read) of what is no local stamp."""
    if text in WORDS or text == "0":
        return NONE, False
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return NONE, True
    return (int(moment.timestamp()), False) if moment.tzinfo else (NONE, True)


def told_apart(choices: tuple[Way, ...], lengths: tuple[float, ...]) -> tuple[Way | None, bool]:
    """The reading of a row by what its order and its `lengths` (seconds from start to end) leave, and whether that is certain.

    None where more than one span from start to end is left: then nobody knows in which hour the job held what it held.
    A submit or an eligible time that is left twice is the later one, the one nearest to the start.
    """
    ways = set(product(*choices))
    exact = {way for way in ways if _lasts(way, lengths)} or ways
    ordered = {way for way in exact if _is_ordered(way)}
    if not ordered:  # the machine's clock went backwards, as it may on any other day: the span alone must tell
        exact = {way for way in exact if _is_ordered(way[2:])}
    left = ordered or exact
    spans = {way[2:] for way in left if way[2] != NONE}
    if len(spans) > 1 or not left:
        return None, False
    return (max(ordered) if ordered else min(exact)), len(left) == 1


def _lasts(way: Way, lengths: tuple[float, ...]) -> bool:
    lasted = way[3] - way[2]
    return NONE not in way[2:] and any(abs(lasted - length) <= TOLERANCE_SECONDS for length in lengths)


def _is_ordered(way: Way) -> bool:
    known = [moment for moment in way if moment != NONE]
    return known == sorted(known)
