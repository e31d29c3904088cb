"""Each number once: a metric is data, asked by any dimension, for any period, with any filter.

Reports and the command line hold an `Ask` (built by `metrics.ask.StoreAsk`) and name metrics and dimensions; they never
see SQL. The same question gives the same number in mail, page, API and CSV.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gpuledger.metrics.answer import OTHERS, Answer, InUse
from gpuledger.metrics.covered import LedgerCoverage, SourceCoverage
from gpuledger.metrics.metric import NO_GPU, Dimension, Kind, Metric
from gpuledger.metrics.wanted import NOT_KNOWN, Filter, Name, Step, Wanted, WantedSeries
from gpuledger.model.capacity import Capacity
from gpuledger.model.period import Period
from gpuledger.model.sites import SiteRules

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    from gpuledger.metrics.states.ask import StateAsk

__all__ = [
    "NOT_KNOWN", "NO_GPU", "OTHERS", "Answer", "Ask", "Dimension", "Filter", "InUse", "Kind", "LedgerCoverage", "Metric",
    "Name", "SourceCoverage", "Step", "Wanted", "WantedSeries",
]  # fmt: skip


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

    def with_series(
        self, wanted: Sequence[Wanted], series: Sequence[WantedSeries]
    ) -> tuple[tuple[Answer, ...], tuple[tuple[InUse, ...], ...]]:
        """Several questions, and series of attempts, in as few passes over the attempts as they allow together."""

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
