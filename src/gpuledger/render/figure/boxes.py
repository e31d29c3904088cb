"""How long things take: a box and points a group, in rows."""

from collections.abc import Sequence

from gpuledger.model.chart import Box, Boxes, Chart
from gpuledger.render.figure.axes import BELOW, Scale, range_ticks, tick_texts
from gpuledger.render.figure.drawing import Cells, Dots, Drawing, Item, Room, Stroke, Words, in_lines, name_lines
from gpuledger.render.format import number
from gpuledger.render.theme import Colours

ROW, _TALL = 28.0, 36.0
_TOP = 6.0
_HALF = 8.0
_NAME = 215.0
_COUNTS = 70.0
"""Room at the right."""
_LEAST = 9.0
"""Pixels of a box: the halo of the median would hide the colour of a narrower one."""


def draw(chart: Chart, shape: Boxes, colours: Colours, room: Room) -> Drawing:
    """The chart laid out in `room`; a group without values keeps its row and says so."""
    scale = _scale(chart, shape.boxes)
    names = [in_lines(box.label, 12, _NAME, room) for box in shape.boxes]
    row = ROW if all(len(parts) == 1 for parts in names) else _TALL
    bottom = _TOP + row * len(shape.boxes)
    items = _x_axis(scale, chart.x.unit, bottom)
    left = max([60.0, *(room.measure(part, 12) + 16 for parts in names for part in parts)])
    least = _LEAST / (room.width - left - _COUNTS)
    for index, (box, name) in enumerate(zip(shape.boxes, names, strict=True)):
        y = _TOP + row * (index + 0.5)
        items += name_lines(name, y, 12, box.label)
        paint = colours.paint(chart.dimension, box.key) if colours.has(chart.dimension) else colours.plain
        items += _row(box, y, scale, paint, least)
        items.append(Words(62, y, f"n = {number(box.count, 'count')}", "end", "ink-2", place="right"))
    notes = ("Log scale.",) if chart.x.is_log else ()
    return Drawing(bottom + BELOW, left, _COUNTS, tuple(items), notes=notes)


def _scale(chart: Chart, boxes: Sequence[Box]) -> Scale:
    fives = [(b.low, b.q1, b.median, b.q3, b.high, b.mean, *b.outliers) for b in boxes]
    values = [v for five in fives for v in five if v is not None and (v > 0 or not chart.x.is_log)]
    if not values:
        return Scale(0.0, 1.0)
    if chart.x.is_log:
        return Scale(min(values) * 0.85, max(values) * 1.15, is_log=True)
    return Scale(min(0.0, min(values)), max(max(values), 1e-12) * 1.05)


def _row(box: Box, y: float, scale: Scale, paint: str, least: float) -> list[Item]:
    """`least` is the width of the narrowest box, around its middle."""
    if box.count == 0:
        return [Words(0.0, y, "none", dx=6, paint="ink-3")]
    if box.median is None or box.q1 is None or box.q3 is None:
        return [Dots(paint, tuple((scale.at(v), y) for v in box.outliers), 4.0, is_outlined=True)]
    scattered = tuple((scale.at(v), y + _jitter(i)) for i, v in enumerate(box.outliers))
    items: list[Item] = [Dots(paint, scattered, 1.8, 0.6)]
    middle, half = (scale.at(box.q1) + scale.at(box.q3)) / 2, max(scale.at(box.q3) - scale.at(box.q1), least) / 2
    low, high = (v if v is not None else box.median for v in (box.low, box.high))
    items += [
        Stroke("ink", ((scale.at(low), y), (scale.at(high), y)), 1.0),
        Cells(paint, ((middle - half, middle + half, y - _HALF, y + _HALF),), is_outlined=True),
        Stroke("ink", ((scale.at(box.median), y - _HALF), (scale.at(box.median), y + _HALF)), 2.0, halo=5.0),
    ]
    return items


def _jitter(index: int) -> float:
    """Points of equal value stand beside each other, the same way in every run."""
    return (index * 7 % 13 - 6) / 6 * _HALF


def _x_axis(scale: Scale, unit: str, bottom: float) -> list[Item]:
    ticks = [tick for tick in range_ticks(scale, unit, 5) if scale.at(tick) <= 0.965]
    items: list[Item] = []
    for index, (tick, text) in enumerate(zip(ticks, tick_texts(ticks, unit), strict=True)):
        x = scale.at(tick)
        items.append(Stroke("grid", ((x, 0.0), (x, bottom))))
        items.append(Words(x, bottom + 14, text, "middle" if x > 0.035 else "start", "ink-2", tier=index % 2))
    return [*items, Stroke("line-strong", ((0.0, bottom), (1.0, bottom)))]
