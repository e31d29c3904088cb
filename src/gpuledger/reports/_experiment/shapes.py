"""Charts and boxes that several sections draw."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from gpuledger.model.chart import Axis, Bar, Bars, Box, Boxes, Chart, Grid, GridRow, Lines, Series
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.scene import Scene

if TYPE_CHECKING:
    from gpuledger.metrics.events import Floats

FEWEST, MOST_POINTS, MOST_BARS = 5, 50, 20
"""Fewer values are points without a box; more points are thinned; more bars are one."""
LOG_FROM = 30.0
"""Largest ÷ smallest from which an axis is logarithmic."""
_POINTS = (5, 25, 50, 75, 95)
OTHERS = "others"


@dataclass(frozen=True)
class Said:
    """What a chart says of itself."""

    id: str
    title: str
    finding: str
    empty: str
    foot: str = ""
    left_out: str = ""


def bars(
    scene: Scene,
    said: Said,
    dimension: str | None,
    amounts: Mapping[str, float],
    worded: Callable[[float, str], str],
    key: str | None = None,
) -> Chart:
    """Ranked bars, largest first; names with 0 stay, what is past the twentieth is one bar. Colours are the names' own,
    or that of `key` for all of them."""
    order = sorted(amounts, key=lambda name: (-amounts[name], name))
    named, rest = order[:MOST_BARS], order[MOST_BARS:]
    drawn = [Bar(key or name, name, ((name, amounts[name]),), worded(amounts[name], name)) for name in named]
    if rest:
        left = sum(amounts[name] for name in rest)
        drawn.append(Bar(key or OTHERS, words.plural(len(rest), "other"), ((OTHERS, left),), worded(left, OTHERS)))
    return _chart(scene, said, Axis(""), Axis("", kind="category"), Bars(tuple(drawn)), dimension)


def parted(scene: Scene, said: Said, rows: Iterable[Bar], part_dimension: str) -> Chart:
    """Ranked bars of several parts, in the order given."""
    return _chart(scene, said, Axis(""), Axis("", kind="category"), Bars(tuple(rows), part_dimension), None)


def boxes(scene: Scene, said: Said, unit: str, groups: Sequence[Box], dimension: str | None = None) -> Chart:
    """A box a row; a logarithmic axis where values differ thirtyfold, but for shares."""
    values = [v for b in groups for v in (b.low, b.q1, b.high, *b.outliers) if v is not None and v > 0]
    is_log = (
        unit != "ratio"
        and bool(values)
        and max(values) > LOG_FROM * min(values)
        and all(_is_positive(box) for box in groups)
    )
    return _chart(
        scene, said, Axis("", unit=unit, is_log=is_log), Axis("", kind="category"), Boxes(tuple(groups)), dimension
    )


def _is_positive(box: Box) -> bool:
    return all(v is None or v > 0 for v in (box.low, box.q1, box.median, *box.outliers))


def grid(scene: Scene, said: Said, unit: tuple[str, str], columns: Sequence[str], rows: Sequence[GridRow]) -> Chart:
    """Amounts by two names, each cell with its n. `unit` is the format of amounts and what they are."""
    return _chart(
        scene,
        said,
        Axis("", kind="category", values=tuple(columns)),
        Axis(unit[1], unit=unit[0]),
        Grid(tuple(rows)),
        None,
    )


def over_time(
    scene: Scene, said: Said, edges: Sequence[datetime], shape: Lines, axis: Axis, dimension: str | None = "site"
) -> Chart:
    """Series over time; `edges` are the left edges of bins."""
    x = Axis("", kind="time", values=tuple(edges), zone=scene.ask.display_zone)
    return _chart(scene, said, x, axis, shape, dimension)


def _chart(
    scene: Scene, said: Said, x: Axis, y: Axis, shape: Bars | Boxes | Grid | Lines, dimension: str | None
) -> Chart:
    return Chart(
        id=said.id, title=said.title, finding=said.finding, x=x, y=y, shape=shape, dimension=dimension,
        foot=said.foot + (" · " if said.foot else "") + scene.foot, left_out=said.left_out, empty="" if _has_values(shape) else said.empty,
    )  # fmt: skip


def _has_values(shape: Bars | Boxes | Grid | Lines) -> bool:
    match shape:
        case Bars():
            return bool(shape.bars)
        case Boxes():
            return any(box.count for box in shape.boxes)
        case Grid():
            return bool(shape.rows)
        case Lines():
            return bool(shape.series)


def box(key: str, label: str, values: "Floats") -> Box:
    """Quartiles and 5 to 95 % of sorted values; points outside are thinned to fifty."""
    if len(values) < FEWEST:
        return Box(key, label, len(values), None, None, None, None, None, outliers=tuple(values.tolist()))
    low, q1, median, q3, high = (float(value) for value in np.percentile(values, _POINTS))
    outside = values[(values < low) | (values > high)]
    thinned = outside[:: -(-len(outside) // MOST_POINTS) or 1]
    return Box(key, label, len(values), low, q1, median, q3, high, float(values.mean()), tuple(thinned.tolist()))


def series(names: Sequence[str], held: "Floats", totals: Sequence[float]) -> tuple[Series, ...]:
    """One series a row of `held`; rows without an amount are left out."""
    return tuple(
        Series(name, name, tuple(float(v) for v in row), total=total)
        for name, row, total in zip(names, held, totals, strict=True)
        if np.any(row)
    )


def median(values: "Floats") -> float | None:
    """The middle value, None of none."""
    return float(np.median(values)) if len(values) else None


def at(values: "Floats", percent: float) -> float | None:
    """The value that this share does not exceed, None of none."""
    return float(np.percentile(values, percent)) if len(values) else None


def first_of(shown: int, count: int) -> str:
    """That a table holds only its first rows, in every form that it is written in; nothing where it holds all."""
    if count <= shown:
        return ""
    return f"The first {words.count(shown)} of {words.count(count)}, in every format; --rows {count} gives all."
