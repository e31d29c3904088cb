"""Cron expressions for clocks that are not ours: another zone's, and systemd's."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from gpuledger.model.errors import UsageError
from gpuledger.model.period import tzinfo

_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_FULL = {"minutes": 60, "hours": 24, "days": 31, "months": 12, "weekdays": 7}


def is_same_clock(zone: str, other: str, now: datetime) -> bool:
    """Do both show the same time now and through the year to come?"""
    one, two = tzinfo(zone), tzinfo(other)
    moments = (now.astimezone(UTC) + timedelta(days=day) for day in range(366))
    return zone == other or all(
        moment.astimezone(one).utcoffset() == moment.astimezone(two).utcoffset() for moment in moments
    )


def by_clock_of(machine: str, at: str, zone: str, now: datetime) -> tuple[str, str]:
    """When a cron that goes by the clock of `machine` must ask, and why so often ('' when just at that time).

    A cron knows one zone, and the difference to another changes with the seasons: then it asks every hour, at the minute
    that fits, and the command finds out whether its time has come.
    """
    if is_same_clock(zone, machine, now) or at.split()[1:] == ["*"] * 4 and not _minutes_apart(zone, machine, now):
        return at, ""
    minute = at.split()[0]
    shifted = str((int(minute) - _minutes_apart(zone, machine, now)) % 60) if minute.isdigit() else "*/5"
    return f"{shifted} * * * *", f"cron here goes by {machine}: asked every hour, done once"


def _minutes_apart(zone: str, machine: str, now: datetime) -> int:
    """Minutes within the hour by which `zone` is ahead of `machine`."""
    ahead = _offset(tzinfo(zone), now) - _offset(tzinfo(machine), now)
    return int(ahead.total_seconds() // 60) % 60


def _offset(zone: ZoneInfo, now: datetime) -> timedelta:
    return now.astimezone(zone).utcoffset() or timedelta()


def calendar(at: str, zone: str | None) -> list[str]:
    """The same as systemd's `OnCalendar=`: two lines where cron means "this day of the month, or that of the week".

    Raises UsageError for what systemd cannot say (L, #).
    """
    from cronsim import CronSim

    told = CronSim(at, datetime(2026, 1, 1, tzinfo=UTC))
    named = [day for day in told.weekdays if isinstance(day, int)]
    if len(named) < len(told.weekdays) or any(day < 1 for day in told.days):
        raise UsageError(f"{at!r} names a day that systemd cannot tell of; use cron, or write it without L and #.")
    clock = f"{_listed('hours', told.hours)}:{_listed('minutes', told.minutes)}:00"
    dates = [f"*-{_listed('months', told.months)}-{_listed('days', told.days)}"]
    weekdays = ",".join(_DAYS[day] for day in sorted({day % 7 for day in named}))
    if len({day % 7 for day in named}) == _FULL["weekdays"]:
        lines = [f"{dates[0]} {clock}"]
    elif len(told.days) == _FULL["days"]:
        lines = [f"{weekdays} {dates[0]} {clock}"]
    else:
        lines = [f"{dates[0]} {clock}", f"{weekdays} *-{_listed('months', told.months)}-* {clock}"]
    return [f"{line} {zone}" if zone else line for line in lines]


def _listed(part: str, values: Iterable[int]) -> str:
    told = sorted(set(values))
    return "*" if len(told) == _FULL[part] else ",".join(f"{one:02d}" for one in told)
