"""The part of an Ask that is about GPU states: its timeline and machines are read once, whatever is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from gpuledger.metrics import Answer, Filter, InUse, Metric, SourceCoverage, Step, Wanted
from gpuledger.metrics.around import Around, dimensions_of, filters_of
from gpuledger.metrics.bins import Bins, cut
from gpuledger.metrics.coverage import Observed, Span, by_cluster, kept
from gpuledger.metrics.events import Whole
from gpuledger.metrics.naming import find
from gpuledger.metrics.relation import instant
from gpuledger.metrics.states.answers import Asking, answers
from gpuledger.metrics.states.facts import facts
from gpuledger.metrics.states.metrics import TABLE
from gpuledger.metrics.states.observed import by_source, ranges
from gpuledger.metrics.states.once import Part
from gpuledger.metrics.states.question import StateQuestion
from gpuledger.metrics.states.readings import Readings, moment, readings_of
from gpuledger.metrics.states.series import Course
from gpuledger.metrics.states.sorting import Sorting
from gpuledger.metrics.states.sums import Sums
from gpuledger.metrics.states.timeline import spans
from gpuledger.model.capacity import Capacity
from gpuledger.model.errors import UsageError
from gpuledger.model.period import Period

if TYPE_CHECKING:
    import ibis.expr.types as ir


_OF_READINGS = ("readings", "sources", "since", "_machines")
"""What is the same whatever the capacity."""


Cut = tuple[Period, Step]
"""A part of a period, and how it is cut into bins."""


class AroundStates(Around, Protocol):
    """What it needs of the Ask it is part of."""

    @property
    def capacity(self) -> Capacity: ...
    @property
    def metrics(self) -> Mapping[str, Metric]: ...


@dataclass(frozen=True, eq=False)
class StateAsk:
    """Answers questions about GPU states for the Ask around it."""

    around: AroundStates

    def together(self, asked: Sequence[tuple[Sequence[Metric], Wanted]]) -> tuple[Answer, ...]:
        """See `metrics.Ask.together`."""
        return tuple(self._answers(asked, ())[0])

    def beside(self, wanted: Sequence[Wanted], parts: Sequence[Part]) -> tuple[list[Answer], list[pa.Table]]:
        """Answers, and what other parts of the same pass over the readings told."""
        asked = [([self._metric(name) for name in dict.fromkeys(each.metrics)], each) for each in wanted]
        return self._answers(asked, parts)

    def _answers(
        self, asked: Sequence[tuple[Sequence[Metric], Wanted]], parts: Sequence[Part]
    ) -> tuple[list[Answer], list[pa.Table]]:
        questions = [
            (replace(self.question(wanted.by, wanted.where), with_left_out=wanted.with_left_out), metrics)
            for metrics, wanted in asked
        ]
        return answers(Asking(self.fetch, self.around.metrics, self.covered, self.covered_us), questions, parts)

    def series_of(self, names: Sequence[str], step: Step, by: str | None, where: Sequence[Filter]) -> tuple[InUse, ...]:
        """See `metrics.Ask.series_of`. A mean is drawn as the mean of each bin, a sum as the rate it grows with."""
        return self.courses(names, [(self.around.period, step)], by, where)[0]

    def courses(
        self, names: Sequence[str], cuts: Sequence[Cut], by: str | None = None, where: Sequence[Filter] = ()
    ) -> tuple[tuple[InUse, ...], ...]:
        """The metrics over several parts of the period, each cut its own way: one pass over the readings for all."""
        return self.courses_beside((), names, cuts, by, where)[0]

    def courses_beside(
        self,
        wanted: Sequence[Wanted],
        names: Sequence[str],
        cuts: Sequence[Cut],
        by: str | None = None,
        where: Sequence[Filter] = (),
    ) -> tuple[tuple[tuple[InUse, ...], ...], list[Answer]]:
        """The same, and answers about the whole period from the same pass."""
        shown = [self._metric(name) for name in names]
        sums = [self._metric(one.numerator) if one.kind == "mean" else one for one in shown]
        for metric in sums:
            if not metric.is_sum:
                raise UsageError(f"{metric.name} is not a sum over time and has no series; present_gpus has one.")
        courses = [(period, cut(period, step, self.around.display_zone)) for period, step in cuts]
        whole = self.around.period
        edges = sorted({whole.start, whole.end, *(edge for _, bins in courses for edge in bins.edges)})
        question = self.question([by] if by else [], where, edges)
        told, [found] = self.beside(wanted, [Sums(question, tuple(sums))])
        observed = by_cluster(kept(self.sources, self.around.where), whole)
        return tuple(Course(question, period, bins).in_use(shown, found, observed) for period, bins in courses), told

    def _metric(self, name: str) -> Metric:
        return find("metric", name, self.around.metrics)

    def question(self, by: Sequence[str], where: Sequence[Filter], step: Step | None = None) -> StateQuestion:
        """The question, its names checked."""
        around = self.around
        dimensions, filters = dimensions_of(around, TABLE, by), filters_of(around, TABLE, where)
        bins = None if step is None else cut(around.period, step, around.display_zone)
        return StateQuestion(
            around.period, around.display_zone, dimensions, self.since, self.sorting, self.readers, filters, bins
        )

    def fetch(self, expression: "ir.Table") -> pa.Table:
        """Rows of an expression over the readings that hold in the period."""
        return self.around.rows(expression, self._reach)

    def under(self, around: AroundStates) -> "StateAsk":
        """The same readings for an ask under another capacity; nothing that is known of them is read again."""
        there = StateAsk(around)
        there.__dict__.update({name: self.__dict__[name] for name in _OF_READINGS if name in self.__dict__})
        return there

    @cached_property
    def observed(self) -> Observed:
        """What readings cover of the period."""
        return Observed(self.around.period, lambda: self.sources)

    @property
    def covered(self) -> tuple[Span, ...]:
        """When every cluster that the filters keep was read."""
        return self.observed.spans(self.around.where) or ()

    def covered_us(self, bins: Bins | None) -> Mapping[str, Whole]:
        """For how many microseconds each cluster was read in each of the bins (None: in the whole period)."""
        period = self.around.period
        edges = (bins or Bins((period.start, period.end))).edges_us
        return {cluster: held.covered_us(edges) for cluster, held in self.readings.items()}

    @cached_property
    def sources(self) -> tuple[SourceCoverage, ...]:
        """What each source told."""
        known = self.around.rows(ranges(TABLE)).to_pylist()
        return by_source(self.readings, known, self.around.period)

    @cached_property
    def since(self) -> datetime:
        """The first reading that holds in the period (its start when none does), naive UTC."""
        first_us = min((int(held.at_us[0]) for held in self.readings.values()), default=0)
        return self.around.period.naive[0] + timedelta(microseconds=first_us)

    @property
    def readers(self) -> tuple[tuple[str, str], ...]:
        """Each (cluster, source) of which a reading holds in the period."""
        return tuple(sorted({(name, source) for name, held in self.readings.items() for source in held.told_by}))

    @cached_property
    def sorting(self) -> Sorting:
        """The hosts and models of the period under the site's capacity."""
        return Sorting.of(self.around.capacity, self.machines)

    @property
    def machines(self) -> tuple[tuple[str, str | None], ...]:
        """Every (host, model) of the readings that hold in the period, whatever is left out."""
        return tuple(dict.fromkeys((row["host"], row["gpu_model"]) for row in self._machines))

    @cached_property
    def last_seen(self) -> Mapping[tuple[str, str], datetime]:
        """When each (cluster, host) was last found, up to the period's end; whatever is left out."""
        found: dict[tuple[str, str], datetime] = {}
        for row in self._machines:
            key, time = (row["cluster"], row["host"]), row["time"].replace(tzinfo=UTC)
            found[key] = max(time, found.get(key, time))
        return found

    def reading_before(self, cluster: str, at: datetime) -> datetime:
        """The time of the newest reading of a cluster before `at`: of what held until then, the one that told it.

        `at` itself where no reading of the period is before it.
        """
        held, period = self.readings.get(cluster), self.around.period
        earlier = np.searchsorted(held.at_us, (at - period.start) // timedelta(microseconds=1)) if held else 0
        return moment(period, int(held.at_us[earlier - 1])) if held and earlier else at

    @cached_property
    def _machines(self) -> list[dict[str, Any]]:
        rows = facts(names=())
        rows = rows.filter(rows.time >= instant(self.since), rows.time < instant(self.around.period.naive[1]))
        found: list[dict[str, Any]] = self.fetch(
            rows.group_by(["cluster", "host", "gpu_model"]).agg(time=rows.time.max())
        ).to_pylist()
        return found

    @cached_property
    def readings(self) -> Mapping[str, Readings]:
        """Those that hold in the period, by cluster."""
        return readings_of(self.around.rows(spans(self.around.period)), self.around.period)

    @property
    def _reach(self) -> Period:
        return Period(self.since.replace(tzinfo=UTC), self.around.period.end, self.around.period.zone)
