"""The layout with a row a poll: polls in UTC, and rows put together to intervals."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

from gpuledger.model.problems import Problem
from gpuledger.sources.job_pressure.rows import JOB, POLL, Interval, refused, text

Seen = tuple[Mapping[str, Any], Interval]
GAP_PERIODS = 2
"""A job that this many polls did not find is waiting anew when it comes back."""
SWEPT_AT = 10_000
"""So many intervals are held before the first look for those that are over."""


@dataclass(frozen=True)
class Polls:
    """Every poll that found a job: its stamp as written, its moment (seconds since 1970, None: not known)."""

    moments: Mapping[Any, float | None]
    has_local: bool

    @property
    def known(self) -> list[float]:
        return sorted({moment for moment in self.moments.values() if moment is not None})

    def period(self, told: float | None) -> float | None:
        """The nominal time between polls: as configured, else their median spacing."""
        return told or (median(b - a for a, b in pairwise(self.known)) if len(self.known) > 1 else None)


def polls(stamps: Iterable[Any], zone: str) -> Polls:
    """Stamps in the order they were written: where the clock went back, an hour began for the second time."""
    told = [(stamp, _read(stamp)) for stamp in stamps]
    local = [at for _, at in told if at is not None and at.tzinfo is None]
    turn = _turn(local, ZoneInfo(zone))
    seen_local, moments = 0, {}
    for stamp, at in told:
        is_local = at is not None and at.tzinfo is None
        moments[stamp] = None if at is None else _utc(at, ZoneInfo(zone), seen_local, turn)
        seen_local += is_local
    return Polls(moments, bool(local))


def _read(stamp: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(stamp).strip())
    except ValueError:
        return None


def _turn(local: list[datetime], zone: ZoneInfo) -> int | None:
    """Place of the first stamp after the clock went back; None where it was not seen to, or more than once."""
    places = [
        place
        for place, (before, after) in enumerate(pairwise(local), 1)
        if after < before and _is_twice(before, zone) and _is_twice(after, zone)
    ]
    return places[0] if len(places) == 1 else None


def _is_twice(at: datetime, zone: ZoneInfo) -> bool:
    first, second = (at.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second


def _utc(at: datetime, zone: ZoneInfo, place: int, turn: int | None) -> float | None:
    if at.tzinfo:
        return at.timestamp()
    aware = at.replace(tzinfo=zone)
    if _is_twice(at, zone):
        return None if turn is None else aware.replace(fold=int(place >= turn)).timestamp()
    is_real = aware.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == at
    return aware.timestamp() if is_real else None


def intervals(rows: Iterable[Mapping[str, Any]], told: Polls, period: float | None) -> Iterator[Seen | Problem]:
    """Each interval when it is over, with the row that told the job last; rows come as the polls were made."""
    open_ = _Open(GAP_PERIODS * (period or 0))
    for row in rows:
        job, moment = text(row[JOB]), told.moments.get(row[POLL])
        if not job or moment is None:
            yield refused(row, "it names no job" if not job else "the time of its poll is not known")
        else:
            yield from open_.add(job, row, moment)
    yield from open_.rest()


class _Open:
    """Intervals that may still go on; those that cannot are let go now and then, so that memory stays that of a poll."""

    def __init__(self, allowed: float) -> None:
        self._allowed = allowed
        self._waiting: dict[str, Seen] = {}
        self._full = SWEPT_AT

    def add(self, job: str, row: Mapping[str, Any], moment: float) -> Iterator[Seen]:
        interval = Interval(moment, moment)
        if before := self._waiting.get(job):
            old = before[1]
            if old.first - self._allowed <= moment <= old.last + self._allowed:
                interval = Interval(min(old.first, moment), max(old.last, moment), old.rows + 1)
            else:
                yield before
        self._waiting[job] = row, interval
        if len(self._waiting) > self._full:
            yield from self._over(moment - self._allowed)
            self._full = 2 * len(self._waiting) + SWEPT_AT

    def _over(self, before: float) -> Iterator[Seen]:
        for job in [job for job, (_, interval) in self._waiting.items() if interval.last < before]:
            yield self._waiting.pop(job)

    def rest(self) -> Iterator[Seen]:
        yield from self._waiting.values()
