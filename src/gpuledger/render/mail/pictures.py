"""The mail's figures: the same drawings as on paper, in few colours."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gpuledger.model.chart import Chart
from gpuledger.render.format import visible
from gpuledger.render.mail.letter import Figure
from gpuledger.render.output import file_stem
from gpuledger.render.theme import Colours

if TYPE_CHECKING:
    from PIL import Image

MOST_BYTES = 60 * 1024
_COLOURS = (128, 64, 32)
_COMPRESSED = 8
"""How hard PNG presses the pixels: 9 takes three times as long and saves a fortieth of the bytes."""


def pictures(charts: Sequence[Chart], colours: Colours) -> tuple[Figure, ...]:
    """A figure a chart, 1200 pixels wide; one that stays above 60 KB in 32 colours is left out."""
    made = ((chart, _png(chart, colours)) for chart in charts)
    return tuple(Figure(cid(chart), png, alt(chart)) for chart, png in made if png is not None)


def cid(chart: Chart) -> str:
    """The Content-ID of a chart's figure, the same in every mail of the report."""
    return f"{file_stem(chart.id)}@gpuledger"


def alt(chart: Chart) -> str:
    """What the picture shows, for who does not see it."""
    return visible(" ".join(f"{part.rstrip('.')}." for part in (chart.title, chart.finding) if part))


def _png(chart: Chart, colours: Colours) -> bytes | None:
    from PIL import Image

    from gpuledger.render.figure.paper import figure, to_pixels

    image = Image.fromarray(to_pixels(figure(chart, colours)), "RGB")
    made = (_encoded(image, count) for count in _COLOURS)
    return next((png for png in made if len(png) <= MOST_BYTES), None)


def _encoded(image: "Image.Image", count: int) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    few = image.quantize(count, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(buffer, "PNG", compress_level=_COMPRESSED)
    return buffer.getvalue()
