"""Naive local stamps of one row as UTC: the hour that occurs twice is told apart by the row's own order; else it is the first."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import product

from gpuledger.model.period import tzinfo

FIRM = ("Submit Time", "Transfer Input Start Time", "Transfer Input End Time", "Start Time", "End Time")
"""No stamp of an execution lies before an earlier one of these; a hold or eviction may stand anywhere after the start."""

BOUNDS = ("Start Time", "End Time")
"""Without these a row is no attempt."""


class NeverShown(ValueError):
    """A local time that the zone's clock skipped."""


def in_utc(local: Mapping[str, datetime], zone: str) -> tuple[dict[str, datetime | None], bool]:
    """Each stamp as UTC, and whether the start or the end may be an hour later: it occurs twice, nothing tells which is
    meant, and the first is taken. Another that cannot be told apart is None. Raises `NeverShown`."""
    choices = {name: _readings(name, moment, zone) for name, moment in local.items()}
    if all(len(readings) == 1 for readings in choices.values()):
        return {name: readings[0] for name, readings in choices.items()}, False
    return _told_apart(choices)


def _readings(name: str, moment: datetime, zone: str) -> tuple[datetime, ...]:
    """The one or two instants at which the zone's clock showed the moment."""
    if moment.tzinfo is not None:
        return (moment,)
    quarter = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
    offsets = _offsets(quarter, zone)
    if not offsets:
        raise NeverShown(f"{name} is in the hour the clock skipped in {zone}")
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


def _told_apart(choices: Mapping[str, tuple[datetime, ...]]) -> tuple[dict[str, datetime | None], bool]:
    names = [name for name in FIRM if name in choices]
    ways = [dict(zip(names, way, strict=True)) for way in product(*(choices[name] for name in names))]
    fitting = [way for way in ways if list(way.values()) == sorted(way.values())] or ways
    told = {name: _only({way[name] for way in fitting} if name in names else set(choices[name])) for name in choices}
    guessed = [name for name in BOUNDS if name in names and told[name] is None]
    return told | {name: fitting[0][name] for name in guessed}, bool(guessed)


def _only(readings: set[datetime]) -> datetime | None:
    return readings.pop() if len(readings) == 1 else None
