"""One PNG a chart, light, 1200 pixels wide."""

from collections.abc import Sequence
from pathlib import Path

from gpuledger.model.chart import Chart
from gpuledger.model.document import Document
from gpuledger.render.output import Output, save_each
from gpuledger.render.theme import Colours


def write(document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
    """Writes `<chart id>.png` for every chart of the document."""
    from gpuledger.render.figure.paper import figure, to_png

    colours = Colours(document.ranks)

    def drawn(chart: Chart) -> bytes:
        sheet = figure(chart, colours)
        try:
            return to_png(sheet)
        finally:
            sheet.clear()  # its parts name each other: they would stay until the collector comes by

    return save_each(document.charts, out, "png", drawn)
