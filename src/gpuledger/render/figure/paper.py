"""A drawing on paper: Matplotlib figures for PNG and SVG, drawn in CSS pixels at 100 px an inch.

Texts are set literally (no mathematics in a name with "$") in DejaVu Sans, which comes with Matplotlib, so a figure
is the same on every machine; a character it lacks is shown as a box, the whole name is in the tables.
"""

import io
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import CircleCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.path import Path
from matplotlib.text import Text

from gpuledger.model.chart import Chart
from gpuledger.render.figure import draw
from gpuledger.render.figure.drawing import Area, Cells, Dots, Drawing, Item, Key, Place, Point, Room, Stroke, Words, fit
from gpuledger.render.format import visible
from gpuledger.render.theme import Colours, Mode, palette, theme

WIDTH = float(theme()["chart"]["mail_width"])
_PIXEL = 72 / 100
_MARGIN = 12.0
_BOLDER = 1.14
_PLOT = float(theme()["chart"]["height"]["normal"]) - 64
_HATCH = {"dash": "--", "rule": "---", "bar": "||||", "dot": "...", "diagonal": "////"}
_RC = {"svg.hashsalt": "gpuledger", "svg.fonttype": "path", "hatch.linewidth": 0.6, "path.simplify": False}
"""Backend settings of our drawings; applied around each save, never to the process."""


@cache
def _fonts(is_bold: bool) -> FontProperties:
    return FontProperties(family=theme()["font"]["figure"], weight="bold" if is_bold else "normal")


@cache
def _glyphs(is_bold: bool = False) -> frozenset[int]:
    return frozenset(get_font(findfont(_fonts(is_bold))).get_charmap())


@cache
def _advances() -> Mapping[int, float]:
    """Glyph widths at 1 pixel, read once: measuring a text is then a sum."""
    font = get_font(findfont(_fonts(False)))
    font.set_size(100, 72)
    return {code: font.load_char(code).linearHoriAdvance / 65536 / 100 for code in range(32, 0x2030) if code in _glyphs()}


def measure(text: str, size: float) -> float:
    """Width of `text` in pixels, as DejaVu Sans sets it."""
    widths = _advances()
    return sum(widths.get(ord(letter), 0.7) for letter in text) * size


def printable(text: str) -> str:
    """`text` on one line, with a box for what the font cannot show."""
    known = _glyphs()
    return "".join(letter if ord(letter) in known else "□" for letter in visible(text))


def figure(chart: Chart, colours: Colours, mode: Mode = "light") -> Figure:
    """Title, finding, plot and foot on one sheet 600 px wide; its height follows from what it holds."""
    room = Room(WIDTH - 8, _PLOT, measure, is_stretched=False, has_side_labels=True)
    drawing = draw(chart, colours, room)
    return _Sheet(chart, drawing, palette(mode)).figure


def to_png(sheet: Figure) -> bytes:
    """The figure's pixels at dpi 200, without a time stamp: the same document gives the same bytes."""
    buffer = io.BytesIO()
    FigureCanvasAgg(sheet)
    with _settings():
        sheet.savefig(buffer, format="png", dpi=theme()["chart"]["figure_dpi"], metadata={"Software": None})
    return buffer.getvalue()


def to_svg(sheet: Figure, title: str) -> bytes:
    """The figure as SVG, text as outlines."""
    buffer = io.BytesIO()
    FigureCanvasSVG(sheet)
    with _settings():
        sheet.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "gpuledger", "Title": title})
    return buffer.getvalue()


def _settings() -> Any:
    return rc_context(_RC)


class _Sheet:
    """One figure being painted, in pixels from its top left corner."""

    def __init__(self, chart: Chart, drawing: Drawing, colours: Mapping[str, str]) -> None:
        self._colours = colours
        self._drawing = drawing
        self._depth = 1
        size = theme()["font"]["size"]
        heads = [
            *((line, 15.0, "ink", True, 20.0) for line in _lines(chart.title, 15 * _BOLDER, WIDTH - 24)),
            *((line, 12.0, "ink-2", False, 17.0) for line in _lines(chart.finding, 12, WIDTH - 24)),
            *((line, 11.0, "ink-3", False, 16.0) for line in _lines(chart.readout, 11, WIDTH - 24)),
        ]
        keys = [] if drawing.is_optional_right and drawing.right > 20 else list(_key_places(drawing, WIDTH - 24))
        foot = " ".join(part for part in (*drawing.notes, chart.left_out, chart.foot) if part)
        feet = _lines(drawing.sentence, size["body"], WIDTH - 24), _lines(foot, 10.5, WIDTH - 24)
        self._top = 10 + sum(head[4] for head in heads) + (18 * (keys[-1][2] + 1) if keys else 0) + 6
        body = drawing.height or 40.0 + 20 * len(feet[0])
        height = self._top + body + 8 + 14 * len(feet[1]) + 6
        self.figure = Figure(figsize=(WIDTH / 100, height / 100), dpi=100, facecolor=colours["surface"])
        self._axes = self.figure.add_axes((0, 0, 1, 1))
        self._axes.set(xlim=(0, WIDTH), ylim=(height, 0))
        self._axes.set_axis_off()
        y = 10.0
        for text, points, paint, is_bold, step in heads:
            self._text(_MARGIN, y + step / 2, text, Words(0, 0, "", paint=paint, size=points, is_bold=is_bold))
            y += step
        for key, x, row in keys:
            self._cells(Cells(key.paint, ((_MARGIN + x, _MARGIN + x + 9, y + 18 * row + 4.5, y + 18 * row + 13.5),), True), raw=True)
            self._text(_MARGIN + x + 14, y + 18 * row + 9, key.label, Words(0, 0, ""))
        for item in drawing.items:
            self._depth += 1
            self._paint(item)
        for index, line in enumerate(feet[0]):
            self._text(WIDTH / 2, self._top + 30 + 20 * index, line, Words(0, 0, "", "middle", "ink-2", 13))
        for index, line in enumerate(feet[1]):
            self._text(_MARGIN, self._top + body + 12 + 14 * index, line, Words(0, 0, "", paint="ink-3", size=10.5))

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
        if place == "right":
            return WIDTH - 8 - self._drawing.right + x
        # In the left margin x counts from the plot leftwards, so that texts end beside it.
        plot = WIDTH - 8 - self._drawing.left - self._drawing.right
        return self._drawing.left + (x if place == "left" else x * plot)

    def _at(self, point: Point, place: Place) -> Point:
        return self._x(point[0], place), self._top + point[1]

    def _cells(self, item: Cells, *, raw: bool = False) -> None:
        outlines = []
        for x0, x1, y0, y1 in item.boxes:
            (left, top), (right, bottom) = ((x0, y0), (x1, y1)) if raw else (self._at((x0, y0), item.place), self._at((x1, y1), item.place))
            right = max(right, left + item.least)
            outlines.append([(left, top), (right, top), (right, bottom), (left, bottom)])
        self._polygons(outlines, item.paint, item.opacity, is_outlined=item.is_outlined)

    def _polygons(self, outlines: list[list[Point]], paint: str, opacity: float, *, is_outlined: bool = False) -> None:
        fill, hatch, ink = self._fill(paint)
        edge = self._colours.get(f"{paint}-line", fill) if is_outlined else "none"
        shapes = PolyCollection(outlines, facecolor=fill, edgecolor=edge, linewidth=0.6 if is_outlined else 0, alpha=opacity, zorder=self._depth)
        shapes.set_antialiased(is_outlined or not paint.startswith(("state", "seq")))
        self._axes.add_collection(shapes, autolim=False)
        if hatch:
            lines = PolyCollection(outlines, facecolor="none", edgecolor=ink, linewidth=0, hatch=hatch, zorder=self._depth)
            self._axes.add_collection(lines, autolim=False)

    def _fill(self, paint: str) -> tuple[str, str, str]:
        """Colour, hatch and the hatch's ink of a paint."""
        if paint == "gap":
            return self._colours["surface"], "////", self._colours["line-strong"]
        if paint == "others":
            return self._colours[paint], "", ""
        if paint.startswith("state-"):
            kind = theme()["states"][paint.removeprefix("state-").replace("-", "_")]["texture"]
            return self._colours[paint], _HATCH.get(kind, ""), self._colours[f"{paint}-texture"]
        return self._colours[paint], "", ""

    def _stroke(self, item: Stroke) -> None:
        xs, ys = zip(*(self._at(point, item.place) for point in item.points), strict=True)
        if item.halo:
            self._line(xs, ys, self._colours["surface"], item.halo)
        dashes = {"dashes": (5, 3)} if item.is_dashed else {}
        self._line(xs, ys, self._colours.get(item.paint, self._colours["ink"]), item.width, **dashes)

    def _line(self, xs: tuple[float, ...], ys: tuple[float, ...], colour: str, width: float, **more: Any) -> None:
        caps = {"solid_capstyle": "butt", "dash_capstyle": "butt"}
        self._axes.add_line(Line2D(xs, ys, color=colour, linewidth=width * _PIXEL, zorder=self._depth, **caps, **more))

    def _dots(self, item: Dots) -> None:
        area = 3.1416 * (item.radius * _PIXEL) ** 2
        edge = self._colours["ink"] if item.is_outlined else "none"
        places = [self._at(point, "plot") for point in item.points]
        self._axes.add_collection(
            CircleCollection([area], offsets=places or np.empty((0, 2)), offset_transform=self._axes.transData,
                             facecolor=self._colours[item.paint], edgecolor=edge, linewidth=0.5, alpha=item.opacity, zorder=self._depth),
            autolim=False,
        )  # fmt: skip

    def _text(self, x: float, y: float, text: str, style: Words) -> None:
        label = Text(
            x, y, printable(text), color=self._ink(style.paint), fontproperties=_fonts(style.is_bold),
            horizontalalignment={"start": "left", "middle": "center", "end": "right"}[style.align],
            verticalalignment="center_baseline", parse_math=False, zorder=self._depth,
        )  # fmt: skip
        label.set_fontsize(style.size * _PIXEL)
        if style.has_ground:
            label.set_bbox({"boxstyle": "square,pad=.15", "fc": self._colours["surface"], "ec": "none", "alpha": 0.85})
        self._axes.add_artist(label)

    def _ink(self, paint: str) -> str:
        if paint in ("on-dark", "on-light"):
            # Words on a heat map's cell: ink or surface, whichever the cell is not.
            return self._colours["surface" if paint == "on-dark" else "ink"]
        return self._colours[paint]


def _lines(text: str, size: float, width: float) -> list[str]:
    """`text` wrapped to `width` pixels; a word longer than a line is broken."""
    lines: list[str] = []
    for word in text.split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and measure(joined, size) <= width:
            lines[-1] = joined
        else:
            lines += _pieces(word, size, width)
    return lines


def _pieces(word: str, size: float, width: float) -> Iterator[str]:
    while measure(word, size) > width:
        count = max(1, int(len(word) * width / measure(word, size)) - 1)
        yield word[:count]
        word = word[count:]
    yield word


def _key_places(drawing: Drawing, width: float) -> Iterator[tuple[Key, float, int]]:
    """Legend entries with their x and row."""
    x, row = 0.0, 0
    room = Room(width, 0, measure, is_stretched=False, has_side_labels=False)
    for key in drawing.legend:
        key = Key(key.paint, fit(key.label, 11, 160, room))
        need = 14 + measure(key.label, 11) + 14
        if x and x + need > width:
            x, row = 0.0, row + 1
        yield key, x, row
        x += need
