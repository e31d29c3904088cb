"""Each number once: a metric is data, asked by any dimension, for any period, with any filter.

Reports and the command line hold an `Ask` (built by `metrics.ask.StoreAsk`) and name metrics and dimensions; they never
see SQL. The same question gives the same number in mail, page, API and CSV.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

from gpuledger.model.capacity import Capacity
from gpuledger.model.document import Better, Format
from gpuledger.model.period import By, Period
from gpuledger.model.sites import SiteRules

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy as np
    import pyarrow as pa

    from gpuledger.metrics.states.ask import StateAsk

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

NOT_KNOWN = "not known"
"""How the missing value of a dimension is written in words, and asked for in a filter."""

NO_GPU = "no GPU"
"""The GPU model of an attempt that held no GPU: there is none to know."""

OTHERS = "others"
"""The name of what a top-N leaves out."""

Step = float | By | Sequence[datetime]
"""How a period is cut into bins: seconds, a part of the calendar, or its edges themselves (the period's own among them)."""

Name = str | None
"""A value of a dimension; None where the source does not say."""


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


@dataclass(frozen=True)
class Filter:
    """Keeps the attempts whose `column` (a dimension's name) is one of `values`, or with `!=` none of them.

    None among `values` stands for "not known"; `!=` keeps what is not known unless None is named.
    """

    column: str
    op: Literal["=", "!="]
    values: tuple[Name, ...]


@dataclass(frozen=True)
class Wanted:
    """One question among several that are asked together: names of metrics and dimensions, filters on top.

    `with_left_out`: also of the hosts and models that the site leaves out of its numbers of GPU states.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    where: tuple[Filter, ...] = ()
    with_left_out: bool = False


@dataclass(frozen=True)
class Answer:
    """What one question found: a column of values per dimension, then one per metric, named by them.

    Dimensions are text (null: not known; calendar parts as `period.label` writes them). A row exists where at least
    one attempt counts. Rows go by calendar part, then the first metric, largest first. `totals` answer the same
    question without dimensions: asked, not summed, where parts do not add up.
    """

    columns: Mapping[str, Sequence[Any]]
    dimensions: tuple[Dimension, ...]
    metrics: tuple[Metric, ...]
    period: Period
    totals: Mapping[str, float | None] = field(default_factory=dict)

    @cached_property
    def rows(self) -> "pa.Table":
        """The columns as an Arrow table: text for dimensions, doubles for metrics. Made when asked for: Arrow loads
        pandas to make it, where that is installed."""
        import pyarrow as pa

        types = {dimension.name: pa.string() for dimension in self.dimensions}
        return pa.table({name: pa.array(held, types.get(name, pa.float64())) for name, held in self.columns.items()})

    def value(self, metric: str) -> float | None:
        """The number over all dimensions; a moment as seconds since 1970."""
        return self.totals[metric]

    def shown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row or the totals for people and programs: a moment is an instant, not seconds since 1970."""
        return {**row, **{m.name: m.shown(row[m.name]) for m in self.metrics if m.name in row}}

    def records(self) -> list[dict[str, Any]]:
        """Rows as mappings, in order."""
        names = tuple(self.columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*self.columns.values(), strict=True)]

    def of(self, metric: str) -> dict[tuple[Name, ...], float | None]:
        """One metric by the values of the dimensions."""
        names = [dimension.name for dimension in self.dimensions]
        return {tuple(row[name] for name in names): row[metric] for row in self.records()}


@dataclass(frozen=True)
class InUse:
    """A held metric over time: exact means per bin and name, so that mean × bin length adds up to the hours.

    `means` is [name, bin] in units of the metric's rate (GPUs, CPUs, GiB, attempts); names go by total, largest
    first. `edges` are the instants between bins (one more than bins; the last bin may be shorter).
    `covered` is the share of each bin that was observed (0 to 1): below 1 a mean is a lower bound, at 0 it is a gap.
    `observed` are the means of what was held inside the covered parts over those parts; not a number in a gap.
    """

    metric: Metric
    dimension: Dimension | None
    period: Period
    edges: tuple[datetime, ...]
    names: tuple[Name, ...]
    means: "np.ndarray[Any, np.dtype[np.float64]]"
    covered: "np.ndarray[Any, np.dtype[np.float64]]"
    observed: "np.ndarray[Any, np.dtype[np.float64]]"
    left_out: int = 0
    """How many names the last row (`others`) stands for; 0 when every name has its row."""

    @property
    def bin_seconds(self) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """Length of each bin."""
        import numpy as np

        return np.diff([(edge - self.edges[0]).total_seconds() for edge in self.edges])

    @property
    def hours(self) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """The metric of each name over the period."""
        total: np.ndarray[Any, np.dtype[np.float64]] = self.means @ self.bin_seconds / self.metric.per_seconds
        return total

    @property
    def total(self) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """Mean per bin of all names together."""
        summed: np.ndarray[Any, np.dtype[np.float64]] = self.means.sum(axis=0)
        return summed

    def top(self, count: int) -> "InUse":
        """The `count` largest names and the sum of the rest as `others`; unchanged when nothing is left out."""
        import numpy as np

        if len(self.names) <= count + 1:
            return self
        means, observed = (
            np.vstack([held[:count], held[count:].sum(axis=0, keepdims=True)]) for held in (self.means, self.observed)
        )
        return replace(
            self,
            names=(*self.names[:count], OTHERS),
            means=means,
            observed=observed,
            left_out=len(self.names) - count,
        )


@dataclass(frozen=True)
class SourceCoverage:
    """What one source of one cluster was expected to tell about the period and what it told.

    `newest` is its watermark (or newest snapshot), `oldest` the first moment it tells of, whether or not they lie in
    the period.
    """

    cluster: str
    source: str
    expected: int | None
    seen: int
    covered_ratio: float
    gaps: tuple[tuple[datetime, datetime], ...]
    newest: datetime | None
    period_seconds: float | None = None
    oldest: datetime | None = None

    @property
    def longest_gap_seconds(self) -> float:
        """0 when everything was observed."""
        return max(((end - start).total_seconds() for start, end in self.gaps), default=0.0)


@dataclass(frozen=True)
class LedgerCoverage:
    """All sources, and what holds for them together.

    Of one cluster a moment is covered when any of its sources covers it; of the ledger when every cluster of
    `clusters` is: those that were observed at any moment of the period. `oldest` and `newest` are the first and the
    last moment any source tells of, whether or not they lie in the period.
    """

    sources: tuple[SourceCoverage, ...]
    covered_ratio: float | None
    gaps: tuple[tuple[datetime, datetime], ...]
    newest: datetime | None
    problem_count: int
    clusters: tuple[str, ...] = ()
    oldest: datetime | None = None

    @property
    def longest_gap_seconds(self) -> float | None:
        if self.covered_ratio is None:
            return None
        return max(((end - start).total_seconds() for start, end in self.gaps), default=0.0)


class Ask(Protocol):
    """One ledger, one period, one set of filters: what a report is built from."""

    @property
    def period(self) -> Period: ...

    @property
    def now(self) -> datetime: ...

    @property
    def display_zone(self) -> str: ...

    @property
    def where(self) -> tuple[Filter, ...]: ...

    @property
    def metrics(self) -> Mapping[str, Metric]: ...

    @property
    def dimensions(self) -> Mapping[str, Dimension]: ...

    def ask(
        self, *names: str, by: Sequence[str] = (), where: Sequence[Filter] = (), period: Period | None = None
    ) -> Answer:
        """Metrics by dimensions. `where` comes on top of the ask's own filters.

        Raises UsageError for an unknown metric or dimension, naming the near ones.
        """

    def together(self, *wanted: Wanted) -> tuple[Answer, ...]:
        """Several questions, each answered as `ask` does, in as few passes over the attempts as they allow."""

    def series(self, name: str, step: Step, by: str | None = None, where: Sequence[Filter] = ()) -> InUse:
        """A held metric over time in bins of `step` (seconds count from the period's start, calendars are of the display zone)."""

    def series_of(
        self,
        names: Sequence[str],
        step: Step,
        by: str | None = None,
        where: Sequence[Filter] = (),
        kept: Sequence[Name] | None = None,
    ) -> tuple[InUse, ...]:
        """The series of several metrics in one pass over the attempts.

        `kept`: of attempts, only these names have a row of their own; the others are one, as `InUse.top` leaves them.
        """

    def rows(self, expression: "ir.Table", period: Period | None = None) -> "pa.Table":
        """Rows of an expression over canonical tables (`model.schema.unbound`): for lists, never for numbers."""

    def coverage(self, period: Period | None = None, table: str = "job_attempts") -> LedgerCoverage:
        """How much of the period was observed, of the clusters that the ask's filters keep.

        `table` says of what: job_attempts (the accounting), gpu_states (readings of the GPUs) or device_events, of which
        nobody says how far they were told.
        """

    @property
    def capacity(self) -> Capacity:
        """How GPUs are sorted into classes, and which are left out of the numbers of gpu_states."""

    @property
    def sites(self) -> SiteRules:
        """How sites are called where people read."""

    @property
    def states(self) -> "StateAsk":
        """The part that is about GPU states, for lists and courses that no metric answers."""

    def with_capacity(self, capacity: Capacity) -> "Ask":
        """The same ledger, period and filters under another sorting."""

    def unfiltered(self) -> "Ask":
        """The same ledger and period without the ask's own filters."""

    def filtered(self, *where: Filter) -> "Ask":
        """The same ledger and period with these filters on top."""

    def hours_over(self, limits: Mapping[str, float]) -> dict[str, float]:
        """Hours of the period in which more was held than a limit allows, by held metric (gpu_hours: GPUs); exact."""

    def of_period(self, period: Period) -> "Ask":
        """The same ledger, filters and sorting over another period."""

    def runaways(self) -> "pa.Table":
        """Attempts without an end that run past their time limit, or that later readings no longer tell of.

        Columns cluster, attempt_id, job_id, user_name, account, queue, started_at, time_limit_seconds, observed_at,
        gpu_count, cpu_count, counted_seconds, reason.
        """
