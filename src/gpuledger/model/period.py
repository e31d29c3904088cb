"""Period algebra: half-open [start, end) in UTC, cut by the calendar of a display zone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gpuledger.model.errors import UsageError

By = Literal["hour", "day", "week", "month", "quarter", "year"]
Kind = Literal["span", "last", "all", "day", "week", "month", "quarter", "year", "fiscal"]

_LAST = re.compile(r"(\d{1,9})\s*(min|h|d|w)")
_STEP = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_MONTHS: dict[str, int] = {"month": 1, "quarter": 3, "year": 12, "fiscal": 12}


@dataclass(frozen=True)
class Period:
    """[start, end) between two UTC instants; `zone` names the calendar it was spoken in.

    A job over an edge belongs to each side by its overlap. `kind` tells what "the previous" one is.
    """

    start: datetime
    end: datetime
    zone: str = "UTC"
    kind: Kind = "span"

    def __post_init__(self) -> None:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise UsageError("A period needs instants with a zone.")
        # Python compares and subtracts two instants of one zone by the wall clock, wrong over a DST night: UTC first.
        object.__setattr__(self, "start", self.start.astimezone(UTC))
        object.__setattr__(self, "end", self.end.astimezone(UTC))
        if self.end <= self.start:
            raise UsageError(f"The period ends ({self.end.isoformat()}) before it begins ({self.start.isoformat()}).")

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()

    @property
    def naive(self) -> tuple[datetime, datetime]:
        """(start, end) as naive UTC: what metric expressions compare with."""
        return self.start.replace(tzinfo=None), self.end.replace(tzinfo=None)

    def overlap_seconds(self, start: datetime, end: datetime) -> float:
        """Seconds of [start, end) inside the period, 0 when apart."""
        return max(0.0, (min(end, self.end) - max(start, self.start)).total_seconds())

    def previous(self) -> "Period":
        """The period of the same kind that ends where this one begins."""
        local = self.start.astimezone(tzinfo(self.zone))
        if self.kind in _MONTHS:
            return Period(_month_start(local, -_MONTHS[self.kind]), self.start, self.zone, self.kind)
        if self.kind in ("day", "week"):
            before = local.date() - timedelta(days=7 if self.kind == "week" else 1)
            if midnight(before, self.zone) == self.start:  # a day the zone left out (Samoa, 2011-12-30)
                before -= timedelta(days=1)
            return Period(midnight(before, self.zone), self.start, self.zone, self.kind)
        return Period(self.start - (self.end - self.start), self.start, self.zone, self.kind)

    def split(self, by: By) -> Iterator["Period"]:
        """The calendar's parts of the period, first and last cut to it; they add up to the whole."""
        start = self.start
        while start < self.end:
            end = min(next_edge(start, by, self.zone), self.end)
            yield Period(start, end, self.zone, "span")
            start = end

    def __str__(self) -> str:
        start, end = (t.astimezone(tzinfo(self.zone)) for t in (self.start, self.end))
        return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} {self.zone}"


def tzinfo(zone: str) -> ZoneInfo:
    """The zone's rules. Raises UsageError for a name the zone database does not know."""
    try:
        return ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"There is no time zone {zone!r}; use a name such as Europe/Berlin or UTC.") from None


def midnight(day: date, zone: str) -> datetime:
    """The first instant of `day` in `zone`, as UTC (where midnight is skipped, the moment the clock jumps)."""
    return datetime(day.year, day.month, day.day, tzinfo=tzinfo(zone)).astimezone(UTC)


def _month_start(local: datetime, step: int) -> datetime:
    number = local.year * 12 + local.month - 1 + step
    return midnight(date(number // 12, number % 12 + 1, 1), str(local.tzinfo))


def next_edge(moment: datetime, by: By, zone: str) -> datetime:
    """The first edge of the calendar strictly after `moment`, as UTC."""
    local = moment.astimezone(tzinfo(zone))
    if by == "hour":
        past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return moment.astimezone(UTC) - past + timedelta(hours=1)
    if by == "day":
        edge = midnight(local.date() + timedelta(days=1), zone)
        # where clocks went back over midnight (St John's, until 2011) that edge may lie behind us
        return edge if edge > moment else midnight(local.date() + timedelta(days=2), zone)
    if by == "week":
        return midnight(local.date() + timedelta(days=7 - local.weekday()), zone)
    span = {"month": 1, "quarter": 3, "year": 12}[by]
    return _month_start(local, span - (local.month - 1) % span)


def label(moment: datetime, by: By, zone: str) -> str:
    """The calendar's name of the part that `moment` lies in: 2026-05-01, 2026-W18, 2026-05, 2026-Q2, 2026.

    An hour carries its offset, so that the repeated hour of a DST night has two names.
    """
    local = moment.astimezone(tzinfo(zone))
    if by == "hour":
        return local.strftime("%Y-%m-%dT%H:00%z")
    if by == "week":
        year, week, _ = local.isocalendar()
        return f"{year}-W{week:02d}"
    if by == "quarter":
        return f"{local.year}-Q{(local.month + 2) // 3}"
    return local.strftime({"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}[by])


BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Before anything any source tells of."""
ENDING = datetime(2100, 1, 1, tzinfo=UTC)
"""After it: a stamp outside of the two is damage."""


def last(text: str, now: datetime, zone: str = "UTC") -> Period:
    """The last `24h`, `7d`, `2w`, `90min` before `now`; `all` is everything before it."""
    if text.strip() == "all":
        return Period(BEGINNING, now, zone, "all")
    match = _LAST.fullmatch(text.strip())
    if not match or int(match[1]) == 0:
        raise UsageError(f"{text!r} is not a length of time; write 24h, 7d, 2w, 90min or all.")
    try:
        return Period(now - int(match[1]) * _STEP[match[2]], now, zone, "last")
    except OverflowError:
        raise UsageError(f"{text!r} reaches further back than the calendar.") from None


def as_utc(value: Any) -> Any:
    """A moment with its zone, where a store answers it as naive UTC; any other value as it is."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def parse_instant(text: str, zone: str = "UTC") -> datetime:
    """A date or stamp as UTC. With Z or an offset it is as written, else it is read in `zone`."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=tzinfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        hint = "write 2026-05-01 or 2026-05-01T08:00 (Z or +02:00 may follow)"
        raise UsageError(f"{text!r} is not a date; {hint}.") from None


def between(start: str, end: str, zone: str = "UTC") -> Period:
    """From one date or stamp to another, the second excluded."""
    return Period(parse_instant(start, zone), parse_instant(end, zone), zone)


def named(text: str, zone: str = "UTC", fiscal_start_month: int = 10) -> Period:
    """A calendar period by name: 2026-05-01, 2026-W20, 2026-05, 2026-Q2, 2026, FY2026.

    A fiscal year carries the number of the calendar year it ends in (`fiscal_start_month` 1: the same year).
    """
    for pattern, kind in _NAMES:
        if match := re.fullmatch(pattern, text.strip(), re.IGNORECASE):
            try:
                first = _first_day(kind, [int(g) for g in match.groups()], fiscal_start_month)
                return _calendar(kind, first, zone)
            except (ValueError, OverflowError):
                break
    raise UsageError(f"{text!r} is not a period; write 2026-05, 2026-05-01, 2026-W20, 2026-Q2, 2026 or FY2026.")


_NAMES: tuple[tuple[str, Kind], ...] = (
    (r"(\d{4})-(\d{2})-(\d{2})", "day"),
    (r"(\d{4})-W(\d{2})", "week"),
    (r"(\d{4})-Q([1-4])", "quarter"),
    (r"(\d{4})-(\d{2})", "month"),
    (r"FY(\d{4})", "fiscal"),
    (r"(\d{4})", "year"),
)


def _first_day(kind: Kind, parts: list[int], fiscal_start_month: int) -> date:
    match kind:
        case "day":
            return date(*parts)
        case "week":
            return date.fromisocalendar(parts[0], parts[1], 1)
        case "quarter":
            return date(parts[0], parts[1] * 3 - 2, 1)
        case "month":
            return date(parts[0], parts[1], 1)
        case "fiscal":
            return date(parts[0] - (fiscal_start_month > 1), fiscal_start_month, 1)
        case _:
            return date(parts[0], 1, 1)


def _calendar(kind: Kind, first: date, zone: str) -> Period:
    start = midnight(first, zone)
    if kind in _MONTHS:
        end = _month_start(datetime(first.year, first.month, 1, tzinfo=tzinfo(zone)), _MONTHS[kind])
    else:
        end = midnight(first + timedelta(days=7 if kind == "week" else 1), zone)
    return Period(start, end, zone, kind)
