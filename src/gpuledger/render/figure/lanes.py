"""State lanes as pixels: fill and texture of a state, by theme.json's formulas."""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from gpuledger.render.figure.drawing import Cells
from gpuledger.render.theme import theme

SCALE = 2
"""Pixels of the image per CSS pixel, as the sheet is saved."""


def is_lane(cells: Cells) -> bool:
    """Cells of a state without outline: a lane, not a swatch or an interval."""
    return cells.paint.startswith("state-") and not cells.is_outlined


def lane_pixels(lanes: Sequence[Cells], size: tuple[float, float], colours: Mapping[str, str]) -> NDArray[np.uint8]:
    """RGBA of a plot of `size` CSS pixels (width, height); where no lane runs it is transparent."""
    width, height = (max(1, round(length * SCALE)) for length in size)
    pixels = np.zeros((height, width, 4), np.uint8)
    for cells in lanes:
        kind = theme()["states"][cells.paint.removeprefix("state-").replace("-", "_")]["texture"]
        ink = texture(kind, (height, width))
        fill, line = np.array(_rgba(colours[cells.paint])), np.array(_rgba(colours[f"{cells.paint}-texture"]))
        pattern = np.where(ink[:, :, None], line, fill).astype(np.uint8)
        for x0, x1, y0, y1 in cells.boxes:
            box = np.s_[round(y0 * SCALE) : round(y1 * SCALE), round(x0 * width) : round(x1 * width)]
            pixels[box] = pattern[box]
    return pixels


@cache
def texture(kind: str, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Where the texture's ink falls: for every key given, the coordinate modulo the first number is below the second."""
    rows, columns = np.arange(shape[0])[:, None] // SCALE, np.arange(shape[1])[None, :] // SCALE
    places = {"x": columns, "y": rows, "sum": rows + columns}
    spec = theme()["textures"][kind]
    ink = np.full(shape, bool(spec))
    for axis, (every, on) in spec.items():
        ink = ink & (places[axis] % every < on)
    return ink


def _rgba(colour: str) -> tuple[int, int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16), 255
