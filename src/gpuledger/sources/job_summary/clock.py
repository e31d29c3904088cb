"""Naive local stamps of one row as UTC: the hour that occurs twice is told apart by the row's own order, or not at all."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import product

from gpuledger.model.period import tzinfo

FIRM = ("Submit Time", "Transfer Input Start Time", "Transfer Input End Time", "Start Time", "End Time")
"""No stamp of an execution lies before an earlier one of these; a hold or eviction may stand anywhere after the start."""


class Undecided(ValueError):
    """A local time that the zone never showed, or showed twice with nothing that tells which is meant."""


def in_utc(local: Mapping[str, datetime], zone: str) -> dict[str, datetime | None]:
    """Each stamp as UTC. One that occurs twice is None where it does not matter, else the row is `Undecided`."""
    choices = {name: _readings(name, moment, zone) for name, moment in local.items()}
    if all(len(readings) == 1 for readings in choices.values()):
        return {name: readings[0] for name, readings in choices.items()}
    return _told_apart(choices, zone)


def _readings(name: str, moment: datetime, zone: str) -> tuple[datetime, ...]:
    """The one or two instants at which the zone's clock showed the moment."""
    if moment.tzinfo is not None:
        return (moment,)
    quarter = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
    offsets = _offsets(quarter, zone)
    if not offsets:
        raise Undecided(f"{name} is in the hour the clock skipped in {zone}")
    return tuple((moment - offset).replace(tzinfo=UTC) for offset in offsets)


@lru_cache(maxsize=2**16)
def _offsets(quarter: datetime, zone: str) -> tuple[timedelta, ...]:
    """What the zone's clock was ahead of UTC in a quarter of an hour (every zone changes on one): none, one or two."""
    rules = tzinfo(zone)
    shown = {}
    for fold in (0, 1):
        local = quarter.replace(tzinfo=rules, fold=fold)
        if local.astimezone(UTC).astimezone(rules).replace(tzinfo=None) == quarter:
            shown[local.utcoffset() or timedelta()] = True
    return tuple(shown)


def _told_apart(choices: Mapping[str, tuple[datetime, ...]], zone: str) -> dict[str, datetime | None]:
    names = [name for name in FIRM if name in choices]
    ways = [dict(zip(names, way, strict=True)) for way in product(*(choices[name] for name in names))]
    fitting = [way for way in ways if list(way.values()) == sorted(way.values())] or ways
    told: dict[str, datetime | None] = {name: _only({way[name] for way in fitting}) for name in names}
    if any(told.get(name, 0) is None for name in ("Start Time", "End Time")):
        raise Undecided(f"its start or end falls into the hour that occurs twice in {zone} and cannot be told apart")
    return {name: told[name] if name in told else _only(set(choices[name])) for name in choices}


def _only(readings: set[datetime]) -> datetime | None:
    return readings.pop() if len(readings) == 1 else None
