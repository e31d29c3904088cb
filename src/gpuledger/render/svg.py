"""One SVG a chart, light, text as outlines."""

from collections.abc import Sequence
from pathlib import Path

from gpuledger.model.document import Document
from gpuledger.render.output import Output, file_stem, save
from gpuledger.render.theme import Colours


def write(document: Document, out: Path, others: Sequence[Output]) -> list[Output]:
    """Writes `<chart id>.svg` for every chart of the document."""
    from gpuledger.render.figure.paper import figure, to_svg

    colours = Colours(document.ranks)
    return [
        save(
            to_svg(figure(chart, colours), chart.title),
            out,
            file_stem(chart.id),
            "svg",
            block=chart.id,
            title=chart.title,
        )
        for chart in document.charts
    ]
