"""Charts laid out: `draw` gives the marks of any shape; painters for page and paper follow it."""

from gpuledger.model.chart import Bars, Boxes, Chart, Grid, Histogram, Lines, Spans
from gpuledger.render.figure import bars, boxes, grid, histogram, lines, spans
from gpuledger.render.figure.drawing import Drawing, Room
from gpuledger.render.theme import Colours

__all__ = ["draw"]

_NOTHING = "No data."


def draw(chart: Chart, colours: Colours, room: Room) -> Drawing:
    """The drawing of `chart`; without a single value it is a sentence and no axes (not collected is not zero)."""
    if not _has_values(chart):
        return Drawing(0.0, 0.0, 0.0, (), sentence=chart.empty or _NOTHING)
    match chart.shape:
        case Lines() as shape:
            return lines.draw(chart, shape, colours, room)
        case Histogram() as shape:
            return histogram.draw(chart, shape, colours, room)
        case Boxes() as shape:
            return boxes.draw(chart, shape, colours, room)
        case Grid() as shape:
            return grid.draw(chart, shape, colours, room)
        case Spans() as shape:
            return spans.draw(chart, shape, colours, room)
        case Bars() as shape:
            return bars.draw(chart, shape, colours, room)


def _has_values(chart: Chart) -> bool:
    match chart.shape:
        case Lines(series=series) | Histogram(series=series):
            return any(value is not None for one in series for value in one.values)
        case Boxes(boxes=groups):
            return any(box.count for box in groups)
        case Grid(rows=rows):
            return any(row.codes or any(v is not None for v in row.values) for row in rows)
        case Spans(spans=intervals):
            return bool(intervals)
        case Bars(bars=ranked):
            return bool(ranked)
