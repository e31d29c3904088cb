"""When it was so: a lane a row, a bar an interval; an open end has an arrow and says so."""

from datetime import datetime

from gpuledger.model.chart import Chart, Span, Spans
from gpuledger.render.figure.axes import BELOW, TimeScale, gap_bands, time_axis, time_ticks
from gpuledger.render.figure.drawing import Cells, Drawing, Item, Room, Stroke, Words, fit
from gpuledger.render.theme import Colours, state_paint, theme

ROW = 27.0
_NAME, _REASON, _HALF = 130.0, 170.0, 8.0


def draw(chart: Chart, shape: Spans, colours: Colours, room: Room) -> Drawing:
    """The chart laid out in `room`; words of a row's last span stand at its right."""
    moments = [value for value in chart.x.values if isinstance(value, datetime)]
    ends = [s.end for s in shape.spans if s.end] + [s.start for s in shape.spans]
    scale = TimeScale(min([*moments, *ends]), max([*moments, *ends]))
    top = 20.0 if chart.gaps else 6.0
    bottom = top + ROW * len(shape.rows)
    words = {span.row: _words(span) for span in shape.spans}
    right = _REASON if any(words.values()) else 20.0
    names = [fit(row, 12, _NAME, room) for row in shape.rows]
    left = max([60.0, *(room.measure(name, 12) + 16 for name in names)])
    width = room.width - left - right
    ticks = [scale.at(moment) for moment, _ in time_ticks(scale, chart.x.zone or "UTC", width)]
    items: list[Item] = [Stroke("grid", ((x, top), (x, bottom))) for x in ticks]
    items += gap_bands(chart, scale, (top, bottom), width)
    for index, (row, name) in enumerate(zip(shape.rows, names, strict=True)):
        y = top + ROW * (index + 0.5)
        items.append(Words(-8, y, name, "end", size=12, place="left", full=row if name != row else ""))
        items += [mark for span in shape.spans if span.row == row for mark in _bar(chart, span, y, scale, colours)]
        text = fit(words.get(row, ""), 11, _REASON - 24, room)
        full = words.get(row, "")
        items.append(Words(16, y, text, paint="ink-2", place="right", full=full if text != full else ""))
    items.append(Stroke("line-strong", ((0.0, bottom), (1.0, bottom))))
    items += time_axis(scale, chart.x.zone or "UTC", bottom, width, room)
    return Drawing(bottom + BELOW, left, right, tuple(items), is_optional_right=False)


def _words(span: Span) -> str:
    return " · ".join(part for part in ("" if span.end else "still open", span.label) if part)


def _bar(chart: Chart, span: Span, y: float, scale: TimeScale, colours: Colours) -> list[Item]:
    paint = state_paint(span.key) if span.key in theme()["states"] else "c0"
    if colours.has(chart.dimension):
        paint = colours.paint(chart.dimension, span.key)
    x0, x1 = scale.at(span.start), scale.at(span.end or scale.end)
    items: list[Item] = [Cells(paint, ((x0, x1, y - _HALF, y + _HALF),), is_outlined=True, least=2.0)]
    if span.end is None:
        # The arrow stands in the margin, so that it keeps its form while the plot stretches.
        items.append(Stroke("ink-2", ((3, y - 5), (9, y), (3, y + 5)), 1.75, place="right"))
    return items
