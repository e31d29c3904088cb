"""One question about GPU states: which GPU-moments count, under which names, for how long."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import TYPE_CHECKING

import ibis.expr.operations as ops

from gpuledger.metrics import Dimension, Filter, Metric
from gpuledger.metrics.bins import Bins
from gpuledger.metrics.dimensions import is_one_of
from gpuledger.metrics.divided import Divided
from gpuledger.metrics.relation import instant
from gpuledger.metrics.states.dimensions import column_of
from gpuledger.metrics.states.facts import FACTS, facts
from gpuledger.metrics.states.sorting import Sorting
from gpuledger.metrics.states.timeline import cells
from gpuledger.model.schema import unbound
from gpuledger.model.tables import GPU_STATES

if TYPE_CHECKING:
    import ibis.expr.types as ir

KEYS = ("cluster", "bin", "covered_us")


@dataclass(frozen=True)
class StateQuestion(Divided):
    """Period, dimensions and filters. `where` pairs each filter with its dimension."""

    since: datetime
    """The first reading that holds in the period, naive UTC."""
    sorting: Sorting
    where: tuple[tuple[Dimension, Filter], ...] = ()
    step: Bins | None = None
    """Bins of a series; a calendar dimension brings its own."""
    with_left_out: bool = False
    """Whether excluded hosts and hidden models count."""

    @cached_property
    def bins(self) -> Bins | None:
        """The parts the period is cut into, if any."""
        return super().bins or self.step

    @property
    def is_by_reading(self) -> bool:
        """Whether each reading is told apart: its mean is what it told."""
        return any(dimension.is_moment for dimension in self.by)

    @property
    def population(self) -> tuple[object, ...]:
        """Equal for questions whose numbers are taken over the same rows: one pass can answer them all."""
        return self.where, self.bins, self.is_by_reading

    def keys(self, rows: "ir.Table") -> "dict[str, ir.Value]":
        """The dimensions' columns as d0, d1 …: names of data never become names of SQL."""
        return {f"d{number}": column_of(rows, dim, self.sorting) for number, dim in enumerate(self.columns)}

    def moments(self) -> "ir.Table":
        """Every GPU-moment that counts, with its facts, `bin`, `weight_us` (what it stands for) and `covered_us`."""
        return facts(self.readings())

    def readings(self, *, is_whole: bool = False) -> "ir.Table":
        """The same without its facts: columns as they are stored. `is_whole`: with what the site leaves out."""
        held = cells(self.period, self.bins, is_each=self.is_by_reading)
        held = held.select("cluster", "source", "time", "bin", "weight_us", "covered_us")
        return self._joined(self._told, held) if is_whole else self.at(held)

    def at(self, held: "ir.Table", only: "Callable[[ir.Table], ir.BooleanValue] | None" = None) -> "ir.Table":
        """What was told of each GPU that counts at the moments (cluster, source, time) of `held`, with its other columns.

        `only`: of readings for which this holds of the stored columns.
        """
        told = self._told.filter(only(self._told)) if only else self._told
        return self._joined(self.counted(told), held)

    def _joined(self, rows: "ir.Table", held: "ir.Table") -> "ir.Table":
        held = held.rename(held_cluster="cluster", held_source="source", held_at="time")
        same = [rows.cluster == held.held_cluster, rows.source == held.held_source, rows.time == held.held_at]
        return rows.inner_join(held, same)

    @property
    def _told(self) -> "ir.Table":
        """The readings of the period that the filters leave."""
        rows = unbound(GPU_STATES)
        rows = rows.filter(rows.time >= instant(self.since), rows.time < instant(self.period.naive[1]))
        for dimension, wanted in self.where:
            rows = facts(rows, {dimension.state_column} & FACTS.keys())
            rows = rows.filter(is_one_of(column_of(rows, dimension, self.sorting), wanted))
        return rows

    @property
    def sorted_by(self) -> set[str]:
        """The columns that tell what the site leaves out."""
        if self.with_left_out:
            return set()
        return {name for name, out in (("host", self.sorting.excluded), ("gpu_model", self.sorting.hidden)) if out}

    def counted(self, rows: "ir.Table") -> "ir.Table":
        """Without excluded hosts and hidden models."""
        if self.sorting.excluded and not self.with_left_out:
            rows = rows.filter(~rows.host.isin(self.sorting.excluded))
        if self.sorting.hidden and not self.with_left_out:
            rows = rows.filter(~rows.gpu_model.isin(self.sorting.hidden).fill_null(False))
        return rows


def reduced(
    questions: "Sequence[StateQuestion]",
    metrics: "Sequence[Metric]",
    keys: Sequence[str] = KEYS,
    rows: "ir.Table | None" = None,
) -> "ir.Table":
    """The moments of one population added up to what its questions and metrics tell apart: few rows for many.

    They are added up by the stored columns, and facts are made and what is left out is left out of what remains: a
    filter or a fact of every reading takes longer than to add them up. Columns: `keys`, what is read and the columns
    it is made of, `weight_us`. `rows` are those of `added`, if some were.
    """
    few = added(questions, metrics, keys, rows)
    made = FACTS.keys() & _names(questions, metrics)
    return facts(questions[0].counted(few), sorted(made))


def added(
    questions: "Sequence[StateQuestion]",
    metrics: "Sequence[Metric]",
    keys: Sequence[str] = KEYS,
    rows: "ir.Table | None" = None,
) -> "ir.Table":
    """Readings (or `rows` that were added up already) added up by the columns that the questions and metrics need."""
    names = _names(questions, metrics)
    made = {name for fact in names & FACTS.keys() for name in _made_of(fact)}
    stored = questions[0].readings(is_whole=True) if rows is None else rows
    return stored.group_by(sorted({*keys, *(names - FACTS.keys()), *made})).agg(weight_us=stored.weight_us.sum())


def _names(questions: "Iterable[StateQuestion]", metrics: "Iterable[Metric]") -> set[str]:
    """The stored columns and the facts that they read."""
    told = _whole()
    named = (column_of(told, dim, question.sorting) for question in questions for dim in question.columns)
    read = [*map(_read_by, metrics), *(_fields(value, told) for value in named)]
    return set().union(*read, *(one.sorted_by for one in questions))


@cache
def _whole() -> "ir.Table":
    return facts()


@cache
def _read_by(metric: Metric) -> set[str]:
    return _fields(metric.expression(_whole()), _whole()) if metric.expression else set()


@cache
def _made_of(fact: str) -> set[str]:
    told = unbound(GPU_STATES)
    return _fields(FACTS[fact](told), told)


def _fields(value: "ir.Value", rows: "ir.Table") -> set[str]:
    """The columns of `rows` that a value is made of."""
    return {field.name for field in value.op().find(ops.Field) if field.rel == rows.op()}
