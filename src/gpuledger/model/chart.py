"""A chart as a value: one of six shapes, with everything a renderer needs and nothing it must compute."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Value = float | None


@dataclass(frozen=True)
class Axis:
    """`values` are the positions of a time or category axis: for time bins the left edges, UTC."""

    label: str
    unit: str = ""
    kind: Literal["time", "number", "category"] = "number"
    values: tuple[str | float | datetime, ...] = ()
    zone: str = ""
    is_log: bool = False


@dataclass(frozen=True)
class Mark:
    """A line at a value of an axis with its words ("limit 64")."""

    axis: Literal["x", "y"]
    at: float | datetime
    label: str


@dataclass(frozen=True)
class Gap:
    """An interval nobody observed: hatched, never drawn as zero, never bridged."""

    start: datetime
    end: datetime
    label: str = "no data"


@dataclass(frozen=True)
class Series:
    """Values of one name over the x axis. `total` is the period's total printed beside the name, in `total_unit`."""

    key: str
    label: str
    values: tuple[Value, ...]
    low: tuple[Value, ...] = ()
    high: tuple[Value, ...] = ()
    total: float | None = None


@dataclass(frozen=True)
class Lines:
    """Series over time or number; `bin_seconds` is the width of a step, `partial_from` the first bin not yet over."""

    style: Literal["line", "area", "bar", "points"]
    is_stacked: bool
    series: tuple[Series, ...]
    bin_seconds: float | None = None
    partial_from: int | None = None
    total_unit: str = ""
    shape: Literal["lines"] = "lines"


@dataclass(frozen=True)
class Histogram:
    """Counts between edges (one more edge than counts)."""

    edges: tuple[float, ...]
    series: tuple[Series, ...]
    shape: Literal["histogram"] = "histogram"


@dataclass(frozen=True)
class Box:
    """Five numbers, the mean and at most 50 outliers of one group; fewer than 5 values are `outliers` only."""

    key: str
    label: str
    count: int
    low: Value
    q1: Value
    median: Value
    q3: Value
    high: Value
    mean: Value = None
    outliers: tuple[float, ...] = ()


@dataclass(frozen=True)
class Boxes:
    boxes: tuple[Box, ...]
    shape: Literal["boxes"] = "boxes"


@dataclass(frozen=True)
class GridRow:
    """One row of a grid: amounts (`values`) or state codes (`codes`, one letter a column; a space: it was not there).

    `notes` stand below the amounts, one a cell ("n 12"). `category` is what readers may keep rows by beside the group.
    """

    label: str
    group: str = ""
    values: tuple[Value, ...] = ()
    codes: str = ""
    notes: tuple[str, ...] = ()
    category: str = ""


@dataclass(frozen=True)
class GridGroup:
    """What stands beside a group's name: its size in words and the share (0 to 1) of each state, in order of drawing."""

    label: str
    words: str = ""
    shares: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Grid:
    """Rows by the x axis; `states` are the keys of theme.json that codes stand for, empty for amounts.

    A row's `group` is the label of one of `groups`, where it has more to say than its name. `group_label` and
    `category_label` say what groups and categories are ("GPU model", "Class").
    """

    rows: tuple[GridRow, ...]
    states: tuple[str, ...] = ()
    groups: tuple[GridGroup, ...] = ()
    group_label: str = ""
    category_label: str = ""
    shape: Literal["grid"] = "grid"


@dataclass(frozen=True)
class Span:
    """An interval of a row; `key` is a state of theme.json or a name of the chart's dimension. No end: still open."""

    row: str
    start: datetime
    end: datetime | None
    key: str
    label: str = ""


@dataclass(frozen=True)
class Spans:
    """A lane a row. `totals` are the rows' amounts, printed at their right in `total_unit`; the last label stands there too."""

    rows: tuple[str, ...]
    spans: tuple[Span, ...]
    totals: tuple[float | None, ...] = ()
    total_unit: str = ""
    shape: Literal["spans"] = "spans"


@dataclass(frozen=True)
class Bar:
    """One row of ranked bars: (key, amount) of its parts from left to right; `words` are its amount, share and n."""

    key: str
    label: str
    parts: tuple[tuple[str, float], ...]
    words: str

    @property
    def amount(self) -> float:
        """The whole bar."""
        return sum(amount for _, amount in self.parts)


@dataclass(frozen=True)
class Bars:
    """Ranked bars from 0 on one scale. `part_dimension` names whose ranks colour the parts; without it the chart's does."""

    bars: tuple[Bar, ...]
    part_dimension: str | None = None
    shape: Literal["bars"] = "bars"


Shape = Lines | Histogram | Boxes | Grid | Spans | Bars


@dataclass(frozen=True)
class Chart:
    """A figure: title names quantity and bin, `finding` states what is remarkable, `foot` population, period, zone.

    `readout` is the line at the right of the title ("mean 40.9 · peak 62.0 (96.9 % of limit)"). `dimension` names
    whose ranks colour the series; of the dimension `part` the keys are states of theme.json, which have their own colours.
    """

    id: str
    title: str
    finding: str
    x: Axis
    y: Axis
    shape: Shape
    dimension: str | None = None
    readout: str = ""
    foot: str = ""
    marks: tuple[Mark, ...] = ()
    gaps: tuple[Gap, ...] = ()
    left_out: str = ""
    empty: str = ""
    kind: Literal["chart"] = "chart"
