"""One PNG a chart, light, 1200 pixels wide."""

from collections.abc import Sequence
from pathlib import Path

from gpuledger.model.document import Document
from gpuledger.render.output import Output, save_each
from gpuledger.render.theme import Colours


def write(document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
    """Writes `<chart id>.png` for every chart of the document."""
    from gpuledger.render.figure.paper import figure, to_png

    colours = Colours(document.ranks)
    return save_each(document.charts, out, "png", lambda chart: to_png(figure(chart, colours)))
