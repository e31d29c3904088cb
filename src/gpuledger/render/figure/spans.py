"""When it was so: a lane a row, a bar an interval; an open end has an arrow and says so."""

from collections.abc import Sequence
from datetime import datetime

from gpuledger.model.chart import Chart, Span, Spans
from gpuledger.render.figure.axes import BELOW, TimeScale, gap_bands, time_axis, time_ticks
from gpuledger.render.figure.drawing import Cells, Drawing, Item, Room, Stroke, Words, fit
from gpuledger.render.format import column_digits, number, unit_word
from gpuledger.render.names import without_domain
from gpuledger.render.theme import Colours, state_paint, theme

ROW = 27.0
_NAME, _HALF, _ARROW = 130.0, 8.0, 16.0
_LEFT, _RIGHT = 0.26, 0.27
"""Shares of the room that names and words take at most."""
_REASON = (150.0, 420.0)
"""Widest words at the right: on paper, on a page."""


def draw(chart: Chart, shape: Spans, colours: Colours, room: Room) -> Drawing:
    """The chart laid out in `room`; a row's amount and the words of its last span stand at its right."""
    scale = _scale(chart, shape)
    top = 20.0 if chart.gaps or shape.totals else 6.0
    bottom = top + ROW * len(shape.rows)
    heights = [top + ROW * (index + 0.5) for index in range(len(shape.rows))]
    rows, said = without_domain(shape.rows)
    names = [fit(row, 12, max(_NAME, room.width * _LEFT), room) for row in rows]
    left = max([60.0, *(room.measure(name, 12) + 16 for name in names)])
    beside, right = _beside(shape, heights, room)
    width = room.width - left - right
    ticks = [scale.at(moment) for moment, _ in time_ticks(scale, chart.x.zone or "UTC", width)]
    items: list[Item] = [Stroke("grid", ((x, top), (x, bottom))) for x in ticks]
    items += gap_bands(chart, scale, (top, bottom), width)
    for row, name, y in zip(shape.rows, names, heights, strict=True):
        items.append(Words(-8, y, name, "end", size=12, place="left", full=row if name != row else ""))
        items += [mark for span in shape.spans if span.row == row for mark in _bar(chart, span, y, scale, colours)]
    items += beside
    items.append(Stroke("line-strong", ((0.0, bottom), (1.0, bottom))))
    items += time_axis(scale, chart.x.zone or "UTC", bottom, width, room)
    return Drawing(bottom + BELOW, left, right, tuple(items), is_optional_right=True, notes=(said,) if said else ())


def _scale(chart: Chart, shape: Spans) -> TimeScale:
    moments = [value for value in chart.x.values if isinstance(value, datetime)]
    ends = [s.end for s in shape.spans if s.end] + [s.start for s in shape.spans]
    return TimeScale(min([*moments, *ends]), max([*moments, *ends]))


def _beside(shape: Spans, heights: Sequence[float], room: Room) -> tuple[list[Item], float]:
    """Amounts and words at the right of the rows, and the width they take."""
    digits = column_digits(shape.totals, shape.total_unit)
    amounts = ["" if total is None else number(total, shape.total_unit, digits, suffix=False) for total in shape.totals]
    head = unit_word(shape.total_unit) if amounts else ""
    place = _ARROW + max([0.0, *(room.measure(text, 12) * 1.1 for text in (*amounts, head))])
    words = {span.row: _words(span) for span in shape.spans}
    most = min(_REASON[room.is_stretched], room.width * _RIGHT)
    texts = [fit(words.get(row, ""), 11, most, room) for row in shape.rows]
    items: list[Item] = [Words(place, heights[0] - ROW / 2 - 8, head, "end", "ink-3", place="right")] if head else []
    items += [
        Words(place, y, text, "end", size=12, is_bold=True, place="right")
        for y, text in zip(heights, amounts, strict=False)
    ]
    start = place + (12.0 if amounts else 0.0)
    for row, y, text in zip(shape.rows, heights, texts, strict=True):
        full = words.get(row, "")
        items.append(Words(start, y, text, paint="ink-2", place="right", full=full if text != full else ""))
    widest = max((room.measure(text, 11) for text in texts), default=0.0)
    return items, max(20.0, start + widest + 8.0)


def _words(span: Span) -> str:
    return " · ".join(part for part in ("" if span.end else "still open", span.label) if part)


def _bar(chart: Chart, span: Span, y: float, scale: TimeScale, colours: Colours) -> list[Item]:
    paint = state_paint(span.key) if span.key in theme()["states"] else "c0"
    if colours.has(chart.dimension):
        paint = colours.paint(chart.dimension, span.key)
    x0, x1 = scale.at(span.start), scale.at(span.end or scale.end)
    items: list[Item] = [Cells(paint, ((x0, x1, y - _HALF, y + _HALF),), is_outlined=True, least=2.0)]
    if span.end is None:
        items.append(Words(1.0, y, "▶", paint="ink-2", dx=1))
    return items
