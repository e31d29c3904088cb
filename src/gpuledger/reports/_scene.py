"""What every section of a report is given: the ask, how names are told apart, and the order of names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from gpuledger.metrics import NOT_KNOWN, Answer, Ask, Dimension, LedgerCoverage, Metric, Name
from gpuledger.model.document import Scalar
from gpuledger.reports import _words as words

EMPTY = "(none)"
"""How an empty name is written: the source has the field and it is empty."""


@dataclass(frozen=True)
class Scene:
    """One report being built. `top` names get a colour, at most `rows` names a row.

    `answers` holds what was asked together: "totals", one per dimension, and what sections named.
    """

    ask: Ask
    by: str
    top: int
    rows: int
    coverage: LedgerCoverage
    dimensions: tuple[str, ...]
    answers: Mapping[str, Answer]

    @property
    def totals(self) -> Answer:
        """Every number without dimensions."""
        return self.answers["totals"]

    @property
    def tables(self) -> tuple[str, ...]:
        """The dimensions that get a table, the chosen one first."""
        return tuple(name for name in self.dimensions if self.has_gpus or name != "gpu_model")

    @property
    def has_gpus(self) -> bool:
        """Whether any GPU was held: decides what leads the report."""
        return bool(self.totals.value("gpu_hours"))

    @property
    def lead(self) -> Metric:
        """The metric that ranks names: GPU-hours, or CPU-hours where no GPU was held."""
        return self.ask.metrics["gpu_hours" if self.has_gpus else "cpu_hours"]

    @cached_property
    def dimension(self) -> Dimension:
        """The chosen one."""
        return self.ask.dimensions[self.by]

    @cached_property
    def ranks(self) -> Mapping[str, tuple[str, ...]]:
        """Per dimension the names in the order of the leading metric: one colour per name in every figure."""
        return {name: self._ranked(self.answers[name])[: self.top] for name in self.tables}

    def _ranked(self, answer: Answer) -> tuple[str, ...]:
        amounts = [(label_of(row, answer.dimensions), row[self.lead.name] or 0.0) for row in answer.records()]
        return tuple(name for name, amount in sorted(amounts, key=lambda pair: -pair[1]) if amount > 0)

    def share(self, amount: float | None) -> float | None:
        """Part of the leading metric's total."""
        total = self.totals.value(self.lead.name)
        return amount / total if amount is not None and total else None

    @property
    def foot(self) -> str:
        """Population, period, zone and coverage: the last line of every figure."""
        period, zone = self.ask.period, self.ask.display_zone
        observed = self.coverage.covered_ratio
        seen = "" if observed is None else f" · observed {words.percent(observed)}"
        return f"{words.stamp(period.start, zone)} to {words.stamp(period.end, zone)} {zone}{seen}"


def label_of(row: Mapping[str, object], dimensions: Sequence[Dimension]) -> str:
    """The name a row of one dimension stands for, in words."""
    return named(row[dimensions[0].name])  # type: ignore[arg-type]


def named(name: Name) -> str:
    """A dimension's value in words: unknown and empty are different things."""
    return NOT_KNOWN if name is None else name or EMPTY


def as_utc(value: Scalar) -> Scalar:
    """Stores answer instants as naive UTC; a document's instants carry their zone."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
