"""Scales, ticks and the gutters they need."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from gpuledger.model.chart import Axis, Chart
from gpuledger.model.period import midnight, tzinfo
from gpuledger.render.figure.drawing import Cells, Item, Room, Stroke, Words
from gpuledger.render.format import SPACE, column_digits, day, duration, number

ABOVE, BELOW = 24.0, 24.0
_LABEL_ROOM = 64.0
_EDGE = 24.0
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0
_CLOCK = (300.0, 900.0, 1800.0, _HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR)
_DAYS = (1, 2, 5, 7, 14)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)
_LENGTHS = tuple(
    step * unit
    for unit, steps in ((1.0, (1, 2, 5, 10, 15, 30)), (_MINUTE, (1, 2, 5, 10, 15, 30)), (_HOUR, (1, 2, 3, 6, 12)))
    for step in steps
) + tuple(_DAY * step for step in (1, 2, 5, 10, 20, 50, 100))


@dataclass(frozen=True)
class Scale:
    """Amounts to fractions: linear, or logarithmic when `is_log`."""

    low: float
    high: float
    is_log: bool = False

    def at(self, value: float) -> float:
        """0 at `low`, 1 at `high`."""
        if self.is_log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / ((self.high - self.low) or 1.0)


@dataclass(frozen=True)
class TimeScale:
    """Instants to fractions of [start, end]."""

    start: datetime
    end: datetime

    def at(self, moment: datetime) -> float:
        """Clamped to the axis, so an interval that leaves it is cut at its edge."""
        return min(max((moment - self.start) / (self.end - self.start), 0.0), 1.0)


def bin_edges(axis: Axis, bin_seconds: float | None) -> list[datetime]:
    """Left edges of time bins, closed by the end of the last one."""
    edges = [value for value in axis.values if isinstance(value, datetime)]
    if not edges:
        return []
    if bin_seconds is not None:
        return [*edges, edges[-1] + timedelta(seconds=bin_seconds)]
    return [*edges, edges[-1] + (edges[-1] - edges[-2] if len(edges) > 1 else timedelta(days=1))]


def value_ticks(top: float, unit: str, most: int = 4) -> list[float]:
    """Round amounts from 0 to `top`, at most `most` steps."""
    if top <= 0:
        return [0.0]
    step = _step(top / most, unit)
    return [step * i for i in range(int(top / step * 1.0001) + 1)]


def _step(raw: float, unit: str) -> float:
    """The round amount next to `raw`; counts have no halves."""
    if unit == "second":
        return _length_step(raw)
    step = _round_step(raw)
    return step if unit != "count" or step % 1 == 0 else next(whole for whole in (1.0, 2.0, 5.0) if whole >= step)


def _round_step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    return next((k * power for k in (1, 2, 2.5, 5, 10) if k * power >= raw * 0.9999), 10 * power)


def _length_step(raw: float) -> float:
    return next((step for step in _LENGTHS if step >= raw), _round_step(raw / _DAY) * _DAY)


def range_ticks(scale: Scale, unit: str, most: int = 9) -> list[float]:
    """Round amounts inside [low, high]: 1, 2, 5 of each decade on a log scale."""
    if scale.is_log:
        return _log_ticks(scale, unit)
    span = scale.high - scale.low
    step = _step(span / most, unit)
    first = math.ceil(scale.low / step - 1e-9)
    return [step * i for i in range(first, int(math.floor(scale.high / step + 1e-9)) + 1)]


def _log_ticks(scale: Scale, unit: str) -> list[float]:
    if unit == "second":
        steps: Iterable[float] = (1, 10, 60, 600, _HOUR, 6 * _HOUR, 2 * _DAY, 14 * _DAY)
    else:
        low, high = math.floor(math.log10(scale.low)), math.ceil(math.log10(scale.high))
        steps = [k * 10.0**power for power in range(low, high + 1) for k in ((1, 2, 5) if high - low <= 3 else (1,))]
    return [step for step in steps if scale.low <= step <= scale.high]


def tick_texts(values: Sequence[float], unit: str) -> list[str]:
    """Tick texts with equal decimals; ratios and lengths of time keep their unit, it is said once for the others."""
    if unit == "second":
        return ["0" if value == 0 else duration(value) for value in values]
    whole = all(abs(v - round(v)) < 1e-9 for v in (v * 100 if unit == "ratio" else v for v in values))
    digits = 0 if whole else max(1, column_digits(values, unit) or 0, _needed(values, unit))
    return [number(value, unit, digits, suffix=unit == "ratio") for value in values]


def _needed(values: Sequence[float], unit: str) -> int:
    """Decimals that tell neighbours apart: a step of 0.25 needs two."""
    step = min((b - a for a, b in pairwise(values)), default=1.0) * (100 if unit == "ratio" else 1)
    power = math.floor(math.log10(step) + 1e-9)
    has_half = round(step / 10.0**power, 6) % 1 > 0
    return max(0, int(has_half) - power)


def y_axis(ticks: Sequence[float], unit: str, place: tuple[float, float], top: float) -> list[Item]:
    """Grid lines and their amounts for a plot from y `place[0]` to `place[1]`."""
    texts = tick_texts(ticks, unit)
    items: list[Item] = []
    for value, text in zip(ticks, texts, strict=True):
        y = place[1] - value / (top or 1.0) * (place[1] - place[0])
        items.append(Stroke("line-strong" if value == 0 else "grid", ((0.0, y), (1.0, y))))
        items.append(Words(-6.0, y, text, "end", "ink-2", place="left"))
    return items


def left_gutter(items: Iterable[Item], room: Room, least: float = 30.0) -> float:
    """Width of the left margin: its longest text and the air around it."""
    texts = [item for item in items if isinstance(item, Words) and item.place == "left"]
    return max([least, *(math.ceil(room.measure(item.text, item.size)) + 12 for item in texts)])


def time_axis(scale: TimeScale, zone: str, y: float, width: float, room: Room) -> list[Item]:
    """Ticks with days or clock times below a plot that ends at `y`."""
    items: list[Item] = []
    ticks = time_ticks(scale, zone, width)
    for index, (moment, text) in enumerate(ticks):
        x = scale.at(moment)
        items.append(Stroke("line-strong", ((x, y), (x, y + 4))))
        tier = _tier(index, ticks, scale, width) if room.is_stretched else 0
        items.append(Words(x, y + 14, text, "middle", "ink-2", tier=tier))
    return items


def _tier(index: int, ticks: Sequence[tuple[datetime, str]], scale: TimeScale, width: float) -> int:
    """The widths (a phone's, a tablet's, all) at which a tick's text still has room, keeping an even rhythm."""
    if len(ticks) < 2:
        return 0
    step = (ticks[1][0] - ticks[0][0]) / (scale.end - scale.start)
    middle = max(1, math.ceil(_LABEL_ROOM / (step * 330)))
    narrow = middle * max(1, math.ceil(_LABEL_ROOM / (step * middle * 230)))
    start = _rhythm(ticks, narrow)
    if index % narrow == start:
        return 0
    return 1 if (index - start) % middle == 0 else 2


def _rhythm(ticks: Sequence[tuple[datetime, str]], every: int) -> int:
    """The first of the ticks that stay where room is narrow: one with a day, for clock times alone say no date."""
    days = (index for index, (_, text) in enumerate(ticks[:every]) if ":" not in text)
    return next(days, len(ticks) % every // 2)


def time_ticks(scale: TimeScale, zone: str, width: float) -> list[tuple[datetime, str]]:
    """Round moments of the display zone about 64 pixels apart, none whose text would be cut at an edge."""
    seconds = (scale.end - scale.start).total_seconds()
    least = _LABEL_ROOM / width * seconds
    edge = timedelta(seconds=max(_EDGE / width, 0.035) * seconds)
    inside = [m for m in _moments(scale, zone, least) if m - scale.start >= edge and scale.end - m >= edge]
    return [(moment, _tick_text(moment, zone, least)) for moment in inside]


def _moments(scale: TimeScale, zone: str, least: float) -> Iterable[datetime]:
    first = scale.start.astimezone(tzinfo(zone)).date()
    days = range((scale.end - scale.start).days + 2)
    clock = next((step for step in _CLOCK if step >= least), None)
    if clock is not None:
        nights = [midnight(first + timedelta(days=i), zone) for i in days]
        for night in nights:
            yield from (night + timedelta(seconds=clock * i) for i in range(int(_DAY / clock)))
        return
    every = next((step for step in _DAYS if step * _DAY >= least), None)
    for i in days:
        local = first + timedelta(days=i)
        if every is not None and (local.toordinal() - 1) % every == 0:
            yield midnight(local, zone)
    if every is None:
        months = next((step for step in _MONTHS if step * 30.5 * _DAY >= least), _MONTHS[-1])
        for i in days:
            local = first + timedelta(days=i)
            if local.day == 1 and (local.year * 12 + local.month - 1) % months == 0:
                yield midnight(local, zone)


def _tick_text(moment: datetime, zone: str, least: float) -> str:
    local = moment.astimezone(tzinfo(zone))
    if least <= _CLOCK[-1] and (local.hour, local.minute) != (0, 0):
        return f"{local:%H:%M}"
    if least <= _DAYS[-1] * _DAY:
        return day(local)
    return f"{day(local).split(' ')[1]} {local.year}"


def category_axis(names: Sequence[str], y: float, width: float, room: Room) -> list[Item]:
    """Names below the middles of equal bins, in two lines where that makes room for all, else every second, third … one."""
    lines: list[tuple[str, ...]] = [(name,) for name in names]
    if _longest(lines, room) * len(names) > width:
        lines = [_in_two(name) for name in names]
    longest = _longest(lines, room)
    every = [max(1, math.ceil(longest * len(names) / place)) for place in (width, 330.0, 230.0)]
    if room.is_stretched:
        # A name that a wide page shows and a narrow one leaves out has a higher tier.
        every = [every[0], every[0] * math.ceil(every[1] / every[0]), every[0] * math.ceil(every[2] / every[0])]
    else:
        every = every[:1]
    items: list[Item] = []
    for index, parts in enumerate(lines):
        fitting = [place for place, step in enumerate(every) if index % step == 0]
        if fitting:
            tier, x = len(every) - 1 - max(fitting), (index + 0.5) / len(names)
            items += [Words(x, y + 14 + 13 * n, part, "middle", "ink-2", tier=tier) for n, part in enumerate(parts)]
    return items


def _longest(lines: Sequence[tuple[str, ...]], room: Room) -> float:
    """Width that the widest name needs, with the air beside it."""
    return max((room.measure(part, 11) for parts in lines for part in parts), default=0.0) + 8


def _in_two(name: str) -> tuple[str, ...]:
    """A name cut at the space nearest its middle."""
    spaces = [at for at, letter in enumerate(name) if letter == " "]
    if not spaces:
        return (name,)
    at = min(spaces, key=lambda at: abs(at - len(name) / 2))
    return name[:at], name[at + 1 :]


def gap_bands(chart: Chart, scale: TimeScale, place: tuple[float, float], width: float) -> list[Item]:
    """Hatched bands from the chart's intervals, with their words where they have room."""
    items: list[Item] = []
    free = -1.0
    for gap in chart.gaps:
        x0, x1 = scale.at(gap.start), scale.at(gap.end)
        if gap.end <= scale.start or gap.start >= scale.end:
            continue
        items.append(Cells("gap", ((x0, x1, place[0], place[1]),), least=2.0))
        text = f"{gap.label}{SPACE}{duration((gap.end - gap.start).total_seconds())}".replace(SPACE, " ")
        half = len(text) * 3.4 / width
        middle = min(max((x0 + x1) / 2, half), 1 - half)
        if middle - half > free:
            items.append(Words(middle, place[0] - 8, text, "middle", "ink-3", tier=2))
            free = middle + half
    return items
