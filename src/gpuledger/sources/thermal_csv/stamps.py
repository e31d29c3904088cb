"""The moment of each row, told in the row's own way: ISO days and moments, epochs, and dates of people where they are clear."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
INSTANT = pa.timestamp("us", "UTC")
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOON = 12 * 3_600_000_000
_NUMBER = re.compile(r"\d{9,19}(\.\d*)?")
_PEOPLES = re.compile(
    r"(?P<first>\d{1,2})(?P<mark>[/.-])(?P<second>\d{1,2})(?P=mark)(?P<year>\d{4})"
    r"(?:[ T]+(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<seconds>\d\d)(?:\.\d*)?)?(?:\s*(?P<half>[AaPp])\.?[Mm]\.?)?)?"
)
_UNITS = ((1e17, 10**-9), (1e14, 10**-6), (1e11, 10**-3), (0, 1.0))
"""An epoch of at least this size counts in parts of a second of this length."""

UNREAD = "the time cannot be read"
UNCLEAR = "the date may be month/day or day/month (`date_order`)"
FAR = "the time is before 2000 or after 2099"
DOUBTFUL = "a local time occurs twice or never in {zone}, and nothing tells which is meant"


@dataclass(frozen=True)
class Told:
    """One time as written: microseconds since 1970, of UTC or of the zone's clock, or the day alone; or what is wrong."""

    micros: int = 0
    is_utc: bool = False
    is_day: bool = False
    fault: str = ""


@dataclass(frozen=True)
class Moments:
    """Instants in UTC; where one is not known, its fault. `is_local` and `is_day` tell what was written."""

    at: pa.Array
    faults: Mapping[int, str]
    is_local: Flags
    is_day: Flags


def moments(column: pa.Array, zone: str, order: str) -> Moments:
    """Each spelling is read once: files repeat them."""
    coded = column.dictionary_encode()
    words = coded.dictionary.to_pylist()
    read = list(map(partial(told, order=order), words))
    micros = np.array([one.micros for one in read], np.int64)
    is_utc, is_day = (np.array([getattr(one, name) for one in read], bool) for name in ("is_utc", "is_day"))
    at, is_doubtful = in_utc(micros, is_utc, is_day, zone)
    faults = {n: one.fault for n, one in enumerate(read) if one.fault}
    faults = {n: DOUBTFUL.format(zone=zone) for n in np.flatnonzero(is_doubtful).tolist()} | faults
    codes = np.asarray(coded.indices.to_numpy(zero_copy_only=False), np.int64)
    bad = np.isin(codes, list(faults))
    return Moments(
        pa.array(at[codes], pa.int64(), mask=bad).cast(INSTANT),
        {row: faults[int(codes[row])] for row in np.flatnonzero(bad).tolist()},
        ~is_utc[codes] & ~bad,
        is_day[codes] & ~bad,
    )


def told(text: str, order: str = "") -> Told:
    """One time. A year before the month is ISO's; a date that begins with day or month must be clear."""
    said = text.strip()
    if _NUMBER.fullmatch(said):
        return _within(_of_epoch(said))
    if match := _PEOPLES.fullmatch(said):
        return _within(_of_people(match, order))
    return _within(_of_iso(said))


def _within(one: Told) -> Told:
    first, last = ((edge - _EPOCH) // timedelta(microseconds=1) for edge in (EARLIEST, LATEST))
    return one if one.fault or first <= one.micros < last else Told(fault=FAR)


def _of_epoch(said: str) -> Told:
    """Seconds since 1970 or their thousandths, millionths, billionths, told apart by their size."""
    number = float(said)
    unit = next(unit for least, unit in _UNITS if number >= least)
    whole = int(said) if "." not in said else number
    return Told(round(whole * unit * 1_000_000), is_utc=True)


def _of_iso(said: str) -> Told:
    text = re.sub(r"^(\d{4})/(\d{1,2})/(\d{1,2})", lambda m: f"{m[1]}-{m[2]:0>2}-{m[3]:0>2}", said)
    text = re.sub(r"\s*(?:UTC|GMT)$", "Z", text)
    try:
        return Told(_micros(datetime.combine(date.fromisoformat(text), datetime.min.time())), is_day=True)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return Told(fault=UNREAD)
    return Told(_micros(moment), is_utc=moment.tzinfo is not None)


def _of_people(match: re.Match[str], order: str) -> Told:
    """3/14/2025 can be one day only, 3/4/2025 two: it needs to be told which."""
    first, second = int(match["first"]), int(match["second"])
    ways = {"mdy": (first, second), "dmy": (second, first)}
    chosen = {ways[order]} if order else {(month, day) for month, day in ways.values() if month <= 12}
    try:
        days = {date(int(match["year"]), month, day) for month, day in chosen}
        clock = _clock(match)
    except ValueError:
        return Told(fault=UNREAD)
    if len(days) != 1:
        return Told(fault=UNCLEAR if days else UNREAD)
    day = datetime.combine(days.pop(), datetime.min.time())
    return Told(_micros(day + clock), is_day=match["hour"] is None)


def _clock(match: re.Match[str]) -> timedelta:
    """The time of day. Raises ValueError for 25:00 and for 13 PM."""
    hour, half = int(match["hour"] or 0), (match["half"] or "").lower()
    minute, second = int(match["minute"] or 0), int(match["seconds"] or 0)
    if minute > 59 or second > 59 or hour > 23 or (half and not 1 <= hour <= 12):
        raise ValueError(match[0])
    return timedelta(hours=hour % 12 + 12 * (half == "p") if half else hour, minutes=minute, seconds=second)


def _micros(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(microseconds=1)


def in_utc(micros: Numbers, is_utc: Flags, is_day: Flags, zone: str) -> tuple[Numbers, Flags]:
    """Microseconds in UTC, and the local times that are none or two. A day stands at its noon."""
    if zone == "UTC" or is_utc.all():
        return np.where(is_day, micros + _NOON, micros), np.zeros(len(micros), bool)
    early, late = _localized(micros, zone, "earliest", "earliest"), _localized(micros, zone, "latest", "latest")
    at = np.where(is_utc, micros, np.where(is_day, _noon(micros, zone), early))
    return at, (early != late) & ~is_utc & ~is_day


def _noon(days: Numbers, zone: str) -> Numbers:
    """A moment of the told day in whatever zone it is looked at: noon of UTC, where that is the same day in `zone`."""
    noon = days + _NOON
    first, last = (_localized(edge, zone, "earliest", "latest") for edge in (days, days + 2 * _NOON))
    return np.where((first <= noon) & (noon < last), noon, _localized(noon, zone, "earliest", "latest"))


def _localized(micros: Numbers, zone: str, ambiguous: str, nonexistent: str) -> Numbers:
    naive = pa.array(micros).cast(pa.timestamp("us"))
    aware = pc.assume_timezone(naive, zone, ambiguous=ambiguous, nonexistent=nonexistent)
    return np.asarray(aware.cast(pa.int64()).to_numpy(), np.int64)
