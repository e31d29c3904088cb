"""One sheet of paper: head, plot, foot, painted in CSS pixels at 100 px an inch.

Texts are set literally: a "$" in a name begins no formula.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.collections import CircleCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.text import Text

from gpuledger.model.chart import Chart
from gpuledger.render.figure.drawing import (
    Area,
    Cells,
    Dots,
    Drawing,
    Item,
    Key,
    Lanes,
    Place,
    Point,
    Room,
    Stroke,
    Words,
    fit,
)
from gpuledger.render.figure.lanes import lane_pixels
from gpuledger.render.figure.type import BOLDER, font, lines, measure, printable
from gpuledger.render.theme import Mode, palette, theme

WIDTH = float(theme()["chart"]["mail_width"])
EDGE = 8.0
"""Air right of the drawing."""
_MARGIN, _INNER = 12.0, WIDTH - 24.0
_PIXEL = 72 / 100
_KEY_STEP, _FOOT_STEP, _SENTENCE_STEP = 18.0, 14.0, 20.0
_HATCH = {"dash": "--", "rule": "---", "bar": "||||", "dot": "...", "diagonal": "////"}
_ALIGN: dict[str, Literal["left", "center", "right"]] = {"start": "left", "middle": "center", "end": "right"}


@dataclass(frozen=True)
class _Line:
    """A line of text over the plot and the height it takes."""

    text: str
    style: Words
    step: float


class _Crisp(AxesImage):
    """An image whose pixels are those of the sheet: copied, not resampled, where the sheet is pixels itself."""

    def draw(self, renderer: Any) -> None:
        left, _, bottom, _ = self.get_extent()
        x, y = self.axes.transData.transform((left, bottom))
        pixels = self.get_array()
        if pixels is None or not hasattr(renderer, "buffer_rgba") or renderer.dpi != theme()["chart"]["figure_dpi"]:
            super().draw(renderer)
            return
        paint = renderer.new_gc()
        renderer.draw_image(paint, round(x), round(y), np.ascontiguousarray(pixels[::-1]))
        paint.restore()


class Sheet:
    """The figure of a drawing; `figure` is complete once the sheet is made."""

    def __init__(self, chart: Chart, drawing: Drawing, mode: Mode) -> None:
        self._colours = palette(mode)
        self._drawing = drawing
        self._depth = 1
        heads, keys = _heads(chart), list(_keys(drawing))
        foot = lines(" ".join(part for part in (*drawing.notes, chart.left_out, chart.foot) if part), 10.5, _INNER)
        sentence = lines(drawing.sentence, 13, _INNER)
        keys_top = 10 + sum(head.step for head in heads)
        self._top = keys_top + (_KEY_STEP * (keys[-1][2] + 1) if keys else 0.0) + 6
        bottom = self._top + (drawing.height or 40 + _SENTENCE_STEP * len(sentence))
        self.figure = Figure(dpi=100, facecolor=self._colours["surface"])
        self._axes = self._sized(bottom + 14 + _FOOT_STEP * len(foot))
        self._write_heads(heads)
        self._write_keys(keys, keys_top)
        lanes = [item for item in drawing.items if isinstance(item, Lanes)]
        if lanes:
            self._lanes(lanes)
        for item in drawing.items:
            self._depth += 1
            self._paint(item)
        self._write(sentence, (WIDTH / 2, self._top + 30), _SENTENCE_STEP, Words(0, 0, "", "middle", "ink-2", 13))
        self._write(foot, (_MARGIN, bottom + 12), _FOOT_STEP, Words(0, 0, "", paint="ink-3", size=10.5))

    def _sized(self, height: float) -> Any:
        self.figure.set_size_inches(WIDTH / 100, height / 100)
        axes = self.figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, WIDTH), ylim=(height, 0))
        axes.set_axis_off()
        return axes

    def _write_heads(self, heads: Sequence[_Line]) -> None:
        y = 10.0
        for head in heads:
            self._text(_MARGIN, y + head.step / 2, head.text, head.style)
            y += head.step

    def _write_keys(self, keys: Sequence[tuple[Key, float, int]], top: float) -> None:
        for key, x, row in keys:
            left, y = _MARGIN + x, top + _KEY_STEP * (row + 0.5)
            self._polygons([_rectangle(left, left + 9, y - 4.5, y + 4.5)], key.paint, 1.0, is_outlined=True)
            self._text(left + 14, y, key.label, Words(0, 0, ""))

    def _write(self, texts: Sequence[str], place: Point, step: float, style: Words) -> None:
        for index, text in enumerate(texts):
            self._text(place[0], place[1] + step * index, text, style)

    def _paint(self, item: Item) -> None:
        match item:
            case Words():
                self._text(self._x(item.x, item.place) + item.dx, self._top + item.y, item.text, item)
            case Cells():
                self._cells(item)
            case Area():
                outlines = [[self._at(point, "plot") for point in outline] for outline in item.outlines]
                self._polygons(outlines, item.paint, item.opacity)
            case Stroke():
                self._stroke(item)
            case Dots():
                self._dots(item)

    def _x(self, x: float, place: Place) -> float:
        """In the left margin x counts from the plot leftwards, so that texts end beside it."""
        plot = WIDTH - EDGE - self._drawing.left - self._drawing.right
        if place == "right":
            return self._drawing.left + plot + x
        return self._drawing.left + (x if place == "left" else x * plot)

    def _at(self, point: Point, place: Place) -> Point:
        return self._x(point[0], place), self._top + point[1]

    def _cells(self, item: Cells) -> None:
        outlines = []
        for x0, x1, y0, y1 in item.boxes:
            (left, top), (right, bottom) = self._at((x0, y0), item.place), self._at((x1, y1), item.place)
            outlines.append(_rectangle(left, max(right, left + item.least), top, bottom))
        self._polygons(outlines, item.paint, item.opacity, is_outlined=item.is_outlined)

    def _lanes(self, lanes: Sequence[Lanes]) -> None:
        """Tens of thousands of cells as one image, its textures on the sheet's own grid so that thin lanes show them."""
        left, right = self._x(0.0, "plot"), self._x(1.0, "plot")
        pixels = lane_pixels(lanes, (right - left, self._drawing.height), self._colours)
        extent = (left, right, self._top + self._drawing.height, self._top)
        image = _Crisp(self._axes, extent=extent, interpolation="nearest", origin="upper", zorder=self._depth)
        image.set_data(pixels)
        self._axes.add_image(image)

    def _polygons(self, outlines: list[list[Point]], paint: str, opacity: float, *, is_outlined: bool = False) -> None:
        fill, hatch, ink = self._fill(paint)
        edge = self._colours[f"{paint}-line"] if is_outlined else "none"
        shapes = PolyCollection(outlines, facecolor=fill, edgecolor=edge, alpha=opacity, zorder=self._depth)
        shapes.set_linewidth(0.6 if is_outlined else 0)
        # Cells that touch would show the ground between them where both are softened.
        shapes.set_antialiased(is_outlined or not paint.startswith(("state", "seq")))
        self._axes.add_collection(shapes, autolim=False)
        if hatch:
            texture = PolyCollection(outlines, facecolor="none", edgecolor=ink, hatch=hatch, zorder=self._depth)
            texture.set_linewidth(0)
            self._axes.add_collection(texture, autolim=False)

    def _fill(self, paint: str) -> tuple[str, str, str]:
        """Colour, hatch and the hatch's ink of a paint."""
        if paint == "gap":
            return self._colours["surface"], "////", self._colours["line-strong"]
        if paint == "others":
            return self._colours[paint], "////", self._colours["others-line"]
        if paint.startswith("state-"):
            kind = theme()["states"][paint.removeprefix("state-").replace("-", "_")]["texture"]
            return self._colours[paint], _HATCH.get(kind, ""), self._colours[f"{paint}-texture"]
        return self._colours[paint], "", ""

    def _stroke(self, item: Stroke) -> None:
        places = [self._at(point, item.place) for point in item.points]
        if item.halo:
            self._line(places, self._colours["surface"], item.halo)
        self._line(places, self._colours[item.paint], item.width, is_dashed=item.is_dashed)

    def _line(self, places: Sequence[Point], colour: str, width: float, *, is_dashed: bool = False) -> None:
        line = Line2D(*zip(*places, strict=True), color=colour, linewidth=width * _PIXEL, zorder=self._depth)
        line.set_solid_capstyle("butt")
        line.set_dash_capstyle("butt")
        if is_dashed:
            line.set_dashes((5, 3))
        self._axes.add_line(line)

    def _dots(self, item: Dots) -> None:
        places = np.array([self._at(point, "plot") for point in item.points]).reshape(-1, 2)
        dots = CircleCollection(
            [np.pi * (item.radius * _PIXEL) ** 2],
            offsets=places,
            offset_transform=self._axes.transData,
            facecolor=self._colours[item.paint],
            edgecolor=self._colours["ink"] if item.is_outlined else "none",
            linewidth=0.5,
            alpha=item.opacity,
            zorder=self._depth,
        )
        self._axes.add_collection(dots, autolim=False)

    def _text(self, x: float, y: float, text: str, style: Words) -> None:
        label = Text(x, y, printable(text), color=self._colours[style.paint], parse_math=False, zorder=self._depth)
        label.set_fontproperties(font(is_bold=style.is_bold))
        label.set_fontsize(style.size * _PIXEL)
        label.set_horizontalalignment(_ALIGN[style.align])
        label.set_verticalalignment("center_baseline")
        if style.has_ground:
            label.set_bbox({"boxstyle": "square,pad=.15", "fc": self._colours["surface"], "ec": "none", "alpha": 0.85})
        self._axes.add_artist(label)


def _rectangle(left: float, right: float, top: float, bottom: float) -> list[Point]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _heads(chart: Chart) -> list[_Line]:
    parts = (
        (chart.title, Words(0, 0, "", size=15, is_bold=True), 20.0),
        (chart.finding, Words(0, 0, "", paint="ink-2", size=12), 17.0),
        (chart.readout, Words(0, 0, "", paint="ink-3", size=11), 16.0),
    )
    return [
        _Line(line, style, step)
        for text, style, step in parts
        for line in lines(text, style.size * (BOLDER if style.is_bold else 1.0), _INNER)
    ]


def _keys(drawing: Drawing) -> Iterator[tuple[Key, float, int]]:
    """Legend entries with their x and row; none where the margin already names the bands."""
    if drawing.is_optional_right and any(isinstance(item, Words) and item.place == "right" for item in drawing.items):
        return
    room = Room(_INNER, 0, measure, is_stretched=False, has_side_labels=False)
    x, row = 0.0, 0
    for key in drawing.legend:
        label = fit(key.label, 11, 160, room)
        need = 28 + measure(label, 11)
        if x and x + need > _INNER:
            x, row = 0.0, row + 1
        yield Key(key.paint, label), x, row
        x += need
