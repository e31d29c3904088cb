"""Bins of a chart over time: cut by the display zone's clock, so that two runs minutes apart share every closed one."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from gpuledger.model.errors import UsageError
from gpuledger.model.period import Period, midnight, tzinfo

MOST_BINS = 50_000
"""More is a mistyped width."""
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


def edges(period: Period, width: timedelta, zone: str) -> tuple[datetime, ...]:
    """From the period's start to its end, cut where the zone's clock begins a new bin; bins of n days
    begin at every n-th midnight in the period. Raises UsageError for too many.
    """
    if period.seconds / width.total_seconds() > MOST_BINS:
        raise UsageError(f"{period} holds more than {MOST_BINS:,} bins of that length; choose a longer `bin`.")
    inside = []
    for edge in clock_edges(period.start, width, zone):
        if edge >= period.end:
            break
        if edge > period.start:
            inside.append(edge)
    return (period.start, *inside[:: max(1, width // _DAY)], period.end)


def clock_edges(start: datetime, width: timedelta, zone: str) -> Iterator[datetime]:
    """Every edge from the midnight before `start` on, without end."""
    day = start.astimezone(tzinfo(zone)).date()
    while True:
        yield from _of_day(day, width, zone)
        day += _DAY


def _of_day(day: date, width: timedelta, zone: str) -> Iterator[datetime]:
    """Up to an hour by elapsed time, so that the repeated hour is told twice; longer ones by the clock on the wall."""
    first, last = midnight(day, zone), midnight(day + _DAY, zone)
    if width <= _HOUR:
        edge = first
        while edge < last:
            yield edge
            edge += width
        return
    rules = tzinfo(zone)
    on_clock = (_instant(day, width * number, rules) for number in range(round(_DAY / width)))
    yield from sorted({edge for edge in on_clock if first <= edge < last} | {first})


def _instant(day: date, since: timedelta, rules: ZoneInfo) -> datetime:
    clock = datetime(day.year, day.month, day.day) + since  # noqa: DTZ001 - the wall clock of the zone, made an instant
    return clock.replace(tzinfo=rules).astimezone(UTC)
