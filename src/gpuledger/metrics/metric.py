"""What numbers there are and what they are told apart by, as data: definitions, without a question."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from gpuledger.model.document import Better, Format
from gpuledger.model.period import By

if TYPE_CHECKING:
    import ibis.expr.types as ir

Kind = Literal[
    "held", "active", "jobs", "distinct", "submitted", "started", "ended", "ratio", "peak", "mean", "event", "workflow"
]
"""What a metric is taken over.

held: Σ `expression` × time held inside the period, in units of `per_seconds`; parts of a period add up to the whole.
active: attempts that held resources at some moment of the period and for which `expression` is true.
jobs: jobs (their attempts taken together, `metrics.jobs`) with such an attempt.
distinct: different known values of `expression` among them.
submitted, started, ended: an aggregate of the attempts whose moment of that name lies in the period.
ratio: metric `numerator` ÷ metric `denominator`, null where that is 0 or not known.
peak: the largest sum of `expression` at any one moment, exact.
mean: metric `numerator` (held), of what was held inside the observed spans of the period, ÷ their hours.
event: an aggregate of the events of devices whose time lies in the period.
workflow: a count or sum of attempts of workflows, each with what became of it: `expression` takes `metrics.workflows.totals.Totals`.
"""

NO_GPU = "no GPU"
"""The GPU model of an attempt that held no GPU: there is none to know."""


@dataclass(frozen=True)
class Metric:
    """A number, defined once. `expression` takes the attempts (an Ibis table) and gives a value or an aggregate."""

    name: str
    label: str
    format: Format
    meaning: str
    kind: Kind
    expression: "Callable[[ir.Table], ir.Value] | None" = None
    better: Better = "neither"
    numerator: str = ""
    denominator: str = ""
    per_seconds: float = 3600.0
    table: str = "job_attempts"
    is_observed: bool = False
    """Of a held metric: only the time inside the observed spans counts."""

    @property
    def is_sum(self) -> bool:
        """Whether parts (of time, of a dimension) add up to the whole."""
        return self.kind == "held"

    def shown(self, value: float | None) -> float | datetime | None:
        """The value as a document holds it: an instant where it is one."""
        if self.format != "instant" or value is None:
            return value
        return datetime.fromtimestamp(value, UTC)

    @property
    def grows(self) -> bool:
        """Whether it is larger the more was observed: two periods compare only when they were observed alike."""
        if self.kind in ("submitted", "started", "ended"):
            return self.format not in ("second", "ratio")
        if self.kind == "event":
            return self.format == "count"
        return self.kind in ("held", "active", "jobs", "distinct")


@dataclass(frozen=True)
class Dimension:
    """Something to tell apart by: a text column of the attempts (`column`), of GPU-moments (`state_column`), of events of
    devices (`event_column`) and of attempts of workflows (`workflow_column`, or the attempts' own), or a part of the display zone's calendar (`calendar`), which every number has."""

    name: str
    label: str
    meaning: str
    column: str = ""
    calendar: By | None = None
    values: tuple[str, ...] = ()
    """Those that may be asked for though no attempt has them."""
    state_column: str = ""
    event_column: str = ""
    workflow_column: str = ""
    is_moment: bool = False
    """Its values are moments: rows go by them first, in order."""

    def is_of(self, table: str) -> bool:
        """Whether numbers taken over the table can be told apart by it."""
        columns = {
            "gpu_states": self.state_column, "device_events": self.event_column,
            "workflow_nodes": self.workflow_column or self.column,
        }  # fmt: skip
        return self.calendar is not None or bool(columns.get(table, self.column))
