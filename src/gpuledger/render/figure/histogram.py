"""How a quantity is distributed: one panel per kind over a common x axis."""

from collections.abc import Sequence

from gpuledger.model.chart import Chart, Histogram, Series
from gpuledger.render.figure.axes import BELOW, Scale, left_gutter, range_ticks, tick_texts, value_ticks, y_axis
from gpuledger.render.figure.drawing import Area, Drawing, Item, Room, Stroke, Words
from gpuledger.render.figure.lines import series_paint
from gpuledger.render.format import number, unit_word
from gpuledger.render.theme import Colours

_TITLE = 26.0
_MARK_ROOM = 16.0


def draw(chart: Chart, shape: Histogram, colours: Colours, room: Room) -> Drawing:
    """The chart laid out in `room`."""
    scale = Scale(shape.edges[0], shape.edges[-1], chart.x.is_log)
    marks = [mark for mark in chart.marks if mark.axis == "x" and isinstance(mark.at, int | float)]
    each = max(96.0, (room.plot_height - _MARK_ROOM) / len(shape.series) - _TITLE - 10)
    head = _MARK_ROOM if marks else 0.0
    items: list[Item] = []
    y = 0.0
    for index, series in enumerate(shape.series):
        place = (y + _TITLE + (head if index == 0 else 0.0), y + _TITLE + (head if index == 0 else 0.0) + each)
        paint = series_paint(chart, series, index, len(shape.series), colours)
        items += _panel(chart, shape, series, paint, scale, place)
        items += [
            Stroke("ink", ((scale.at(float(mark.at)), place[0]), (scale.at(float(mark.at)), place[1])), 1.5, True, 3.0)  # type: ignore[arg-type]
            for mark in marks
        ]
        y = place[1] + 10
    items += _mark_words([(scale.at(float(m.at)), m.label) for m in marks], _TITLE + 6)  # type: ignore[arg-type]
    bottom = y - 10
    items += _x_axis(scale, chart.x.unit, bottom)
    return Drawing(bottom + BELOW, left_gutter(items, room), 16.0, tuple(items))


def _panel(
    chart: Chart, shape: Histogram, series: Series, paint: str, scale: Scale, place: tuple[float, float]
) -> list[Item]:
    highest = max([1e-12, *(v for v in series.values if v)]) * 1.06
    ticks = value_ticks(highest / 1.03, chart.y.unit or "count", 3)
    items = y_axis(ticks, chart.y.unit or "count", place, highest)
    outlines = []
    for low, high, value in zip(shape.edges, shape.edges[1:], series.values, strict=False):
        if value:
            x0, x1 = scale.at(low), scale.at(high)
            air = (x1 - x0) * 0.03
            top = place[1] - value / highest * (place[1] - place[0])
            outlines.append(((x0 + air, place[1]), (x0 + air, top), (x1 - air, top), (x1 - air, place[1])))
    items.append(Area(paint, tuple(outlines)))
    count = "" if series.total is None else f", {number(series.total, 'count')} {chart.y.label}".rstrip()
    if series.label:
        items.append(Words(0.0, place[0] - 14, series.label + count, is_bold=True, size=12))
    return items


def _mark_words(marks: Sequence[tuple[float, str]], y: float) -> list[Item]:
    """Each label on the side that keeps it inside and apart from its neighbour."""
    items: list[Item] = []
    for index, (x, label) in enumerate(marks):
        is_last = index == len(marks) - 1
        to_left = x > 0.8 or (not is_last and len(marks) > 1)
        if is_last and len(marks) > 1:
            to_left = False if x < 0.85 else to_left
        items.append(Words(x, y + 10, label, "end" if to_left else "start", "ink", dx=-4 if to_left else 4))
    return items


def _x_axis(scale: Scale, unit: str, bottom: float) -> list[Item]:
    ticks = [tick for tick in range_ticks(scale, unit) if 0.0 <= scale.at(tick) <= 0.97]
    items: list[Item] = []
    for index, (tick, text) in enumerate(zip(ticks, tick_texts(ticks, unit), strict=True)):
        x = scale.at(tick)
        text += f" {unit_word(unit)}".rstrip() if index == 0 else ""
        items.append(Stroke("line-strong", ((x, bottom), (x, bottom + 4))))
        items.append(Words(x, bottom + 14, text, "middle" if x > 0.03 else "start", "ink-2", tier=index % 2))
    return items
