"""The time of an event: UTC as written, local time of a zone that was given, or a local stamp as it stands."""

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gpuledger.model.clocks import QUARTER_SECONDS, Knowledge, offset_name
from gpuledger.model.errors import SourceError
from gpuledger.model.period import BEGINNING, ENDING

PROOF = re.compile(r"Job terminated (?:of its own accord|by \S+) at (\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)Z")
"""The one line of a body that tells UTC."""
SLACK_SECONDS = 120
"""Shadows write side by side: a stamp may be a little older than the one before."""
CLOCK_SKEW_SECONDS = 5
LONGEST_DELAY_SECONDS = 600
"""How much later than the end of the job its event may be written and still prove the offset."""
BACK_SECONDS = (600, 3900)
"""Stamps that run back by so much show that clocks went back by an hour: a log written by many has no such step."""
_IN_HOUR = {f"{minute:02}:{second:02}": minute * 60 + second for minute in range(60) for second in range(61)}
"""Seconds since the hour of `MM:SS`; a leap second may be told."""


@dataclass
class Clock:
    """Reads the stamps of one log in their order.

    Without a zone local stamps are told as if they were UTC; what they are is for the clock of the access point to say
    (`model.clocks`), and `known` is what this log adds to it: the offsets that events prove which also tell UTC. `year`
    dates the first stamp where stamps have none, else the first moment that the log tells in full does, `beside`.
    """

    zone: ZoneInfo | None
    year: int | None = None
    beside: float | None = None
    first: float | None = None
    last: float | None = None
    first_zoned: float | None = None
    """The first moment that was read in the zone given."""
    is_local: bool = False
    """Is the last stamp a local one of no known zone?"""
    went_back: tuple[float, float] | None = None
    """The stamp before and after clocks of no known zone went back."""
    has_yearless: bool = False
    twice_count: int = 0
    or_else: float | None = None
    """The second occurrence of the last stamp, where its order does not tell that it is not meant."""
    is_told_apart: bool = False
    _proofs: list[tuple[int, float, float, int]] = field(default_factory=list)
    """(seconds east, first and last stamp, how many) of each run of events that prove the same offset.

    In a zone that was given `seconds east` should be 0.
    """
    _hours: dict[str, int] = field(default_factory=dict)

    def moment(self, hour: str, minute: str, fraction: str | None, zone: str | None) -> tuple[float, bool]:
        """(epoch seconds, whether they are those of a local stamp) of `YYYY-MM-DD HH` and `MM:SS`.

        Raises ValueError or KeyError for what is no time, or one that no clock shows.
        """
        self.or_else = None
        begin = self._hours.get(hour if zone is None else hour + zone)
        moment = self._looked_up(hour, minute, zone) if begin is None else begin + _IN_HOUR[minute]
        if fraction:
            moment = round(moment + float(fraction), 6)
        if self.last is not None and moment < self.last - BACK_SECONDS[0]:
            self._step_back(moment, zone)
        self.last = moment
        if self.first is None:
            self.first = moment
        self.is_local = zone is None and self.zone is None
        if self.first_zoned is None and zone is None and self.zone:
            self.first_zoned = moment
        return moment, self.is_local

    def _step_back(self, moment: float, zone: str | None) -> None:
        is_local = self.is_local and zone is None
        if is_local and self.last is not None and moment >= self.last - BACK_SECONDS[1]:
            self.went_back = self.went_back or (self.last, moment)

    def _looked_up(self, hour: str, minute: str, zone: str | None) -> float:
        """The slow way, once for nearly every hour; stamps without a year or near a change of clocks always."""
        day, number = hour[:-3], hour[-2:]
        if number > "23" or minute not in _IN_HOUR:
            raise ValueError(hour)
        begin = self._day(day) + int(number) * 3600
        east = _east(zone) if zone else 0 if self.zone is None else _one_offset(begin, self.zone)
        if east is None:
            return self._near_a_change(begin + _IN_HOUR[minute])
        if "/" not in day:
            self._hours[hour + (zone or "")] = begin - east
        return begin - east + _IN_HOUR[minute]

    def prove(self, local: float, body: str) -> None:
        """Takes the UTC that a body tells about an event stamped `local`."""
        found = PROOF.search(body)
        told = _instant(f"{found[1]}T{found[2]}+00:00") if found else None
        if told is not None:
            late = local - told + CLOCK_SKEW_SECONDS
            east = late // QUARTER_SECONDS * QUARTER_SECONDS
            if abs(east) <= 14 * 3600 and late - east <= LONGEST_DELAY_SECONDS:
                self._add(int(east), local)

    def _add(self, east: int, local: float) -> None:
        if self._proofs and self._proofs[-1][0] == east:
            _, first, last, count = self._proofs.pop()
            self._proofs.append((east, min(first, local), max(last, local), count + 1))
        else:
            self._proofs.append((east, local, local, 1))

    @property
    def known(self) -> list[Knowledge]:
        """What this log tells of the clock of its access point."""
        if self.zone:
            return [] if self.first_zoned is None else [(self.zone.key, self.first_zoned, self.first_zoned, 0)]
        return [(offset_name(east), first, last, count) for east, first, last, count in self._proofs]

    @property
    def _error(self) -> int:
        """By how many seconds the zone given is off, as half of the events say that also tell UTC; else 0."""
        counts: Counter[int] = Counter()
        for east, _, _, count in self._proofs:
            counts[east] += count
        return next((east for east, count in counts.items() if self.zone and 2 * count > counts.total() > 1), 0)

    def remarks(self, name: str) -> list[str]:
        """What a reader must know about how the times came about."""
        said = []
        if self._error and self.zone:
            said.append(
                f"Events of {name} that also tell UTC say that its clock is not that of {self.zone.key}: it is"
                f" {offset_name(self._error)[3:]} hours off; check --zone."
            )
        if self.went_back:
            before, after = (f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}" for moment in self.went_back)
            said.append(
                f"The stamps of {name} run back from {before} to {after}, as clocks do when summer time ends: they are of a"
                " zone with summer time, and without it times are off by an hour and attempts may be split; give --zone."
            )
        if self.has_yearless:
            said.append(
                f"{name} has stamps without a year; each was given the year that lies nearest to the stamps beside it."
            )
        if self.twice_count:
            how = (
                "told apart by their order"
                if self.is_told_apart
                else "read as its first occurrence, for their order does not tell"
            )
            said.append(
                f"{self.twice_count:,} stamps of {name} lie in the hour that occurs twice when the clocks go back; they were {how}."
            )
        return said

    def _day(self, day: str) -> int:
        if "/" in day:
            return self._yearless(day)
        year = int(day[:4])
        if not BEGINNING.year <= year < ENDING.year:
            raise ValueError(day)
        return int(datetime(year, int(day[5:7]), int(day[8:]), tzinfo=UTC).timestamp())

    def _yearless(self, day: str) -> int:
        """Midnight of the year nearest to the stamp before; the log's first year comes from outside."""
        self.has_yearless = True
        month, number = int(day[:2]), int(day[3:])
        if self.last is not None:
            near = self.last
        elif self.year is None and self.beside is not None:
            near = self.beside
        elif self.year is not None:
            near = datetime(self.year, month, 1, tzinfo=UTC).timestamp()
        else:
            raise SourceError(
                "Its times have no year, and nothing in it tells one; give that of its first: --log-year 2025, or `year` of the source."
            )
        years = (datetime.fromtimestamp(near, UTC).year + step for step in (-1, 0, 1))
        midnights = [m for year in years if (m := _midnight(year, month, number)) is not None]
        if not midnights:
            raise ValueError(day)
        return min(midnights, key=lambda midnight: abs(midnight - near))

    def _near_a_change(self, wall: float) -> float:
        first, second = (wall - _offset(wall, self.zone, fold) for fold in (0, 1))
        if first >= second:
            return first
        self.twice_count += 1
        if self.last is not None and first < self.last - SLACK_SECONDS:
            self.is_told_apart = True
            return second
        self.or_else = second
        return first

    def by_duration(self, started: float, lasted: float) -> float | None:
        """The second occurrence of the last stamp, where a run of `lasted` seconds from `started` ends there."""
        if self.or_else is None or abs(started + lasted - self.or_else) > SLACK_SECONDS:
            return None
        self.last, self.is_told_apart = self.or_else, True
        return self.or_else


def _midnight(year: int, month: int, day: int) -> int | None:
    try:
        return int(datetime(year, month, day, tzinfo=UTC).timestamp())
    except ValueError:
        return None


def _east(zone: str) -> int:
    if zone == "Z":
        return 0
    digits = zone[1:].replace(":", "")
    return (int(digits[:2]) * 3600 + int(digits[2:]) * 60) * (-1 if zone[0] == "-" else 1)


def _offset(wall: float, zone: ZoneInfo | None, fold: int) -> int:
    local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=wall)).replace(tzinfo=zone, fold=fold)
    return int((local.utcoffset() or timedelta()).total_seconds())


def _one_offset(hour: float, zone: ZoneInfo | None) -> int | None:
    """The offset that holds the whole hour, None where there are several."""
    offsets = {_offset(hour + minute * 60, zone, fold) for minute in (0, 15, 30, 45, 59) for fold in (0, 1)}
    return offsets.pop() if len(offsets) == 1 else None


def first_moment(head: bytes) -> float | None:
    """The first stamp with a year anywhere in the beginning of a log, to a day."""
    found = re.search(rb"\b(?:20|19)\d\d-[01]\d-[0-3]\d(?=[ T]\d\d:\d\d:\d\d)", head)
    return _instant(f"{found[0].decode()}T12:00:00+00:00") if found else None


def _instant(text: str) -> float | None:
    """Epoch seconds; None for what is no time."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return None
