"""Numbers, lengths of time and instants inside a report's sentences; they read as the same numbers do in its tables.

`tests/reports/test_words.py` holds these to the renderers' formatter.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from gpuledger.model.period import Period, tzinfo

SPACE = "\u202f"
"""The narrow no-break space between a number and its unit."""


def amount(value: float) -> str:
    """29,197 · 12.4 · 3.18 · 0: fewer decimals the larger it is."""
    return _rounded(value, _digits(value))


def amounts(values: Iterable[float]) -> Callable[[float], str]:
    """`amount` with the decimals of the largest of these, for amounts that stand below each other."""
    digits = _digits(max(map(abs, values), default=0.0))
    return lambda value: _rounded(value, digits if value else 0)


def gpus(value: float) -> str:
    """58.6 · 1,204: a number of GPUs that may be a mean."""
    return _rounded(value, 0 if value == 0 or abs(value) >= 1000 else 1)


def count(value: float) -> str:
    return _rounded(value, 0)


def percent(ratio: float) -> str:
    """0.222 → 22.2 %; never 100 % by rounding alone."""
    if 0.9995 <= ratio < 1:
        return f"99.9{SPACE}%"
    return _rounded(ratio * 100, 0 if ratio in (0, 1) or ratio > 1 else 1) + f"{SPACE}%"


def duration(seconds: float) -> str:
    """21 min, 37 h 30 min, 4 d 6 h."""
    whole = int(seconds + 0.5)
    if whole < 60:
        return f"{whole}{SPACE}s"
    if whole < 3600:
        return f"{whole // 60}{SPACE}min"
    big, small, names = (whole // 3600, whole % 3600 // 60, ("h", "min"))
    if whole >= 172_800:
        big, small, names = (whole // 86_400, whole % 86_400 // 3600, ("d", "h"))
    rest = f" {small:02d}{SPACE}min" if names[1] == "min" else f" {small}{SPACE}h"
    return f"{big:,}{SPACE}{names[0]}" + (rest if small else "")


def day(moment: datetime, zone: str) -> str:
    """1 Nov 2026."""
    local = moment.astimezone(tzinfo(zone))
    return f"{local.day} {local:%b %Y}"


def stamp(moment: datetime, zone: str) -> str:
    """16 Nov 2026 14:00."""
    return f"{day(moment, zone)} {moment.astimezone(tzinfo(zone)):%H:%M}"


def of_period(period: Period) -> str:
    """How people call it: "last 30 d", "May 2026", "4 May 2026", "1 May 2026 to 7 May 2026 08:00"."""
    start = period.start.astimezone(tzinfo(period.zone))
    match period.kind:
        case "last":
            return f"last {length(period)}"
        case "month":
            return f"{start:%B %Y}"
        case "day":
            return day(start, period.zone)
        case "week":
            return f"week {start.isocalendar().week} of {start.isocalendar().year}"
        case "quarter":
            return f"quarter {(start.month + 2) // 3} of {start.year}"
        case "year":
            return f"{start.year}"
        case "fiscal":
            return f"fiscal year from {day(start, period.zone)}"
        case _:
            return f"{_edge(period.start, period.zone)} to {_edge(period.end, period.zone)}"


def _edge(moment: datetime, zone: str) -> str:
    local = moment.astimezone(tzinfo(zone))
    return day(moment, zone) if (local.hour, local.minute) == (0, 0) else stamp(moment, zone)


def length(period: Period) -> str:
    """30 d, 24 h, 90 min: the period's length in its own words."""
    seconds = round(period.seconds)
    if seconds >= 172_800 and seconds % 86_400 == 0:
        return f"{seconds // 86_400}{SPACE}d"
    return duration(seconds)


def previous(period: Period) -> str:
    """The earlier period a number is compared with: "previous 30 d", "April 2026"."""
    before = period.previous()
    return f"previous {length(period)}" if period.kind in ("last", "span") else of_period(before)


def plural(value: float, one: str, many: str = "") -> str:
    """1 job, 2 jobs."""
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def every(value: float, one: str) -> str:
    """All 2 hosts; of one it is said without its number."""
    return "All" if value == 1 else f"All {plural(value, one)}"


def inside(label: str) -> str:
    """A label within a sentence: "User" is "user", "GPU model" and "QoS" stay."""
    head = label.partition(" ")[0]
    return label[0].lower() + label[1:] if head[1:].islower() else label


def _digits(value: float) -> int:
    return 0 if value == 0 or abs(value) >= 100 else 1 if abs(value) >= 10 else 2


def _rounded(value: float, digits: int) -> str:
    smallest = Decimal(1).scaleb(-digits)
    exact = Decimal(repr(float(value)))
    if exact and abs(exact) < smallest / 2:
        return ("−" if exact < 0 else "") + f"<{smallest:.{digits}f}"
    text = f"{abs(exact).quantize(smallest, ROUND_HALF_UP):,.{digits}f}"
    return "−" + text if exact < 0 else text
