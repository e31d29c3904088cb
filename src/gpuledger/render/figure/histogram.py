"""How a quantity is distributed: one panel per kind over a common x axis."""

from collections.abc import Sequence

from gpuledger.model.chart import Chart, Histogram, Series
from gpuledger.render.figure.axes import BELOW, Scale, left_gutter, range_ticks, tick_texts, value_ticks, y_axis
from gpuledger.render.figure.drawing import Area, Drawing, Item, Room, Stroke, Words
from gpuledger.render.figure.lines import series_paint
from gpuledger.render.format import number, unit_word
from gpuledger.render.theme import Colours

_TITLE = 26.0
_MARK_ROOM, _AIR = 15.0, 10.0


def draw(chart: Chart, shape: Histogram, colours: Colours, room: Room) -> Drawing:
    """The chart laid out in `room`."""
    scale = Scale(shape.edges[0], shape.edges[-1], chart.x.is_log)
    marks = [(scale.at(float(m.at)), m.label) for m in chart.marks if m.axis == "x" and isinstance(m.at, int | float)]
    room_above = _MARK_ROOM * len(marks)
    each = max(96.0, (room.plot_height - room_above) / len(shape.series) - _TITLE - _AIR)
    items: list[Item] = []
    top = 0.0
    for index, series in enumerate(shape.series):
        head = top + _TITLE
        place = (head + (room_above if index == 0 else 0.0), head + (room_above if index == 0 else 0.0) + each)
        paint = series_paint(chart, series, index, len(shape.series), colours)
        items += [*_panel(chart, shape, series, paint, scale, place), *_title(chart, series, top + _TITLE / 2)]
        items += [Stroke("ink", ((x, place[0]), (x, place[1])), 1.5, is_dashed=True, halo=3.0) for x, _ in marks]
        top = place[1] + _AIR
    items += _mark_words(marks, _TITLE)
    bottom = top - _AIR
    items += _x_axis(scale, chart.x.unit, bottom)
    return Drawing(bottom + BELOW, left_gutter(items, room), 16.0, tuple(items))


def _title(chart: Chart, series: Series, y: float) -> list[Item]:
    """The panel's kind and how many it holds."""
    count = "" if series.total is None else f", {number(series.total, 'count')} {chart.y.label}".rstrip()
    return [Words(0.0, y, series.label + count, is_bold=True, size=12)] if series.label else []


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
    return items


def _mark_words(marks: Sequence[tuple[float, str]], y: float) -> list[Item]:
    """Each label on a line of its own, on the side of its mark with more room; outer marks first, so none is crossed."""
    items: list[Item] = []
    bottom = y + _MARK_ROOM * len(marks)
    for index, (x, label) in enumerate(sorted(marks, key=lambda mark: -abs(mark[0] - 0.5))):
        middle, is_right = y + _MARK_ROOM * (index + 0.5), x > 0.5
        items.append(Stroke("ink", ((x, middle - 6), (x, bottom)), 0.75))
        items.append(Words(x, middle, label, "end" if is_right else "start", dx=-4 if is_right else 4))
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
