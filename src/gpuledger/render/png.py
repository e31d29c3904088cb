"""One PNG a chart, light, 1200 pixels wide."""

from collections.abc import Sequence
from pathlib import Path

from gpuledger.model.document import Document
from gpuledger.render.output import Output, file_stem, save
from gpuledger.render.theme import Colours


def write(document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
    """Writes `<chart id>.png` for every chart of the document."""
    from gpuledger.render.figure.paper import figure, to_png

    colours = Colours(document.ranks)
    return [
        save(to_png(figure(chart, colours)), out, file_stem(chart.id), "png", block=chart.id, title=chart.title)
        for chart in document.charts
    ]
