"""Held metrics by a part of the calendar: from changes per bin to one row per name and bin that was active."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gpuledger.metrics import OTHERS, InUse, Metric, Name
from gpuledger.metrics.bins import Bins
from gpuledger.metrics.events import POOLED, Floats, Key, Sparse, changes, sparse
from gpuledger.metrics.observed import Observing
from gpuledger.metrics.question import Question, expression_of
from gpuledger.metrics.relation import MICRO

if TYPE_CHECKING:
    from collections.abc import Callable

    import ibis.expr.types as ir
    import pyarrow as pa

CELLS = 4_000_000
"""Cells of [name, bin] that are dense at one moment: memory stays flat however many names there are."""

Cell = tuple[Key, int, float | None]


@dataclass(frozen=True)
class Amounts:
    """Held metrics of one question by a part of the calendar."""

    question: Question
    metrics: Sequence[Metric]

    @cached_property
    def observing(self) -> Observing:
        cuts = any(metric.is_observed for metric in self.metrics)
        return Observing(_bins(self.question), self.question.spans if cuts else None)

    def changes(self, rows: "ir.Table") -> "ir.Table":
        """Of the attempts that held resources (`Question.held`)."""
        return _changes(self.question, self.metrics, rows, self.observing.fine, are_counted=True)

    def read(self, told: "pa.Table") -> Iterator[tuple[Key, int, list[float | None]]]:
        """(key, bin, value per metric) of each name and active bin; None where none of a name's attempts knows the rate."""
        found = sparse(told, len(self.question.columns), self.observing.fine)
        known = [found.is_known(number) for number in range(len(self.metrics))]
        for first, last in _chunks(found):
            active = self.observing.pooled(found.active(first, last))
            taken = [self.observing.observed if each.is_observed else self.observing.pooled for each in self.metrics]
            areas = [take(found.area_us(number, first, last)) for number, take in enumerate(taken)]
            for series, cell in np.argwhere(active > 0).tolist():
                values = [
                    float(area[series, cell]) / (metric.per_seconds * MICRO) if is_known[first + series] else None
                    for metric, area, is_known in zip(self.metrics, areas, known, strict=True)
                ]
                yield found.keys[first + series], cell, values


@dataclass(frozen=True)
class Course:
    """Held metrics of one question over time, each a series; `kept` as in `metrics.Ask.series_of`."""

    question: Question
    metrics: Sequence[Metric]
    bins: Bins
    kept: Sequence[Name] | None = None

    @cached_property
    def observing(self) -> Observing:
        return Observing(self.bins, self.question.spans)

    def changes(self, rows: "ir.Table") -> "ir.Table":
        """Of the attempts that held resources (`Question.held`)."""
        return _changes(self.question, self.metrics, rows, self.observing.fine, are_counted=False)

    def read(self, told: "pa.Table") -> tuple[InUse, ...]:
        """The series from the answer."""
        found = sparse(told, len(self.question.columns), self.observing.fine)
        del told  # a row a name and bin: not held beside what is made of it
        if self.kept is not None and self.question.by:
            return in_use_of(self.kept, self.question, self.metrics, found, self.observing)
        return tuple(
            in_use(self.question, metric, found, number, self.observing) for number, metric in enumerate(self.metrics)
        )


def _changes(
    question: Question, metrics: Sequence[Metric], rows: "ir.Table", bins: Bins, *, are_counted: bool
) -> "ir.Table":
    rates = [question.rate(metric, rows) for metric in metrics]
    return changes(rows, question.keys(rows), rates, bins, are_counted=are_counted)


def in_use(question: Question, metric: Metric, found: Sparse, rate: int, observing: Observing) -> InUse:
    """One rate of `changes` as a series: names that never say how much they held are left out, largest first."""
    lengths, observed_us = observing.bins.lengths_us, observing.observed_us
    area = np.maximum(found.area_us(rate), 0.0)
    means = observing.pooled(area) / lengths
    observed = observing.observed(area) / np.where(observed_us > 0, observed_us, np.nan)
    names = [key[0] if question.by else metric.label for key in found.keys]
    known = found.is_known(rate)
    order = [n for n in np.argsort(-(means @ lengths), kind="stable").tolist() if known[n]]
    return InUse(
        metric, question.by[0] if question.by else None, question.period, observing.bins.edges,
        tuple(names[number] for number in order), means[order], observed_us / lengths, observed[order],
    )  # fmt: skip


def in_use_of(
    kept: Sequence[Name], question: Question, metrics: Sequence[Metric], found: Sparse, observing: Observing
) -> tuple[InUse, ...]:
    """The same of many names, of which only those `kept` have a row; the others are one, the last."""
    keys = [(name,) for name in kept]
    is_other = np.array([key not in keys for key in found.keys], dtype=bool)
    others = [int(np.count_nonzero(is_other & (found.held_us(rate) > 0))) for rate in range(len(metrics))]
    few = found.pooled(keys) if max(others, default=0) > 1 else found
    return tuple(
        replace(_others_last(in_use(question, metric, few, rate, observing)), left_out=count)
        if count > 1
        else in_use(question, metric, found, rate, observing)
        for rate, (metric, count) in enumerate(zip(metrics, others, strict=True))
    )


def _others_last(use: InUse) -> InUse:
    """The names that were taken together after all others."""
    last = use.names.index(POOLED[0])
    order = [*(number for number in range(len(use.names)) if number != last), last]
    names = (*(use.names[number] for number in order[:-1]), OTHERS)
    return replace(use, names=names, means=use.means[order], observed=use.observed[order])


def counts(fetch: "Callable[[ir.Table], pa.Table]", question: Question, metric: Metric) -> Iterator[Cell]:
    """How many attempts, jobs or different values were active in each bin."""
    bins = _bins(question)
    rows = question.held([metric])
    keys = question.keys(rows)
    width = len(keys)
    rows = rows.filter(_condition(metric, rows))
    if metric.kind == "jobs" and "job_key" in rows.columns:
        keys[f"d{width}"] = rows.job_key
    elif metric.kind == "distinct":
        keys[f"d{width}"] = expression_of(metric, rows)
    found = sparse(fetch(changes(rows, keys, (), bins)), len(keys), bins)
    groups: dict[Key, Floats] = {}
    for first, last in _chunks(found):
        active = found.active(first, last)
        for series, key in enumerate(found.keys[first:last]):
            is_one = len(key) > width and key[-1] is not None
            counted = (active[series] > 0).astype(float) if is_one else active[series]
            groups[key[:width]] = groups.get(key[:width], 0.0) + counted
    for key, line in groups.items():
        yield from ((key, int(cell), float(line[cell])) for cell in np.flatnonzero(line))


def _condition(metric: Metric, rows: "ir.Table") -> "ir.BooleanValue":
    value = expression_of(metric, rows)
    return value.notnull() if metric.kind == "distinct" else value


def _bins(question: Question) -> Bins:
    if question.bins is None:
        raise TypeError("The question has no calendar dimension.")
    return question.bins


def _chunks(found: Sparse) -> Iterator[tuple[int, int]]:
    step = max(1, CELLS // max(1, len(found.bins)))
    return ((first, min(first + step, len(found.keys))) for first in range(0, len(found.keys), step))
