"""The period in bins with what is asked of it, and the earlier periods and weeks that it is compared with: these from a pass
of their own over all of their readings, unless the period itself is all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from gpuledger.metrics import Answer, InUse, Step, Wanted
from gpuledger.model.period import Period, midnight, tzinfo
from gpuledger.reports._charts import bin_step
from gpuledger.reports._pool_views.view import View

PARTS = ("allocated", "secondary", "drained", "prevented", "owner", "idle", "unknown")
"""They add up to present, in this order."""
NAMES = ("present", *PARTS)
COMPARED = NAMES[:3]
"""What is told of earlier periods too: the fewer columns are read of all their readings, the better."""


@dataclass(frozen=True)
class Past:
    """As many earlier periods of the same length, and weeks, as are asked for and the ledger reaches back to."""

    view: View
    wanted: tuple[Wanted, ...]
    """What is asked of the period itself."""
    most_periods: int
    most_weeks: int

    @cached_property
    def _oldest(self) -> datetime:
        return self.view.covered.oldest or self.view.ask.period.start

    @cached_property
    def periods(self) -> tuple[Period, ...]:
        """This period, the last, and those before it."""
        found = [self.view.ask.period]
        while len(found) <= self.most_periods and found[-1].start > self._oldest:
            found.append(found[-1].previous())
        return tuple(reversed(found))

    @cached_property
    def weeks(self) -> tuple[Period, ...]:
        """Whole ISO weeks of the display zone that end by the period's end."""
        zone = self.view.ask.display_zone
        day = self.view.ask.period.end.astimezone(tzinfo(zone)).date()
        monday = day - timedelta(days=day.weekday())
        week = Period(midnight(monday - timedelta(days=7), zone), midnight(monday, zone), zone, "week")
        found: list[Period] = []
        while len(found) < self.most_weeks and week.end > self._oldest:
            found.append(week)
            week = week.previous()
        return tuple(reversed(found))

    @property
    def answers(self) -> Sequence[Answer]:
        """What was asked of the period."""
        return self._found[1]

    @property
    def course(self) -> Mapping[str, InUse]:
        """The GPUs of each part, and all present, by class, in bins of the period."""
        return dict(zip(NAMES, self._found[0][0], strict=True))

    @property
    def compared(self) -> Mapping[str, InUse]:
        """`COMPARED`, cut at every edge of a period or a week."""
        return dict(zip(COMPARED, self._found[0][1], strict=False))

    @cached_property
    def _found(self) -> tuple[Sequence[tuple[InUse, ...]], Sequence[Answer]]:
        ask, names = self.view.ask, [f"{name}_gpus" for name in NAMES]
        edges = {edge for period in (*self.periods, *self.weeks) for edge in (period.start, period.end)}
        whole = self._whole(min(edges))
        within = sorted({whole.start, *(edge for edge in edges if edge > whole.start)})
        course: tuple[Period, Step] = (ask.period, self._step)
        if whole == ask.period:
            return ask.states.courses_beside(self.wanted, names, [course, (whole, within)], by="class")
        found, answers = ask.states.courses_beside(self.wanted, names, [course], by="class")
        compared = ask.of_period(whole).states.courses(names[: len(COMPARED)], [(whole, within)], by="class")
        return (*found, *compared), answers

    def _whole(self, first: datetime) -> Period:
        """From the first moment that is compared, or from when there are readings: that is often the period itself."""
        period = self.view.ask.period
        start = max(first, min(self._oldest, period.start))
        return period if start == period.start else Period(start, period.end, self.view.ask.display_zone)

    @property
    def _step(self) -> float:
        """At least what a reading stands for: narrower bins would only repeat it."""
        steps = [source.period_seconds for source in self.view.covered.sources if source.period_seconds]
        return max(bin_step(self.view.ask.period.seconds), max(steps, default=0.0))
