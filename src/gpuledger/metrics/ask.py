"""The Ask over a store: names in, numbers out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from gpuledger.metrics import Answer, Dimension, Filter, InUse, LedgerCoverage, Metric, SourceCoverage, Wanted
from gpuledger.metrics.answers import Asking, answers
from gpuledger.metrics.bins import Bins, cut
from gpuledger.metrics.coverage import Span, by_source, covered_seconds, gaps, joined, readings
from gpuledger.metrics.events import changes, sparse
from gpuledger.metrics.over_time import in_use
from gpuledger.metrics.question import Question
from gpuledger.metrics.rare import Rare
from gpuledger.metrics.registry import BUILT_IN, BY_DIMENSION, check, find
from gpuledger.metrics.runaway import runaways
from gpuledger.model.errors import UsageError
from gpuledger.model.period import By, Period
from gpuledger.model.schema import unbound
from gpuledger.model.tables import JOB_ATTEMPTS, PROBLEMS
from gpuledger.store import Store


@dataclass(frozen=True)
class StoreAsk:
    """Implements `metrics.Ask`. `metrics` may be widened by plugins (`registry.registered`)."""

    store: Store
    period: Period
    now: datetime
    display_zone: str = "UTC"
    where: tuple[Filter, ...] = ()
    metrics: Mapping[str, Metric] = field(default_factory=lambda: BUILT_IN)
    dimensions: Mapping[str, Dimension] = field(default_factory=lambda: BY_DIMENSION)

    def ask(
        self, *names: str, by: Sequence[str] = (), where: Sequence[Filter] = (), period: Period | None = None
    ) -> Answer:
        """See `metrics.Ask.ask`."""
        here = self if period is None else replace(self, period=period)
        return here.together(Wanted(names, tuple(by), tuple(where)))[0]

    def together(self, *wanted: Wanted) -> tuple[Answer, ...]:
        """See `metrics.Ask.together`."""
        return answers(Asking(self._fetch, self.metrics, lambda: self._covered), [self._asked(each) for each in wanted])

    def unfiltered(self) -> "StoreAsk":
        """The same ledger and period with every attempt."""
        return replace(self, where=())

    def series(self, name: str, step: float | By, by: str | None = None, where: Sequence[Filter] = ()) -> InUse:
        """See `metrics.Ask.series`."""
        return self.series_of([name], step, by, where)[0]

    def series_of(
        self, names: Sequence[str], step: float | By, by: str | None = None, where: Sequence[Filter] = ()
    ) -> tuple[InUse, ...]:
        """See `metrics.Ask.series_of`."""
        metrics = [self._sum(name) for name in names]
        question = self._question([by] if by else [], where)
        bins = cut(self.period, step, self.display_zone)
        rows = question.held(metrics)
        keys = question.keys(rows)
        rates = [question.rate(metric, rows) for metric in metrics]
        found = sparse(self._fetch(changes(rows, keys, rates, bins)), len(keys), bins)
        covered = self._covered_shares(bins)
        return tuple(in_use(question, metric, found, number, covered) for number, metric in enumerate(metrics))

    def rows(self, expression: ir.Table, period: Period | None = None) -> pa.Table:
        """See `metrics.Ask.rows`."""
        return self.store.ask(expression, period)

    def coverage(self) -> LedgerCoverage:
        """See `metrics.Ask.coverage`."""
        return self._coverage

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
        return self.rows(runaways(self.period))

    def problems(self) -> pa.Table:
        """See `metrics.Ask.problems`."""
        refused = unbound(PROBLEMS)
        counted = refused.group_by(["source_type", "problem_reason"]).agg(rows=refused.count())
        return self.rows(counted.order_by([ibis.desc("rows"), "source_type", "problem_reason"]))

    def _fetch(self, expression: ir.Table) -> pa.Table:
        return self.rows(expression, self.period)

    def _asked(self, wanted: Wanted) -> tuple[Question, list[Metric]]:
        if not wanted.metrics:
            raise UsageError("Name at least one metric, for example gpu_hours.")
        metrics = [find("metric", name, self.metrics) for name in dict.fromkeys(wanted.metrics)]
        return self._question(wanted.by, wanted.where), metrics

    def _question(self, by: Sequence[str], where: Sequence[Filter]) -> Question:
        dimensions = tuple(find("dimension", name, self.dimensions) for name in dict.fromkeys(by))
        return Question(self.period, self.display_zone, self._rare, dimensions, (*check(self.where), *check(where)))

    def _sum(self, name: str) -> Metric:
        metric = find("metric", name, self.metrics)
        if not metric.is_sum:
            raise UsageError(f"{name} is not a sum over time and has no mean in use; gpu_hours and cpu_hours have.")
        return metric

    @cached_property
    def _rare(self) -> Rare:
        return Rare(self._fetch, self.period)

    @cached_property
    def _coverage(self) -> LedgerCoverage:
        sources, covered = self._sources, self._covered
        newest = max((source.newest for source in sources if source.newest), default=None)
        count = self.rows(unbound(PROBLEMS).agg(rows=unbound(PROBLEMS).count())).to_pylist()[0]["rows"]
        if covered is None:
            return LedgerCoverage(sources, None, (), newest, count)
        ratio = covered_seconds(covered) / self.period.seconds
        return LedgerCoverage(sources, ratio, gaps(covered, self.period), newest, count)

    @cached_property
    def _sources(self) -> tuple[SourceCoverage, ...]:
        return by_source(self.rows(readings()).to_pylist(), self.period)

    @cached_property
    def _covered(self) -> tuple[Span, ...] | None:
        """What any source observed of the period; None where no source says."""
        if not self._sources:
            return None
        return joined((span for source in self._sources for span in gaps(source.gaps, self.period)), self.period)

    def _covered_shares(self, bins: Bins) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        if self._covered is None:
            return np.ones(len(bins))
        edges = bins.edges_us
        spans = [[(t - bins.edges[0]).total_seconds() * 1e6 for t in span] for span in self._covered]
        overlap = np.zeros(len(bins))
        for start, end in spans:
            overlap += np.maximum(np.minimum(edges[1:], end) - np.maximum(edges[:-1], start), 0)
        return overlap / bins.lengths_us
