"""What the page's template needs of a chart."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from gpuledger.model.chart import Bars, Chart, Lines
from gpuledger.render.figure import draw
from gpuledger.render.figure.axes import bin_edges
from gpuledger.render.figure.bars import has_long_names
from gpuledger.render.figure.drawing import Drawing, Key, Room
from gpuledger.render.figure.lines import series_paint
from gpuledger.render.format import column_digits, stamp, unit_beside, unit_word
from gpuledger.render.html import svg
from gpuledger.render.output import file_stem
from gpuledger.render.theme import Colours, theme

_HEIGHT = theme()["chart"]["height"]
_PHONE = 328.0
"""Pixels that a chart has on a phone 360 wide."""
_NARROW, _WIDE = frozenset("iIjlt.,:;|!'()[] f"), frozenset("mwMW@%")


@dataclass(frozen=True)
class ChartView:
    """A chart's drawing, legend and the values its reader can step through with cursor and keys."""

    chart: Chart
    unit: str
    picture: Markup
    legend: tuple[Key, ...]
    has_side: bool
    sentence: str
    foot: str
    spoken: str
    values: Markup


def measure(text: str, size: float) -> float:
    """Width of `text` in an unknown system font, on the generous side."""
    return size * sum(0.36 if c in _NARROW else 0.95 if c in _WIDE else 0.62 if c < "⺀" else 1.05 for c in text)


def chart_view(chart: Chart, colours: Colours, zone: str, *, is_small: bool) -> ChartView:
    """Laid out for a wide page; narrow ones leave out what the tiers allow."""
    height = float(_HEIGHT["small" if is_small else "normal"]) - 48
    room = Room(420.0 if is_small else 1380.0, height, measure, is_stretched=True, has_side_labels=not is_small)
    drawing = draw(chart, colours, room)
    foot = " ".join(part for part in (*drawing.notes, chart.left_out, chart.foot) if part)
    spoken = ". ".join(
        part.rstrip(".") for part in (chart.title, chart.finding, chart.readout, drawing.sentence) if part
    )
    return ChartView(
        chart, unit_beside(chart.title, unit_word(chart.y.unit)) if isinstance(chart.shape, Lines) else "",
        _picture(chart, colours, drawing), drawing.legend,
        drawing.is_optional_right and drawing.right > 20, drawing.sentence, foot, spoken, _values(chart, colours, zone, drawing.left, drawing.right),
    )  # fmt: skip


def _picture(chart: Chart, colours: Colours, drawing: Drawing) -> Markup:
    """The drawing; of bars with long names a phone has its own, in which they stand above the bars."""
    wide = svg.chart(drawing, file_stem(chart.id))
    if not isinstance(chart.shape, Bars) or not has_long_names(drawing):
        return wide
    phone = draw(chart, colours, Room(_PHONE, drawing.height, measure, True, False, is_narrow=True))
    both = '<div class="drawing roomy">{}</div><div class="drawing stacked">{}</div>'
    return Markup(both).format(wide, svg.chart(phone, f"{file_stem(chart.id)}-s"))


def _values(chart: Chart, colours: Colours, zone: str, left: float, right: float) -> Markup:
    """The values by bin as JSON for the read-out; empty for other shapes, which carry their words themselves."""
    shape = chart.shape
    if not isinstance(shape, Lines) or chart.x.kind != "time" or not shape.series:
        return Markup("")
    edges = bin_edges(chart.x, shape.bin_seconds)
    scale = 100.0 if chart.y.unit == "ratio" else 1.0
    digits = max(1, column_digits([v for s in shape.series for v in s.values], chart.y.unit or "gpu") or 0)
    span = (edges[-1] - edges[0]).total_seconds()
    content = {
        "left": left,
        "edges": [round((edge - edges[0]).total_seconds() / span, 6) for edge in edges],
        "bins": [_span(a, b, zone) for a, b in zip(edges, edges[1:], strict=False)],
        "digits": 0 if chart.y.unit == "count" else digits,
        "suffix": theme()["number"]["unit_space"] + "%" if chart.y.unit == "ratio" else "",
        "sum": shape.is_stacked,
        "series": [
            {"label": s.label, "paint": series_paint(chart, s, i, len(shape.series), colours), "values": _rounded(s.values, digits, scale)}
            for i, s in enumerate(shape.series)
        ],
    }  # fmt: skip
    # "<" cannot end the script element that carries the JSON.
    return Markup(json.dumps(content, separators=(",", ":")).replace("<", "\\u003c"))


def _rounded(values: Sequence[float | None], digits: int, scale: float) -> list[float | None]:
    return [None if v is None else round(v * scale, digits + 2) for v in values]


def _span(start: datetime, end: datetime, zone: str) -> str:
    first, last = stamp(start, zone), stamp(end, zone)
    return f"{first} – {last.split(' ')[-1] if first.rsplit(' ', 1)[0] == last.rsplit(' ', 1)[0] else last}"
