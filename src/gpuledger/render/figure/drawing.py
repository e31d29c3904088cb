"""A chart laid out: marks with their places, before ink.

One layout serves two painters: the page (an SVG that stretches with the reader's window) and the paper (Matplotlib).
So x inside the plot is a fraction of its width (0 to 1) and in the margins pixels from the margin's left edge;
y is pixels from the top of the drawing, down. Paints are keys of `theme.palette`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gpuledger.render.format import visible

Point = tuple[float, float]
Place = Literal["plot", "left", "right"]
Box = tuple[float, float, float, float]
"""x0, x1, y0, y1."""


@dataclass(frozen=True)
class Cells:
    """Rectangles of one paint. `is_outlined` draws the paint's outline; `least` is the narrowest width in pixels."""

    paint: str
    boxes: tuple[Box, ...]
    is_outlined: bool = False
    opacity: float = 1.0
    least: float = 0.0
    place: Place = "plot"


@dataclass(frozen=True)
class Lanes:
    """Runs of one paint on a plot of `columns` equal columns: first column, the one after the last, y0, y1 (whole pixels).

    Tens of thousands of them are one image, not as many marks.
    """

    paint: str
    columns: int
    runs: tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True)
class Area:
    """Filled polygons of one paint."""

    paint: str
    outlines: tuple[tuple[Point, ...], ...]
    opacity: float = 1.0


@dataclass(frozen=True)
class Stroke:
    """A line through points. `halo` is a wider line of the surface below it, so that it shows on any band."""

    paint: str
    points: tuple[Point, ...]
    width: float = 1.0
    is_dashed: bool = False
    halo: float = 0.0
    place: Place = "plot"


@dataclass(frozen=True)
class Dots:
    """Round points of one paint."""

    paint: str
    points: tuple[Point, ...]
    radius: float = 2.0
    opacity: float = 1.0
    is_outlined: bool = False


@dataclass(frozen=True)
class Words:
    """A text, its middle at height y. `tier` 0 shows always, 1 and 2 only where the page is wide enough.

    `full` is the whole text when `text` was cut. `has_ground` lays a little surface under it.
    """

    x: float
    y: float
    text: str
    align: Literal["start", "middle", "end"] = "start"
    paint: str = "ink"
    size: float = 11.0
    is_bold: bool = False
    dx: float = 0.0
    tier: int = 0
    full: str = ""
    has_ground: bool = False
    place: Place = "plot"


Item = Cells | Lanes | Area | Stroke | Dots | Words


@dataclass(frozen=True)
class Key:
    """An entry of the legend: a swatch and its name."""

    paint: str
    label: str


@dataclass(frozen=True)
class Drawing:
    """Marks in the order they are painted, the margins' widths and the height over all.

    `is_optional_right` says the right margin only repeats the legend, so a narrow page may leave it out.
    `notes` are sentences the drawing itself owes its reader.
    """

    height: float
    left: float
    right: float
    items: tuple[Item, ...]
    legend: tuple[Key, ...] = ()
    is_optional_right: bool = False
    notes: tuple[str, ...] = ()
    sentence: str = ""


@dataclass(frozen=True)
class Room:
    """What a painter offers: width of the whole drawing, height of a plot, and how wide a text becomes."""

    width: float
    plot_height: float
    measure: Callable[[str, float], float]
    is_stretched: bool
    has_side_labels: bool
    is_narrow: bool = False
    """A phone's: names stand above what they name."""


def in_lines(text: str, size: float, width: float, room: Room) -> tuple[str, ...]:
    """`text` in one line where it has room, else in two, cut at a space where that leaves the second whole."""
    if room.measure(visible(text), size) <= width:
        return (visible(text),)
    words = visible(text).split(" ")
    fitting = [at for at in range(1, len(words)) if room.measure(" ".join(words[:at]), size) <= width]
    if not fitting:
        return (fit(text, size, width, room),)
    rest = " ".join(words[fitting[-1] :])
    return " ".join(words[: fitting[-1]]), fit(rest, size, width, room)


def name_lines(parts: tuple[str, ...], y: float, size: float, whole: str, paint: str = "ink") -> list["Item"]:
    """A row's name in the left margin, its lines around the row's middle."""
    step, full = size + 2, "" if " ".join(parts) == whole else whole
    first = y - step * (len(parts) - 1) / 2
    return [
        Words(-8, first + step * n, part, "end", paint, size, place="left", full=full if n == 0 else "")
        for n, part in enumerate(parts)
    ]


def fit(text: str, size: float, width: float, room: Room) -> str:
    """`text` with its controls written out, cut with "…" to `width` pixels."""
    text = visible(text)
    if room.measure(text, size) <= width:
        return text
    low, high = 0, min(len(text), 400)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if room.measure(text[:middle] + "…", size) <= width else (low, middle - 1)
    return text[:low].rstrip() + "…"
