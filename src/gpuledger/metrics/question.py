"""One question: which attempts count, under which names. Shared by every way of asking."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from gpuledger.metrics import Dimension, Filter, Metric
from gpuledger.metrics.bins import Bins, cut
from gpuledger.metrics.dimensions import keeps, with_dimensions
from gpuledger.metrics.jobs import with_job_key
from gpuledger.metrics.registry import BY_DIMENSION
from gpuledger.metrics.relation import Moment, held, placed, split_by_model, weighted, whole
from gpuledger.model.errors import UsageError
from gpuledger.model.period import Period

if TYPE_CHECKING:
    import ibis.expr.types as ir

MODEL = "gpu_model"


@dataclass(frozen=True)
class Question:
    """Period, dimensions and filters; at most one dimension is a part of the calendar."""

    period: Period
    zone: str
    by: tuple[Dimension, ...] = ()
    where: tuple[Filter, ...] = ()

    def __post_init__(self) -> None:
        calendars = [dimension.name for dimension in self.by if dimension.calendar]
        if len(calendars) > 1:
            raise UsageError(f"{' and '.join(calendars)} cut the same time; choose one of them.")

    @property
    def columns(self) -> tuple[Dimension, ...]:
        """The dimensions that are columns."""
        return tuple(dimension for dimension in self.by if not dimension.calendar)

    @cached_property
    def bins(self) -> Bins | None:
        """The calendar's parts of the period, when asked by one."""
        calendar = next((dimension.calendar for dimension in self.by if dimension.calendar), None)
        return cut(self.period, calendar, self.zone) if calendar else None

    def without_dimensions(self) -> "Question":
        return replace(self, by=())

    def held(self, metrics: Iterable[Metric]) -> "ir.Table":
        """Attempts that held resources in the period (`metrics.relation.held`), with `job_key` if one counts jobs."""
        rows = self._chosen(held(self.period))
        return with_job_key(rows) if any(metric.kind == "jobs" for metric in metrics) else rows

    def placed(self, moment: Moment) -> "ir.Table":
        """Attempts submitted, started or ended in the period."""
        return self._chosen(placed(moment, self.period))

    def keys(self, rows: "ir.Table") -> "dict[str, ir.Value]":
        """The dimensions' columns as d0, d1 …: names of data never become names of SQL."""
        return {f"d{number}": rows[dimension.column] for number, dimension in enumerate(self.columns)}

    def _chosen(self, rows: "ir.Table") -> "ir.Table":
        """Rows that pass the filters, split by GPU model where the question speaks of it."""
        rows = self._kept(with_dimensions(rows), [wanted for wanted in self.where if wanted.column != MODEL])
        models = [wanted for wanted in self.where if wanted.column == MODEL]
        if MODEL in {dimension.name for dimension in self.by}:
            return self._kept(split_by_model(rows), models)
        return weighted(rows, self._kept(split_by_model(rows), models)) if models else whole(rows)

    @staticmethod
    def _kept(rows: "ir.Table", filters: Sequence[Filter]) -> "ir.Table":
        return rows.filter(*(keeps(rows, BY_DIMENSION[f.column], f) for f in filters)) if filters else rows
