"""The Ask over a store: names in, numbers out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from gpuledger.metrics import (
    Answer,
    Dimension,
    Filter,
    InUse,
    LedgerCoverage,
    Metric,
    Name,
    SourceCoverage,
    Step,
    Wanted,
    WantedSeries,
)
from gpuledger.metrics.above import hours_above
from gpuledger.metrics.answers import Asking, answers
from gpuledger.metrics.bins import cut
from gpuledger.metrics.coverage import Observed, by_cluster, by_source, covered_seconds, gaps, kept, readings
from gpuledger.metrics.device_events.ask import EventAsk
from gpuledger.metrics.device_events.metrics import TABLE as EVENTS
from gpuledger.metrics.naming import check, find, of_table
from gpuledger.metrics.over_time import Course
from gpuledger.metrics.peak import stays
from gpuledger.metrics.question import Question
from gpuledger.metrics.rare import Rare
from gpuledger.metrics.registry import BUILT_IN, BY_DIMENSION
from gpuledger.metrics.runaway import runaways
from gpuledger.metrics.states.ask import StateAsk
from gpuledger.metrics.states.metrics import TABLE as STATES
from gpuledger.metrics.workflows.ask import WorkflowAsk
from gpuledger.model.capacity import Capacity
from gpuledger.model.errors import UsageError
from gpuledger.model.period import Period
from gpuledger.model.schema import unbound
from gpuledger.model.sites import DEFAULT, SiteRules
from gpuledger.model.tables import JOB_ATTEMPTS, PROBLEMS
from gpuledger.store import Store

_TIMELESS = ("_problem_count",)
"""What is the same whatever the period."""
_OF_PERIOD = ("_sources", *_TIMELESS)
"""What is the same whatever the filters and the capacity."""


@dataclass(frozen=True)
class StoreAsk:
    """Implements `metrics.Ask`. `metrics` may be widened by plugins (`registry.registered`)."""

    store: Store
    period: Period
    now: datetime
    display_zone: str = "UTC"
    where: tuple[Filter, ...] = ()
    capacity: Capacity = field(default_factory=Capacity)
    metrics: Mapping[str, Metric] = field(default_factory=lambda: BUILT_IN)
    dimensions: Mapping[str, Dimension] = field(default_factory=lambda: BY_DIMENSION)
    sites: SiteRules = DEFAULT

    def ask(
        self, *names: str, by: Sequence[str] = (), where: Sequence[Filter] = (), period: Period | None = None
    ) -> Answer:
        """See `metrics.Ask.ask`."""
        return self._of(period).together(Wanted(names, tuple(by), tuple(where)))[0]

    def together(self, *wanted: Wanted) -> tuple[Answer, ...]:
        """See `metrics.Ask.together`."""
        return self.with_series(wanted, ())[0]

    def with_series(
        self, wanted: Sequence[Wanted], series: Sequence[WantedSeries]
    ) -> tuple[tuple[Answer, ...], tuple[tuple[InUse, ...], ...]]:
        """See `metrics.Ask.with_series`."""
        asked = [(self._wanted(each), each) for each in wanted]
        tables = {number: _table(metrics) for number, (metrics, _) in enumerate(asked)}
        found: dict[int, Answer] = {}
        uses: tuple[tuple[InUse, ...], ...] = ()
        for table in dict.fromkeys([*tables.values(), *([JOB_ATTEMPTS.name] if series else ())]):
            those = [number for number, name in tables.items() if name == table]
            if table == JOB_ATTEMPTS.name:
                told, uses = self._of_attempts([asked[number] for number in those], series)
            else:
                told = self._answers(table, [asked[number] for number in those])
            found |= zip(those, told, strict=True)
        return tuple(found[number] for number in tables), uses

    def _of_attempts(
        self, asked: "Sequence[tuple[list[Metric], Wanted]]", series: Sequence[WantedSeries]
    ) -> tuple[tuple[Answer, ...], tuple[tuple[InUse, ...], ...]]:
        questions = [(self._question(each.by, each.where), metrics) for metrics, each in asked]
        return answers(Asking(self._fetch, self.metrics), questions, [self._course(each) for each in series])

    def _answers(self, table: str, asked: "Sequence[tuple[list[Metric], Wanted]]") -> tuple[Answer, ...]:
        if table == STATES:
            return self.states.together(asked)
        return EventAsk(self).together(asked) if table == EVENTS else WorkflowAsk(self).together(asked)

    def with_capacity(self, capacity: Capacity) -> "StoreAsk":
        """The same ledger, period and filters under another sorting of GPUs; what was read of the readings is kept."""
        there = self._changed(_OF_PERIOD, capacity=capacity)
        there.__dict__["states"] = self.states.under(there)
        return there

    def _of(self, period: Period | None) -> "StoreAsk":
        """The same ledger and filters over another period; what does not depend on the period is not asked again."""
        if period is None or period == self.period:
            return self
        return self._changed(_TIMELESS, period=period)

    def of_period(self, period: Period) -> "StoreAsk":
        """See `metrics.Ask.of_period`."""
        return self._of(period)

    def unfiltered(self) -> "StoreAsk":
        """See `metrics.Ask.unfiltered`."""
        return self._changed(_OF_PERIOD, where=())

    def filtered(self, *where: Filter) -> "StoreAsk":
        """See `metrics.Ask.filtered`."""
        return self._changed(_OF_PERIOD, where=(*self.where, *where))

    def _changed(self, kept: Sequence[str], **changes: Any) -> "StoreAsk":
        """Another ask, which knows already what of `kept` this one knows."""
        there = replace(self, **changes)
        there.__dict__.update({name: self.__dict__[name] for name in kept if name in self.__dict__})
        return there

    def hours_over(self, limits: Mapping[str, float]) -> dict[str, float]:
        """See `metrics.Ask.hours_over`."""
        metrics = [self._sum(name) for name in limits]
        found = self._fetch(stays(self._question((), ()), metrics))
        return {name: hours_above(found, number, limit) for number, (name, limit) in enumerate(limits.items())}

    def series(self, name: str, step: Step, by: str | None = None, where: Sequence[Filter] = ()) -> InUse:
        """See `metrics.Ask.series`."""
        return self.series_of([name], step, by, where)[0]

    def series_of(
        self,
        names: Sequence[str],
        step: Step,
        by: str | None = None,
        where: Sequence[Filter] = (),
        kept: Sequence[Name] | None = None,
    ) -> tuple[InUse, ...]:
        """See `metrics.Ask.series_of`."""
        if _table([find("metric", name, self.metrics) for name in names]) == STATES:
            return self.states.series_of(names, step, by, where)
        return self.with_series((), [WantedSeries(tuple(names), step, by, tuple(where), kept)])[1][0]

    def _course(self, wanted: WantedSeries) -> Course:
        question = self._question([wanted.by] if wanted.by else [], wanted.where)
        bins = cut(self.period, wanted.step, self.display_zone)
        return Course(question, [self._sum(name) for name in wanted.metrics], bins, wanted.kept)

    def rows(self, expression: ir.Table, period: Period | None = None) -> pa.Table:
        """See `metrics.Ask.rows`."""
        return self.store.ask(expression, period)

    def coverage(self, period: Period | None = None, table: str = "job_attempts") -> LedgerCoverage:
        """See `metrics.Ask.coverage`."""
        there = self._of(period)
        if table == EVENTS:
            return EventAsk(there).coverage(there._problem_count)
        return there._covered(there.states.observed, there.states.sources) if table == STATES else there._coverage

    def newest(self) -> datetime | None:
        """The newest moment the ledger knows of any attempt or source: what "data is N days old" is said of."""
        attempts = unbound(JOB_ATTEMPTS)
        known = attempts.agg(
            newest=ibis.greatest(attempts.ended_at.max(), attempts.observed_at.max(), attempts.started_at.max())
        )
        row = self.rows(known).to_pylist()[0]["newest"]
        moments = [self._coverage.newest, row.replace(tzinfo=UTC) if row else None]
        return max((moment for moment in moments if moment), default=None)

    def runaways(self) -> pa.Table:
        """See `metrics.Ask.runaways`."""
        return self._fetch(runaways(self.period))

    def _fetch(self, expression: ir.Table) -> pa.Table:
        return self.rows(expression, self.period)

    def _wanted(self, wanted: Wanted) -> list[Metric]:
        if not wanted.metrics:
            raise UsageError("Name at least one metric, for example gpu_hours.")
        return [find("metric", name, self.metrics) for name in dict.fromkeys(wanted.metrics)]

    def _question(self, by: Sequence[str], where: Sequence[Filter]) -> Question:
        dimensions = tuple(of_table(name, "job_attempts", self.dimensions) for name in dict.fromkeys(by))
        filters = check((*self.where, *where), self.dimensions)
        for wanted in filters:
            of_table(wanted.column, "job_attempts", self.dimensions)
        return Question(self.period, self.display_zone, dimensions, self._rare, self._observed, filters)

    def _sum(self, name: str) -> Metric:
        metric = find("metric", name, self.metrics)
        if not metric.is_sum:
            raise UsageError(f"{name} is not a sum over time and has no mean in use; gpu_hours and cpu_hours have.")
        return metric

    @cached_property
    def _rare(self) -> Rare:
        return Rare(self._fetch, self.period)

    @cached_property
    def _observed(self) -> Observed:
        return Observed(self.period, lambda: self._sources)

    @cached_property
    def states(self) -> StateAsk:
        """See `metrics.Ask.states`."""
        return StateAsk(self)

    @cached_property
    def _coverage(self) -> LedgerCoverage:
        return self._covered(self._observed, self._sources)

    def _covered(self, observed: Observed, every: tuple[SourceCoverage, ...]) -> LedgerCoverage:
        sources, covered = kept(every, self.where), observed.spans(self.where)
        return LedgerCoverage(
            sources=sources,
            covered_ratio=None if covered is None else covered_seconds(covered) / self.period.seconds,
            gaps=() if covered is None else gaps(covered, self.period),
            newest=max((source.newest for source in sources if source.newest), default=None),
            problem_count=self._problem_count,
            clusters=tuple(sorted(by_cluster(sources, self.period))),
            oldest=min((source.oldest for source in sources if source.oldest), default=None),
        )

    @cached_property
    def _sources(self) -> tuple[SourceCoverage, ...]:
        return by_source(self.rows(readings(self.period)).to_pylist(), self.period)

    @cached_property
    def _problem_count(self) -> int:
        count: int = self.rows(unbound(PROBLEMS).agg(rows=unbound(PROBLEMS).count())).to_pylist()[0]["rows"]
        return count


def _table(metrics: Sequence[Metric]) -> str:
    """The table the metrics are taken over. Raises UsageError for metrics of several: they count different things."""
    first = metrics[0]
    for metric in metrics:
        if metric.table != first.table:
            raise UsageError(
                f"{first.name} is counted from {first.table} and {metric.name} from {metric.table}; ask for them apart."
            )
    return first.table
