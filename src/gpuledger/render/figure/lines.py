"""Series over time or number: stacked steps, lines with a band, bars, points."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from gpuledger.model.chart import Chart, Lines, Series, Value
from gpuledger.render.figure.axes import (
    ABOVE,
    BELOW,
    Scale,
    TimeScale,
    bin_edges,
    category_axis,
    gap_bands,
    left_gutter,
    range_ticks,
    tick_texts,
    time_axis,
    value_ticks,
    y_axis,
)
from gpuledger.render.figure.drawing import Area, Dots, Drawing, Item, Key, Point, Room, Stroke, Words
from gpuledger.render.figure.labels import WIDTH, Label, side_labels
from gpuledger.render.format import column_digits, number, unit_word
from gpuledger.render.theme import MEASURE, PART, Colours

_PARTIAL = "The last bin is not over yet and is drawn at half strength."
_LIMIT_SHOWN = 0.35
_VALUES_SHOWN = 12


@dataclass(frozen=True)
class _Plot:
    """Bin edges as fractions, the plot's top and bottom in pixels, and the amount at its top."""

    edges: tuple[float, ...]
    top: float
    bottom: float
    highest: float

    def y(self, value: float) -> float:
        return self.bottom - value / self.highest * (self.bottom - self.top)


def draw(chart: Chart, shape: Lines, colours: Colours, room: Room) -> Drawing:
    """The chart laid out in `room`."""
    paints = [series_paint(chart, series, i, len(shape.series), colours) for i, series in enumerate(shape.series)]
    peak = _peak(shape)
    limits = [m for m in chart.marks if m.axis == "y" and isinstance(m.at, int | float)]
    shown = [m for m in limits if peak > float(m.at) * _LIMIT_SHOWN or peak == 0]  # type: ignore[arg-type]
    highest = max([peak, *(float(m.at) for m in shown), 1e-12]) * (1.1 if shown else 1.06)  # type: ignore[arg-type]
    plot = _Plot(_fractions(chart, shape), ABOVE, ABOVE + room.plot_height, highest)
    is_zero = peak <= 0 and not shown
    ticks = [0.0] if is_zero else value_ticks(highest / 1.03, chart.y.unit)
    items = y_axis(ticks, chart.y.unit, (plot.top, plot.bottom), highest)
    items += _marks(shape, paints, plot, chart.y.unit)
    left = left_gutter(items, room)
    labels = _labels(shape, paints, plot) if room.has_side_labels and _is_named(chart, shape) else []
    right = WIDTH if labels else 12.0
    items += _x_axis(chart, shape, plot, room, room.width - left - right)
    for mark in shown:
        items += _limit(plot.y(float(mark.at)), mark.label)  # type: ignore[arg-type]
    items += side_labels(labels, (plot.top, plot.bottom), unit_word(shape.total_unit) if shape.is_stacked else "", room)
    if is_zero and chart.empty:
        items.append(Words(0.5, (plot.top + plot.bottom) / 2, chart.empty, "middle", "ink-2", 12, has_ground=True))
    legend = [Key(p, s.label) for p, s in zip(paints, shape.series, strict=True)] if _is_named(chart, shape) else []
    notes = [f"{m.label} is off this scale".capitalize() + "." for m in limits if m not in shown]
    if shape.partial_from is not None and shape.partial_from < len(chart.x.values):
        notes.append(_PARTIAL)
    lowest = max((item.y + 10 for item in items if isinstance(item, Words)), default=0.0)
    return Drawing(max(plot.bottom + BELOW, lowest), left, right, tuple(items), tuple(legend), True, tuple(notes))


def series_paint(chart: Chart, series: Series, index: int, count: int, colours: Colours) -> str:
    """By the rank of its name; where names carry no colour, by place (one measure: one colour)."""
    if colours.has(chart.dimension):
        return colours.paint(chart.dimension, series.key)
    return f"c{index}" if index < 12 else "others"


def _is_named(chart: Chart, shape: Lines) -> bool:
    """Do names stand beside the series? A single one needs none, but for a stack by names: nothing else says whose it is."""
    return len(shape.series) > 1 or (shape.is_stacked and chart.dimension not in (None, MEASURE, PART))


def _peak(shape: Lines) -> float:
    if shape.is_stacked:
        bins = zip(*(series.values for series in shape.series), strict=True)
        return max((sum(v or 0.0 for v in values) for values in bins), default=0.0)
    return max((v for s in shape.series for v in (*s.values, *s.high) if v is not None), default=0.0)


def _fractions(chart: Chart, shape: Lines) -> tuple[float, ...]:
    if chart.x.kind == "time":
        edges = bin_edges(chart.x, shape.bin_seconds)
        scale = TimeScale(edges[0], edges[-1])
        return tuple(scale.at(edge) for edge in edges)
    count = len(chart.x.values)
    if chart.x.kind == "category":
        return tuple(i / count for i in range(count + 1))
    values = [float(v) for v in chart.x.values if isinstance(v, int | float)]
    line = Scale(values[0], values[-1] + (values[1] - values[0] if shape.style == "bar" and count > 1 else 0.0))
    return (*(line.at(v) for v in values), 1.0)


def _x_axis(chart: Chart, shape: Lines, plot: _Plot, room: Room, width: float) -> list[Item]:
    items: list[Item] = []
    if chart.x.kind == "time":
        edges = bin_edges(chart.x, shape.bin_seconds)
        scale = TimeScale(edges[0], edges[-1])
        items += gap_bands(chart, scale, (plot.top, plot.bottom), width)
        return items + time_axis(scale, chart.x.zone or "UTC", plot.bottom, width, room)
    if chart.x.kind == "category":
        return category_axis([str(value) for value in chart.x.values], plot.bottom, width, room)
    values = [float(v) for v in chart.x.values if isinstance(v, int | float)]
    line = Scale(values[0], values[-1])
    ticks = [tick for tick in range_ticks(line, chart.x.unit) if 0.035 <= line.at(tick) <= 0.965]
    texts = tick_texts(ticks, chart.x.unit)
    return [Words(line.at(t), plot.bottom + 14, x, "middle", "ink-2") for t, x in zip(ticks, texts, strict=True)]


def _marks(shape: Lines, paints: Sequence[str], plot: _Plot, unit: str) -> list[Item]:
    if shape.style == "line":
        return [mark for s, paint in zip(shape.series, paints, strict=True) for mark in _line(s, paint, plot)]
    if shape.style == "points":
        return [Dots(paint, tuple(p for run in _runs(s.values, plot) for p in run), 2.5)
                for s, paint in zip(shape.series, paints, strict=True)]  # fmt: skip
    if shape.is_stacked or (len(shape.series) == 1 and shape.style == "area"):
        return _stack(shape, paints, plot)
    return _grouped(shape, paints, plot, unit)


def _line(series: Series, paint: str, plot: _Plot) -> list[Item]:
    items: list[Item] = []
    if series.low and series.high:
        lows, highs = _runs(series.low, plot), _runs(series.high, plot)
        band = tuple((*high, *reversed(low)) for low, high in zip(lows, highs, strict=False))
        items.append(Area(paint, band, 0.22))
    for run in _runs(series.values, plot):
        if len(run) == 1:
            items.append(Dots(paint, tuple(run), 2.0))
        items.append(Stroke(f"{paint}-line", tuple(run), 1.75))
    return items


def _runs(values: Sequence[Value], plot: _Plot) -> list[list[Point]]:
    """Points at the bins' middles, apart where a value is missing: a gap is never bridged."""
    middles = [(a + b) / 2 for a, b in zip(plot.edges, plot.edges[1:], strict=False)]
    pairs = groupby(zip(middles, values, strict=True), key=lambda pair: pair[1] is not None)
    return [[(x, plot.y(v)) for x, v in run if v is not None] for known, run in pairs if known]


def _stack(shape: Lines, paints: Sequence[str], plot: _Plot) -> list[Item]:
    """Bands from the top of the pile down, each reaching to zero: neighbours leave no seam between them."""
    count = len(plot.edges) - 1
    known = [any(s.values[i] is not None for s in shape.series) for i in range(count)]
    partial = count if shape.partial_from is None else shape.partial_from
    tops, total = [], [0.0] * count
    for series in shape.series:
        total = [t + (v or 0.0) for t, v in zip(total, series.values, strict=True)]
        tops.append(total)
    items: list[Item] = []
    for paint, top in reversed(list(zip(paints, tops, strict=True))):
        items.append(Area(paint, tuple(_steps(top, known, plot, 0, min(partial, count)))))
    for index, paint in enumerate(paints):
        low = tops[index - 1] if index else [0.0] * count
        items += _partial(paint, low, tops[index], known, plot, partial)
    return items


def _steps(top: Sequence[float], known: Sequence[bool], plot: _Plot, first: int, last: int) -> list[tuple[Point, ...]]:
    outlines = []
    for seen, run in groupby(range(first, last), key=lambda i: known[i]):
        if seen:
            bins = list(run)
            steps = [(plot.edges[i + k], plot.y(top[i])) for i in bins for k in (0, 1)]
            outlines.append(((plot.edges[bins[0]], plot.bottom), *steps, (plot.edges[bins[-1] + 1], plot.bottom)))
    return outlines


def _partial(
    paint: str, low: Sequence[float], top: Sequence[float], known: Sequence[bool], plot: _Plot, first: int
) -> list[Item]:
    boxes = [
        ((plot.edges[i], y0), (plot.edges[i + 1], y0), (plot.edges[i + 1], y1), (plot.edges[i], y1))
        for i in range(first, len(top))
        if known[i] and (y0 := plot.y(low[i])) != (y1 := plot.y(top[i]))
    ]
    return [Area(paint, tuple(boxes), 0.5)] if boxes else []


def _grouped(shape: Lines, paints: Sequence[str], plot: _Plot, unit: str) -> list[Item]:
    items: list[Item] = []
    for k, (series, paint) in enumerate(zip(shape.series, paints, strict=True)):
        boxes = []
        for i, value in enumerate(series.values):
            width = (plot.edges[i + 1] - plot.edges[i]) * 0.8 / len(shape.series)
            x = plot.edges[i] + (plot.edges[i + 1] - plot.edges[i]) * 0.1 + k * width
            if value is not None:
                y = plot.y(value)
                boxes.append(((x, plot.bottom), (x, y), (x + width, y), (x + width, plot.bottom)))
        items.append(Area(paint, tuple(boxes)))
    if len(shape.series) == 1 and len(plot.edges) - 1 <= _VALUES_SHOWN:
        items += _bar_values(shape.series[0], plot, unit)
    return items


def _bar_values(series: Series, plot: _Plot, unit: str) -> list[Item]:
    """Few bars carry their numbers at their ends."""
    digits = column_digits(series.values, unit)
    middles = [(a + b) / 2 for a, b in zip(plot.edges, plot.edges[1:], strict=False)]
    return [
        Words(x, plot.y(value) - 8, number(value, unit, digits, suffix=unit == "ratio"), "middle", is_bold=True, tier=1)
        for x, value in zip(middles, series.values, strict=True)
        if value is not None
    ]


def _labels(shape: Lines, paints: Sequence[str], plot: _Plot) -> list[Label]:
    if shape.style == "points":  # those of the last bin tell nothing of where a name's others lie
        return []
    digits = column_digits([s.total for s in shape.series], shape.total_unit) if shape.total_unit else None
    labels, base = [], 0.0
    last = max((i for s in shape.series for i, v in enumerate(s.values) if v is not None), default=0)
    for series, paint in zip(shape.series, paints, strict=True):
        value = (series.values[last] if series.values else 0.0) or 0.0
        at = base + value / 2 if shape.is_stacked else value
        base += value if shape.is_stacked else 0.0
        text = (
            ""
            if series.total is None
            else number(series.total, shape.total_unit, digits, suffix=shape.total_unit == "ratio")
        )
        labels.append(Label(plot.y(at), series.label, text, paint, is_led=series.total != 0))
    if shape.is_stacked and base == 0:
        return [replace(label, is_led=False) for label in labels]
    return labels


def _limit(y: float, label: str) -> list[Item]:
    return [
        Stroke("ink", ((0.0, y), (1.0, y)), 1.75, is_dashed=True, halo=4.0),
        Words(0.0, y - 10, label, dx=4, is_bold=True, has_ground=True),
    ]
