"""The clock of an access point: how its local stamps become UTC, by all that its logs tell together.

One log was read in a zone that people gave, another proves an offset, a third tells local times only: they are logs of
one machine and must agree on its clock. What each log knows is a row of `clocks`; the rule is made of all of them.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from gpuledger.model.period import as_utc, tzinfo

QUARTER_SECONDS = 900
"""Clocks change at quarters of an hour."""
MONTH_SECONDS = 30 * 86400
"""Nearly every zone with summer time keeps one offset between two changes; a month away is not proven."""
SOLID = 3
"""So many events in a row that prove one offset are no accident: an event may be written long after what it tells of."""
Knowledge = tuple[str, float, float, int]
"""Zone given, or offset proven (`UTC-06:00`); the first and the last stamp it is known of, local ones as if they were UTC;

how many events prove it.
"""


Run = tuple[int, float, float, int]
"""Seconds east, first and last stamp, count of events that prove one offset."""


def offset_name(east: int) -> str:
    """`UTC-06:00` of an offset in seconds."""
    return f"UTC{'-' if east < 0 else '+'}{abs(east) // 3600:02}:{abs(east) % 3600 // 60:02}"


@dataclass(frozen=True)
class LocalClock:
    """How local stamps are read: in `zone`, else each with the offset that is proven nearest to it, else as UTC.

    `offsets` are (stamp from which it holds, seconds east of UTC), in their order; the first holds for all before too.
    """

    zone: str | None = None
    offsets: tuple[tuple[float, int], ...] = ()
    proven: tuple[float, float] | None = field(default=None, compare=False)
    """The first and the last stamp that proves an offset."""
    _quarters: dict[int, tuple[int, ...]] = field(default_factory=dict, compare=False, repr=False)

    def utc(self, wall: float) -> float:
        """A local stamp, told as if it were UTC, as UTC; of one that occurs twice the first."""
        return wall - self._east(wall)[0]

    def readings(self, wall: float) -> list[float]:
        """The one or two moments at which the clock showed it, the earlier first."""
        return [wall - east for east in self._east(wall)]

    def local(self, moment: float) -> float:
        """What the clock showed then."""
        if self._rules:
            here = datetime.fromtimestamp(moment, UTC).astimezone(self._rules)
            return moment + (here.utcoffset() or timedelta()).total_seconds()
        walls = [moment + east for _, east in self.offsets]
        return next((wall for wall in walls if self.utc(wall) == moment), moment if not walls else walls[0])

    def _east(self, wall: float) -> tuple[int, ...]:
        quarter = int(wall // QUARTER_SECONDS)
        found = self._quarters.get(quarter)
        if found is None or len(self.offsets) > 1:
            found = self._quarters[quarter] = self._looked_up(wall)
        return found

    def _looked_up(self, wall: float) -> tuple[int, ...]:
        if self._rules:
            local = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=wall)).replace(tzinfo=self._rules)
            offsets = [local.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1)]
            first, second = (int(offset.total_seconds()) for offset in offsets)
            return (first, second) if first > second else (first,)
        if not self.offsets:
            return (0,)
        return (self.offsets[max(bisect_right(self.offsets, (wall, 2**31)) - 1, 0)][1],)

    @cached_property
    def _rules(self) -> ZoneInfo | None:
        return tzinfo(self.zone) if self.zone else None


UNKNOWN = LocalClock()


def local_clocks(rows: pa.Table) -> Mapping[str, LocalClock]:
    """The clock of each access point that rows of `clocks` tell about."""
    known: dict[str, list[Knowledge]] = {}
    for row in rows.select(["cluster", "zone", "time", "observed_at", "row_count"]).to_pylist():
        told = (row["zone"], _seconds(row["time"]), _seconds(row["observed_at"]), row["row_count"] or 0)
        known.setdefault(row["cluster"], []).append(told)
    return {cluster: clock_of(told) for cluster, told in known.items()}


def clock_of(known: Iterable[Knowledge]) -> LocalClock:
    """A zone that people gave holds where it is the only one and agrees with every proof; else the proofs do."""
    told = list(known)
    given = {zone for zone, *_ in told if _proven(zone) is None}
    runs = [(east, first, last, count) for zone, first, last, count in told if (east := _proven(zone)) is not None]
    proofs = sorted({(wall, run[0]) for run in runs if not _is_late(run, runs) for wall in run[1:3]})
    if len(given) == 1:
        zone = LocalClock(given.pop())
        if all(wall - east in zone.readings(wall) for wall, east in proofs):
            return zone
    return LocalClock(None, _changes(proofs), (proofs[0][0], proofs[-1][0]) if proofs else None)


def how(clock: LocalClock, name: str, since: float, until: float) -> str:
    """What a reader must know of how the local times of `name`, from `since` to `until`, were read."""
    if clock.zone:
        return f"{name} has local times; they were read in {clock.zone}, in which another log of its access point was given."
    if not clock.offsets:
        return f"{name} has local times and nobody said their zone; read as UTC (--zone tells it)."
    names = " and ".join(dict.fromkeys(offset_name(east) for _, east in clock.offsets))
    said = f"The times of {name} were read as {names}, because events of its access point also tell UTC"
    if len(clock.offsets) > 1:
        return f"{said}; each by the event nearest to it, so around a change of clocks they may be an hour off: give --zone."
    if clock.proven and (since < clock.proven[0] - MONTH_SECONDS or until > clock.proven[1] + MONTH_SECONDS):
        return f"{said}. It reaches far from them: where the clocks changed times are off by an hour; give --zone."
    return f"{said}."


def _is_late(run: Run, runs: list[Run]) -> bool:
    """Few events that seem to prove an offset further east than others near them were only written late."""
    east, first, last, count = run
    return count < SOLID and any(
        other[0] < east and other[1] < last + MONTH_SECONDS and other[2] > first - MONTH_SECONDS for other in runs
    )


def _changes(proofs: list[tuple[float, int]]) -> tuple[tuple[float, int], ...]:
    """An offset holds from half way between the proofs on both sides of a change."""
    if not proofs:
        return ()
    changed = [((a + b) / 2, east) for (a, before), (b, east) in pairwise(proofs) if before != east]
    return ((float("-inf"), proofs[0][1]), *changed)


def _proven(zone: str) -> int | None:
    """Seconds east of `UTC-06:00`; None for a zone's name."""
    if len(zone) != 9 or not zone.startswith("UTC") or zone[3] not in "+-":
        return None
    return (int(zone[4:6]) * 3600 + int(zone[7:]) * 60) * (-1 if zone[3] == "-" else 1)


def _seconds(moment: Any) -> float:
    return float(as_utc(moment).timestamp())
