"""What a report builds and a renderer draws: typed values, no markup, every number already computed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from gpuledger.model.chart import Chart
from gpuledger.model.period import Period

Scalar = str | int | float | bool | datetime | date | None
Better = Literal["low", "high", "neither"]
Level = Literal["ok", "info", "warning", "critical", "stale", "unknown"]
Format = Literal["text", "count", "gpu", "hour", "gpu_hour", "ratio", "point", "celsius", "watt", "byte", "gib", "second",
                 "money", "instant", "date"]  # fmt: skip
"""How a value is printed: a unit of theme.json's `number.units`, or text, instant, date."""


@dataclass(frozen=True)
class Comparison:
    """The change against an earlier period, computed by the report.

    `delta` is in `format` (a ratio of change, or points); `verdict` follows the metric's `better`.
    """

    delta: float
    format: Format
    verdict: Literal["better", "worse", "none"]
    label: str


@dataclass(frozen=True)
class Measured:
    """Share of the whole that was really measured (0 to 1), and by what."""

    ratio: float
    source: str


@dataclass(frozen=True)
class Number:
    """One card. `reason` says why `value` is None, or why there is no comparison."""

    id: str
    label: str
    value: Scalar
    format: Format
    meaning: str = ""
    unit: str = ""
    better: Better = "neither"
    comparison: Comparison | None = None
    measured: Measured | None = None
    reason: str | None = None
    spark: tuple[float | None, ...] = ()


@dataclass(frozen=True)
class Numbers:
    """A row of cards."""

    id: str
    title: str
    items: tuple[Number, ...]
    kind: Literal["numbers"] = "numbers"


@dataclass(frozen=True)
class Column:
    """A column of a Table block. `dimension` marks names that carry a colour; `has_bar` draws a bar beside the number.

    `rank` says what stays where room is short: 1 first (a phone), 3 last (the full report); the first column always.
    """

    key: str
    label: str
    format: Format = "text"
    unit: str = ""
    meaning: str = ""
    dimension: str | None = None
    has_bar: bool = False
    is_share: bool = False
    rank: Literal[1, 2, 3] = 2


@dataclass(frozen=True)
class Table:
    """Typed rows. `totals` is drawn first; `others` (the rest of a ranking) last; `left_out` says what is not shown."""

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Scalar, ...], ...]
    totals: tuple[Scalar, ...] | None = None
    others: tuple[Scalar, ...] | None = None
    finding: str = ""
    foot: str = ""
    left_out: str = ""
    empty: str = "Nothing to show."
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Note:
    """A finding of a rule or check, with its evidence (an id of a block, or words)."""

    id: str
    level: Level
    rule: str
    sentence: str
    evidence: str = ""
    kind: Literal["note"] = "note"


@dataclass(frozen=True)
class Text:
    """Paragraphs of plain text; a line that begins with "- " is an item."""

    id: str
    text: str
    title: str = ""
    kind: Literal["text"] = "text"


@dataclass(frozen=True)
class Definitions:
    """The definitions in force: (label, unit, meaning) of each number shown."""

    id: str
    title: str
    items: tuple[tuple[str, str, str], ...]
    kind: Literal["definitions"] = "definitions"


@dataclass(frozen=True)
class Lane:
    """One source in the data-quality strip: what it was expected to tell and what it told."""

    label: str
    gaps: tuple[tuple[datetime, datetime], ...]
    covered_ratio: float | None
    step: str = ""


@dataclass(frozen=True)
class Quality:
    """The data-quality strip: a lane per source, solid seen, hatched not."""

    id: str
    title: str
    lanes: tuple[Lane, ...]
    finding: str = ""
    foot: str = ""
    kind: Literal["quality"] = "quality"


Block = Numbers | Table | Chart | Note | Text | Definitions | Quality


@dataclass(frozen=True)
class Section:
    """Blocks under one heading."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Coverage:
    """How much of the period was observed, and how old what is known of it may be.

    `newest_at` is the last moment that any source has told of, whether or not it lies in the period; data is old when that
    is longer ago than `allowed_age_seconds`, which follows from how often the sources are read. Null: nothing was told.
    """

    expected: int | None
    seen: int | None
    ratio: float | None
    longest_gap_seconds: float | None
    sentence: str
    newest_at: datetime | None = None
    allowed_age_seconds: float | None = None


@dataclass(frozen=True)
class Document:
    """A report's answer: the same words and numbers in mail, page, PNG, CSV and API.

    `ranks` gives the order of names per dimension (rank 1 first): one colour per name in every figure; an empty name
    leaves its colour free. `banners` are
    the notes that go above the title (stale, failed parts). `display_zone` is always printed. `subject` is one line of
    labelled numbers ("allocated 61.2 % of 281 GPUs · open 88.0 %") for a mail's subject; `mail` names the cards, charts,
    tables and texts that a mail shows, the most important first (empty: the first of each); notes and quality always are.
    `is_undated`: made of files alone, so the same files give the same bytes: `generated_at` is then the newest moment that
    they tell of, and nothing says when the report was made.
    """

    name: str
    title: str
    finding: str
    period: Period
    parameters: Mapping[str, Scalar | tuple[str, ...]]
    generated_at: datetime
    display_zone: str
    coverage: Coverage
    sections: tuple[Section, ...]
    banners: tuple[Note, ...] = ()
    ranks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    subject: str = ""
    mail: tuple[str, ...] = ()
    is_undated: bool = False
    version: str = "1"

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Every block in reading order."""
        return tuple(block for section in self.sections for block in section.blocks)

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Table))

    @property
    def charts(self) -> tuple[Chart, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Chart))
