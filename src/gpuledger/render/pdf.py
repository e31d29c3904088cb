"""One PDF a chart, light, for print: lines and letters stay sharp at any size."""

from collections.abc import Sequence
from pathlib import Path

from gpuledger.model.document import Document
from gpuledger.render.output import Output, save_each
from gpuledger.render.theme import Colours


def write(document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
    """Writes `<chart id>.pdf` for every chart of the document."""
    from gpuledger.render.figure.paper import figure, to_pdf

    colours = Colours(document.ranks)
    return save_each(document.charts, out, "pdf", lambda chart: to_pdf(figure(chart, colours), chart.title))
