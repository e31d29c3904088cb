"""State lanes as pixels: fill and texture of a state, by theme.json's formulas."""

import io
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gpuledger.render.figure.drawing import Lanes
from gpuledger.render.theme import theme

SCALE = 2
"""Pixels of the image per CSS pixel, as the sheet is saved."""


def lane_pixels(lanes: Sequence[Lanes], size: tuple[float, float], colours: Mapping[str, str]) -> NDArray[np.uint8]:
    """RGBA of a plot of `size` CSS pixels (width, height); where no lane runs it is transparent.

    Which paint stands where is written once in columns and CSS pixels; its texture is looked up, not painted.
    """
    width, height = max(1, round(size[0] * SCALE)), max(1, round(size[1]))
    paints = np.zeros((height, lanes[0].columns), np.uint8)
    palette = np.zeros((2 * len(lanes) + 2, 4), np.uint8)
    inks = np.zeros((len(lanes) + 1, height, width), np.bool_)
    for index, one in enumerate(lanes, 1):
        for start, end, top, bottom in one.runs:
            paints[top:bottom, start:end] = index
        kind = theme()["states"][one.paint.removeprefix("state-").replace("-", "_")]["texture"]
        inks[index] = texture(kind, (height, width))
        palette[2 * index : 2 * index + 2] = _rgba(colours[one.paint]), _rgba(colours[f"{one.paint}-texture"])
    wide = paints[:, np.arange(width) * lanes[0].columns // width]
    ink = np.take_along_axis(inks, wide[None], axis=0)[0]
    return np.repeat(palette[2 * wide + ink], SCALE, axis=0)


def lane_mask(lanes: Lanes, height: int) -> bytes:
    """A PNG of one pixel a column and CSS pixel of height: white where the lanes run."""
    from PIL import Image

    shown = np.zeros((height, lanes.columns), np.bool_)
    for start, end, top, bottom in lanes.runs:
        shown[top:bottom, start:end] = True
    buffer = io.BytesIO()
    Image.fromarray(shown).save(buffer, "PNG", optimize=True, bits=1)
    return buffer.getvalue()


@cache
def texture(kind: str, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Where the texture's ink falls, in rows of CSS pixels and columns of the image's: for every key given, the
    coordinate in CSS pixels modulo the first number is below the second.
    """
    rows, columns = np.arange(shape[0])[:, None], np.arange(shape[1])[None, :] // SCALE
    places = {"x": columns, "y": rows, "sum": rows + columns}
    spec = theme()["textures"][kind]
    ink = np.full(shape, bool(spec))
    for axis, (every, on) in spec.items():
        ink = ink & (places[axis] % every < on)
    return ink


def _rgba(colour: str) -> tuple[int, int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16), 255
