"""Mean numbers of GPUs over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from gpuledger.metrics import InUse, Metric
from gpuledger.metrics.bins import Bins, coverage_of
from gpuledger.metrics.coverage import Span, everywhere, joined
from gpuledger.metrics.states.question import StateQuestion
from gpuledger.model.period import Period

Spans = Mapping[str, Sequence[Span]]


@dataclass(frozen=True)
class Course:
    """A part of the question's period in bins of its own, whose edges are edges of the question's bins."""

    question: StateQuestion
    period: Period
    bins: Bins

    def in_use(self, shown: Sequence[Metric], found: pa.Table, observed: Spans) -> tuple[InUse, ...]:
        """Each metric of `Sums` as a series, largest name first; `observed` is when each cluster was read."""
        within = {name: joined(spans, self.period) for name, spans in observed.items()}
        within = {name: spans for name, spans in within.items() if spans}
        rows = [row for row in found.to_pylist() if self._place[row["bin"]] >= 0]
        covered = coverage_of(self.bins, everywhere(within, self.period))
        return tuple(self._one(metric, f"m{n}", rows, within, covered) for n, metric in enumerate(shown))

    def _one(
        self,
        shown: Metric,
        column: str,
        rows: Sequence[Mapping[str, Any]],
        within: Spans,
        covered: "np.ndarray[Any, Any]",
    ) -> InUse:
        names = sorted({row["d0"] for row in rows}, key=str) if self.question.columns else [shown.label]
        area, mean = np.zeros((len(names), len(self.bins))), np.zeros((len(names), len(self.bins)))
        for cluster, spans in within.items():
            held = self._held([row for row in rows if row["cluster"] == cluster], column, names)
            seconds_us = coverage_of(self.bins, spans) * self.bins.lengths_us
            area += held
            mean += np.divide(held, seconds_us, out=np.zeros_like(held), where=seconds_us > 0)
        order = np.argsort(-area.sum(axis=1), kind="stable")
        observed = np.where(covered > 0, mean, np.nan)
        by = self.question.by[0] if self.question.by else None
        return InUse(
            shown, by, self.period, self.bins.edges, tuple(names[place] for place in order.tolist()),
            area[order] / self.bins.lengths_us.astype(float), covered, observed[order],
        )  # fmt: skip

    def _held(
        self, rows: Sequence[Mapping[str, Any]], column: str, names: Sequence[str | None]
    ) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """[name, bin] of a column."""
        held = np.zeros((len(names), len(self.bins)))
        place = {name: number for number, name in enumerate(names)}
        for row in rows:
            name = row["d0"] if self.question.columns else names[0]
            held[place[name], self._place[row["bin"]]] += row[column] or 0.0
        return held

    @cached_property
    def _place(self) -> Sequence[int]:
        """Which of its bins each bin of the question is in; -1 for those outside of its period."""
        assert self.question.bins is not None
        lefts = self.question.bins.edges[:-1]
        found = np.searchsorted(np.array(self.bins.edges), np.array(lefts), side="right") - 1
        return [int(n) if edge < self.period.end else -1 for n, edge in zip(found, lefts, strict=True)]
