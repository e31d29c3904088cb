"""One question: which attempts count, under which names. Shared by every way of asking."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import ibis.expr.operations as ops

from gpuledger.metrics import Dimension, Filter, Metric
from gpuledger.metrics.coverage import Observed, Span
from gpuledger.metrics.dimensions import BY_NAME, column_of, keeps
from gpuledger.metrics.divided import Divided
from gpuledger.metrics.jobs import with_job_key
from gpuledger.metrics.observed import is_whole, with_observed
from gpuledger.metrics.rare import Rare
from gpuledger.metrics.relation import Moment, held, placed, split_by_model, weighted
from gpuledger.model.schema import unbound
from gpuledger.model.tables import JOB_ATTEMPTS

if TYPE_CHECKING:
    import ibis.expr.types as ir

MODEL = "gpu_model"


@dataclass(frozen=True)
class Question(Divided):
    """Period, dimensions and filters."""

    rare: Rare
    observed: Observed
    where: tuple[Filter, ...] = ()

    @cached_property
    def spans(self) -> tuple[Span, ...] | None:
        """What was observed of the period, of the clusters the filters keep; None where no source says."""
        return self.observed.spans(self.where)

    @property
    def is_observed_whole(self) -> bool:
        """Whether there is no gap to leave out."""
        return is_whole(self.spans, self.period)

    @property
    def population(self) -> tuple[object, ...]:
        """Equal for questions whose numbers are taken over the same rows: one pass can answer them all."""
        return self.period, self.where, self._is_split

    def held(self, metrics: Sequence[Metric], by: Sequence[Dimension] = ()) -> "ir.Table":
        """Attempts that held resources in the period (`metrics.relation.held`), with `job_key` if one counts jobs.

        Where no job was tried again there is none: every attempt is a job of its own. With `observed_us` for metrics
        of what was held inside the observed spans.
        `by` are dimensions of other questions over the same rows.
        """
        rows = self._chosen(held(self.period, self._columns(metrics, by)))
        if self.spans is not None and any(metric.is_observed for metric in metrics):
            rows = with_observed(rows, self.spans, self.period)
        counts_jobs = any(metric.kind == "jobs" for metric in metrics)
        return with_job_key(rows, self.period) if counts_jobs and self.rare.has_tries else rows

    def placed(self, moment: Moment, metrics: Sequence[Metric], by: Sequence[Dimension] = ()) -> "ir.Table":
        """Attempts submitted, started or ended in the period."""
        return self._chosen(placed(moment, self.period, self._columns(metrics, by)))

    def keys(self, rows: "ir.Table") -> "dict[str, ir.Value]":
        """The dimensions' columns as d0, d1 …: names of data never become names of SQL."""
        return {f"d{number}": column_of(rows, dimension) for number, dimension in enumerate(self.columns)}

    def rate(self, metric: Metric, rows: "ir.Table") -> "ir.NumericValue":
        """What an attempt holds (the metric's expression), of a part of an attempt that part."""
        value = expression_of(metric, rows)
        return value * rows.weight if "weight" in rows.columns else value

    def _columns(self, metrics: Iterable[Metric], by: Iterable[Dimension]) -> list[str]:
        """The columns that the metrics, dimensions and filters read."""
        every = unbound(JOB_ATTEMPTS)
        read = [expression_of(metric, every) for metric in metrics]
        read += [column_of(every, dimension) for dimension in (*self.columns, *by) if not dimension.calendar]
        read += [column_of(every, BY_NAME[wanted.column]) for wanted in self.where]
        names = {field.name for value in read for field in value.op().find(ops.Field)}
        return sorted(names | ({"gpu_count", MODEL} if self._is_split or self._is_weighted else set()))

    @property
    def _is_split(self) -> bool:
        """Whether attempts with several models are told apart by them."""
        return MODEL in {dimension.name for dimension in self.by} and self.rare.has_parts

    @property
    def _is_weighted(self) -> bool:
        """Whether a filter keeps some of the models of an attempt."""
        return MODEL in {wanted.column for wanted in self.where} and self.rare.has_parts

    def _chosen(self, rows: "ir.Table") -> "ir.Table":
        """Rows that pass the filters, split by GPU model where the question speaks of it."""
        if not (self._is_split or self._is_weighted):
            return self._kept(rows, self.where)
        rows = self._kept(rows, [wanted for wanted in self.where if wanted.column != MODEL])
        parts = self._kept(split_by_model(rows), [wanted for wanted in self.where if wanted.column == MODEL])
        return parts if self._is_split else weighted(rows, parts)

    @staticmethod
    def _kept(rows: "ir.Table", filters: Sequence[Filter]) -> "ir.Table":
        return rows.filter(*(keeps(rows, BY_NAME[f.column], f) for f in filters)) if filters else rows


def expression_of(metric: Metric, rows: "ir.Table") -> "ir.Value":
    """The metric's own expression over the rows."""
    if metric.expression is None:
        raise TypeError(f"The metric {metric.name} of kind {metric.kind} needs an expression.")
    return metric.expression(rows)
