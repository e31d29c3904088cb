"""Sums over readings, told once for all that is asked about the same of them, and added up by what each question names."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from gpuledger.metrics import Metric
from gpuledger.metrics.answers import Key, key_of
from gpuledger.metrics.bins import Bins
from gpuledger.metrics.events import Floats, Whole, names_of, numbers, summed
from gpuledger.metrics.question import expression_of
from gpuledger.metrics.relation import MICRO
from gpuledger.metrics.states.once import Beside
from gpuledger.metrics.states.question import StateQuestion

if TYPE_CHECKING:
    import ibis.expr.types as ir

CoveredUs = Callable[[Bins | None], Mapping[str, Whole]]
"""For how many microseconds each cluster was read in each of the bins (None: in the whole period)."""
MEAN = " mean"
"""What is added to the name of a sum for the mean number it gives."""


@dataclass(frozen=True)
class Sums:
    """A row per cluster, name and bin, with m0 … in GPU-microseconds; of single readings also how long each holds."""

    question: StateQuestion
    metrics: tuple[Metric, ...]

    @classmethod
    def of_all(cls, asked: Sequence[tuple[StateQuestion, Iterable[Metric]]]) -> "Sums":
        """What questions want that differ in their dimensions alone."""
        by = dict.fromkeys(dimension for question, _ in asked for dimension in question.by)
        metrics = dict.fromkeys(metric for _, wanted in asked for metric in wanted)
        return cls(replace(asked[0][0], by=tuple(by)), tuple(metrics))

    @property
    def beside(self) -> tuple[Beside, ...]:
        """See `once.Part`."""
        return ("held_us",) if self.question.is_by_reading else ()

    def told(self, rows: "ir.Table") -> "ir.Table":
        """See `once.Part`."""
        weight = rows.weight_us.cast("float64")
        sums = {
            f"m{n}": (expression_of(one, rows) * weight).sum().cast("float64") for n, one in enumerate(self.metrics)
        }
        held = {name: rows[name].max() for name in self.beside}
        return rows.group_by(**self.question.keys(rows), cluster=rows.cluster, bin=rows.bin).agg(**sums, **held)


@dataclass(frozen=True, eq=False)
class Summed:
    """What was told of `Sums`."""

    part: Sums
    rows: pa.Table

    def by(
        self, question: StateQuestion, metrics: Iterable[Metric], covered_us: CoveredUs
    ) -> dict[Key, dict[str, float | None]]:
        """By the dimensions of one of its questions: each sum in its unit, and the mean number over the time covered."""
        keys, series = self._named(question)
        clusters, of_row = self._clusters
        cells, cell = np.unique(series * len(clusters) + of_row, return_inverse=True)
        names, cluster = divmod(cells, max(len(clusters), 1))
        if question.is_by_reading:
            lasted_us = self._held_us(cell, len(cells))
        else:
            covered = covered_us(question.bins)
            lasted_us = np.array(
                [covered[clusters[place]][keys[name][-1]] for place, name in zip(cluster, names, strict=True)]
            )
        found: dict[str, Sequence[float | None]] = {}
        for metric in metrics:
            of_cell = summed(self._values[metric], cell, len(cells))
            found[metric.name] = _known(summed(of_cell, names, len(keys)) / (metric.per_seconds * MICRO))
            found[metric.name + MEAN] = _known(summed(of_cell / lasted_us, names, len(keys)))
        values = zip(*found.values(), strict=True)
        return {
            key_of(question, key[:-1], key[-1]): dict(zip(found, each, strict=True))
            for key, each in zip(keys, values, strict=True)
        }

    def _named(self, question: StateQuestion) -> tuple[Sequence[tuple[Any, ...]], Whole]:
        """The names that rows have by the question's dimensions, their bin last; which of them each row has."""
        told = [self.rows[f"d{self.part.question.columns.index(dimension)}"] for dimension in question.columns]
        if question.bins:
            told.append(self.rows["bin"])
        if not told:
            return [(0,)][: len(self.rows)], np.zeros(len(self.rows), dtype=np.int64)
        keys, series = names_of(pa.Table.from_arrays(told, [f"d{n}" for n in range(len(told))]), len(told))
        return (keys if question.bins else [(*key, 0) for key in keys]), series

    @cached_property
    def _values(self) -> Mapping[Metric, Floats]:
        return {metric: numbers(self.rows, f"m{number}") for number, metric in enumerate(self.part.metrics)}

    @cached_property
    def _clusters(self) -> tuple[Sequence[str], Whole]:
        """The clusters, and which of them each row is of."""
        keys, series = names_of(pa.Table.from_arrays([self.rows["cluster"]], ["d0"]), 1)
        return [str(name) for (name,) in keys], series

    def _held_us(self, cell: Whole, count: int) -> Floats:
        """How long each reading holds: the rows of a cell are of one reading."""
        held_us = np.zeros(count)
        held_us[cell] = numbers(self.rows, "held_us")
        return held_us


def _known(values: Floats) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]
