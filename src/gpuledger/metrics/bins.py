"""A period cut into bins, for SQL and for numpy: whole numbers since the period's start.

A calendar is a few runs of equal bins (a year of days in Chicago: before, on, between, on and after the two DST days),
so an instant finds its bin by one division per run and no engine needs to know a time zone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from gpuledger.metrics import Step
from gpuledger.metrics.relation import MICRO
from gpuledger.model.errors import UsageError
from gpuledger.model.period import Period

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOST_BINS = 200_000
"""More is a mistyped step, not a chart."""


@dataclass(frozen=True)
class Run:
    """Bins of equal length: from `start` microseconds on, `step` each, the first of them numbered `first`."""

    start: int
    step: int
    first: int


@dataclass(frozen=True)
class Bins:
    """`edges` are one more than the bins, the first and last those of the period."""

    edges: tuple[datetime, ...]

    @cached_property
    def edges_us(self) -> "np.ndarray[Any, np.dtype[np.int64]]":
        """Edges in microseconds since the first."""
        return np.array([(edge - self.edges[0]) // timedelta(microseconds=1) for edge in self.edges], dtype=np.int64)

    @property
    def lengths_us(self) -> "np.ndarray[Any, np.dtype[np.int64]]":
        return np.diff(self.edges_us)

    def __len__(self) -> int:
        return len(self.edges) - 1

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """The fewest runs of equal bins."""
        runs, first = [], 0
        for step, members in groupby(self.lengths_us.tolist()):
            runs.append(Run(int(self.edges_us[first]), step, first))
            first += len(list(members))
        return tuple(runs)

    def place(self, offset: "ir.IntegerValue") -> "tuple[ir.IntegerValue, ir.IntegerValue]":
        """(number of the bin that holds the offset, the bin's right edge) as expressions."""
        within = [(run, (offset - run.start) // run.step) for run in self.runs]
        number = [step + run.first for run, step in within]
        right = [(step + 1) * run.step + run.start for run, step in within]
        ends = [run.start for run in self.runs[1:]]
        return stepwise(offset, ends, number), stepwise(offset, ends, right)

    def edges_of(self, number: "ir.IntegerValue") -> "tuple[ir.IntegerValue, ir.IntegerValue]":
        """(left, right) edge of the bin of that number, as expressions."""
        ends = [run.first for run in self.runs[1:]]
        left = stepwise(number, ends, [(number - run.first) * run.step + run.start for run in self.runs])
        right = stepwise(number, ends, [(number - run.first + 1) * run.step + run.start for run in self.runs])
        return left, right

    def with_edges(self, edges: "Iterable[datetime]") -> "Bins":
        """The same bins cut further at the edges, all within the period."""
        return Bins(tuple(sorted({*self.edges, *edges})))


def stepwise(at: "ir.IntegerValue", ends: Sequence[int], values: "Sequence[ir.IntegerValue]") -> "ir.IntegerValue":
    """The value that holds at a moment: values[0] before ends[0], values[1] before ends[1] … Few tests for many ends."""
    if not ends:
        return values[0]
    middle = len(ends) // 2
    before = stepwise(at, ends[:middle], values[: middle + 1])
    return (at < ends[middle]).ifelse(before, stepwise(at, ends[middle + 1 :], values[middle + 1 :]))


def cut(period: Period, step: Step, zone: str) -> Bins:
    """Bins of `step` seconds from the period's start (the last may be shorter), of the zone's calendar, or between edges."""
    if isinstance(step, str):
        local = Period(period.start, period.end, zone)
        return Bins((period.start, *(part.end for part in local.split(step))))
    if not isinstance(step, float | int):
        assert (step[0], step[-1]) == (period.start, period.end), "a period is cut from its start to its end"
        return Bins(tuple(step))
    if not step > 0 or period.seconds / step > MOST_BINS:
        raise UsageError(
            f"A step of {step:g} s does not cut {period} into 1 to {MOST_BINS:,} bins; choose a longer one."
        )
    return Bins((*_stepping(period, step), period.end))


def _stepping(period: Period, step: float) -> Iterator[datetime]:
    edge, width = period.start, timedelta(microseconds=round(step * MICRO))
    while edge < period.end:
        yield edge
        edge += width


def coverage_of(
    bins: Bins, covered: "Sequence[tuple[datetime, datetime]]"
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Share of each bin inside the spans (in order and apart)."""
    edges = [(moment - bins.edges[0]) / timedelta(microseconds=1) for span in covered for moment in span]
    if not edges:
        return np.zeros(len(bins))
    seen = np.repeat(np.cumsum([0.0, *np.diff(edges)[::2]]), 2)[1:-1]
    shares: np.ndarray[tuple[int], np.dtype[np.float64]] = np.diff(np.interp(bins.edges_us, edges, seen))
    return shares / bins.lengths_us
