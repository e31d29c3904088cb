"""A chart on paper: Matplotlib figures for PNG, SVG and PDF.

Drawn in DejaVu Sans, which comes with Matplotlib, so a figure is the same on every machine. Settings are applied
around each save, never to the process. What draws SVG and PDF is imported by who wants one: it takes as long as a figure.
"""

import io
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from gpuledger.model.chart import Chart
from gpuledger.render.figure import draw
from gpuledger.render.figure.drawing import Room
from gpuledger.render.figure.sheet import EDGE, WIDTH, Sheet
from gpuledger.render.figure.type import measure
from gpuledger.render.theme import Colours, Mode, theme

_PLOT = float(theme()["chart"]["height"]["normal"]) - 64
_DPI = int(theme()["chart"]["figure_dpi"])
_COMPRESSED = 3
"""How hard PNG presses the pixels: the usual 6 takes a quarter longer and saves a hundredth of the bytes."""


def figure(chart: Chart, colours: Colours, mode: Mode = "light") -> Figure:
    """Title, finding, plot and foot on one sheet 600 px wide; its height follows from what it holds."""
    room = Room(WIDTH - EDGE, _PLOT, measure, is_stretched=False, has_side_labels=True)
    return Sheet(chart, draw(chart, colours, room), mode).figure


def to_png(sheet: Figure) -> bytes:
    """The figure's pixels at dpi 200, without a time stamp: the same document gives the same bytes."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(to_pixels(sheet)).save(buffer, "PNG", compress_level=_COMPRESSED, dpi=(_DPI, _DPI))
    return buffer.getvalue()


def to_pixels(sheet: Figure) -> NDArray[np.uint8]:
    """The figure's pixels as rows of red, green, blue."""
    sheet.set_dpi(_DPI)
    canvas: Any = FigureCanvasAgg(sheet)
    with _settings():
        canvas.draw()
    return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[:, :, :3])


def to_svg(sheet: Figure, title: str) -> bytes:
    """The figure as SVG, text as outlines."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    buffer = io.BytesIO()
    FigureCanvasSVG(sheet)
    with _settings():
        sheet.savefig(buffer, format="svg", metadata={"Date": None, "Creator": "gpuledger", "Title": title})
    return buffer.getvalue()


def to_pdf(sheet: Figure, title: str) -> bytes:
    """The figure as PDF, without a time stamp."""
    from matplotlib.backends.backend_pdf import FigureCanvasPdf

    buffer = io.BytesIO()
    FigureCanvasPdf(sheet)
    with _settings():
        sheet.savefig(buffer, format="pdf", metadata={"CreationDate": None, "Creator": "gpuledger", "Title": title})
    return buffer.getvalue()


def _settings() -> AbstractContextManager[None]:
    # letters as the font means them: to move their edges onto pixels takes a third of the time, and at dpi 200 nobody sees it
    return rc_context({
        "svg.hashsalt": "gpuledger", "svg.fonttype": "path", "hatch.linewidth": 0.6, "path.simplify": False,
        "text.hinting": "none",
    })  # fmt: skip
