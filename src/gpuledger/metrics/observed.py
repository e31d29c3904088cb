"""What of the time held lies inside the observed spans: in SQL per attempt, in numpy per bin. Exact in both."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np

from gpuledger.metrics.bins import Bins, stepwise
from gpuledger.metrics.coverage import Span
from gpuledger.metrics.events import Floats
from gpuledger.model.period import Period

if TYPE_CHECKING:
    import ibis.expr.types as ir


def is_whole(spans: Sequence[Span] | None, period: Period) -> bool:
    """Whether all of the period was observed, or no source says: nothing is to be cut then."""
    return spans is None or list(spans) == [(period.start, period.end)]


def with_observed(rows: "ir.Table", spans: Sequence[Span], period: Period) -> "ir.Table":
    """Adds `observed_us`: how much of [since_us, until_us) lies inside the spans."""
    return rows.mutate(observed_us=_before(rows.until_us, spans, period) - _before(rows.since_us, spans, period))


def _before(at: "ir.IntegerValue", spans: Sequence[Span], period: Period) -> "ir.IntegerValue":
    """Observed microseconds of the period before a moment: level in the gaps, rising inside the spans."""
    ends: list[int] = []
    values: list[ir.IntegerValue] = [ibis.literal(0, type="int64")]
    total = 0
    for start, end in ([(moment - period.start) // timedelta(microseconds=1) for moment in span] for span in spans):
        ends += [start, end]
        values.append(at - (start - total))
        total += end - start
        values.append(ibis.literal(total, type="int64"))
    return stepwise(at, ends, values)


@dataclass(frozen=True)
class Observing:
    """Bins and the observed spans: `fine` are the bins cut at the spans' edges, so that each is observed or not."""

    bins: Bins
    spans: tuple[Span, ...] | None

    @cached_property
    def fine(self) -> Bins:
        return self.bins.with_edges(edge for span in self.spans or () for edge in span)

    @cached_property
    def is_covered(self) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Of each fine bin."""
        if self.spans is None:
            return np.ones(len(self.fine), dtype=bool)
        edges = [(edge - self.fine.edges[0]) // timedelta(microseconds=1) for span in self.spans for edge in span]
        passed = np.searchsorted(np.array(edges, dtype=np.int64), self.fine.edges_us[:-1], side="right")
        return np.asarray(passed % 2 == 1)

    def pooled(self, amounts: Floats) -> Floats:
        """[…, fine bin] added up to […, bin]."""
        if len(self.fine) == len(self.bins):
            return amounts
        pooled: Floats = np.add.reduceat(amounts, self._first, axis=-1)
        return pooled

    def observed(self, amounts: Floats) -> Floats:
        """The same of the observed part of each bin."""
        return self.pooled(amounts * self.is_covered)

    @cached_property
    def observed_us(self) -> Floats:
        """Observed microseconds of each bin."""
        return self.observed(self.fine.lengths_us.astype(np.float64))

    @cached_property
    def _first(self) -> "np.ndarray[Any, np.dtype[np.int64]]":
        return np.searchsorted(self.fine.edges_us, self.bins.edges_us[:-1])
