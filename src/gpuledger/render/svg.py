"""One SVG a chart, light, text as outlines."""

from collections.abc import Sequence
from pathlib import Path

from gpuledger.model.document import Document
from gpuledger.render.output import Output, save_each
from gpuledger.render.theme import Colours


def write(document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
    """Writes `<chart id>.svg` for every chart of the document."""
    from gpuledger.render.figure.paper import figure, to_svg

    colours = Colours(document.ranks)
    return save_each(document.charts, out, "svg", lambda chart: to_svg(figure(chart, colours), chart.title))
