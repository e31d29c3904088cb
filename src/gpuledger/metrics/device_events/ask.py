"""The part of an Ask that is about events of devices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gpuledger.metrics import Answer, Filter, LedgerCoverage, Metric, Wanted
from gpuledger.metrics.around import Around, dimensions_of, filters_of
from gpuledger.metrics.device_events.answers import answers
from gpuledger.metrics.device_events.metrics import TABLE
from gpuledger.metrics.device_events.question import EventQuestion
from gpuledger.model.schema import unbound
from gpuledger.model.tables import DEVICE_EVENTS

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, eq=False)
class EventAsk:
    """Answers questions about events of devices for the Ask around it."""

    around: Around

    def together(self, asked: Sequence[tuple[Sequence[Metric], Wanted]]) -> tuple[Answer, ...]:
        """See `metrics.Ask.together`."""
        questions = [(self.question(wanted.by, wanted.where), metrics) for metrics, wanted in asked]
        return answers(lambda expression: self.around.rows(expression, self.around.period), questions)

    def question(self, by: Sequence[str] = (), where: Sequence[Filter] = ()) -> EventQuestion:
        """The question, its names checked."""
        around = self.around
        dimensions, filters = dimensions_of(around, TABLE, by), filters_of(around, TABLE, where)
        return EventQuestion(around.period, around.display_zone, dimensions, filters)

    def coverage(self, problem_count: int) -> LedgerCoverage:
        """Nobody tells how far events were told: the share is not known, only the first and the last event."""
        told = unbound(DEVICE_EVENTS)
        ends = told.group_by("cluster").agg(oldest=told.time.min(), newest=told.time.max())
        rows = [row for row in self.around.rows(ends).to_pylist() if self._is_kept(row["cluster"])]
        return LedgerCoverage(
            sources=(),
            covered_ratio=None,
            gaps=(),
            newest=max((_aware(row["newest"]) for row in rows), default=None),
            problem_count=problem_count,
            clusters=tuple(sorted(row["cluster"] for row in rows)),
            oldest=min((_aware(row["oldest"]) for row in rows), default=None),
        )

    def _is_kept(self, cluster: str) -> bool:
        filters = (wanted for wanted in self.around.where if wanted.column == "cluster")
        return all((cluster in wanted.values) == (wanted.op == "=") for wanted in filters)


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
