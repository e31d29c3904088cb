"""One question about GPU states: which GPU-moments count, under which names, for how long."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from gpuledger.metrics import Dimension, Filter
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


@dataclass(frozen=True)
class StateQuestion(Divided):
    """Period, dimensions and filters. `where` pairs each filter with its dimension."""

    since: datetime
    """The first reading that holds in the period, naive UTC."""
    sorting: Sorting
    readers: tuple[tuple[str, str], ...] = ()
    """Each (cluster, source) of which a reading holds in the period."""
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
        return self.where, self.is_by_reading

    def keys(self, rows: "ir.Table") -> "dict[str, ir.Value]":
        """The dimensions' columns as d0, d1 …: names of data never become names of SQL."""
        return {f"d{number}": column_of(rows, dim, self.sorting) for number, dim in enumerate(self.columns)}

    def moments(self) -> "ir.Table":
        """Every GPU-moment that counts, with its facts, `bin` and `weight_us` (what it stands for)."""
        return facts(self.at(cells(self.period, self.bins).select("cluster", "source", "time", "bin", "weight_us")))

    def whole_at(self, held: "ir.Table") -> "ir.Table":
        """What was told at the moments (cluster, source, time) of `held` as it is stored, with its other columns and with
        what the site leaves out."""
        return self._joined(self._told, held)

    def at(self, held: "ir.Table") -> "ir.Table":
        """What was told of each GPU that counts at the moments (cluster, source, time) of `held`, with its other columns."""
        is_counted = list(self.is_counted(self._told))
        return self._joined(self._told.filter(*is_counted) if is_counted else self._told, held)

    def told(self, only: "Callable[[ir.Table], ir.BooleanValue]") -> "ir.Table":
        """What was told where this holds of it, as it is stored, and with what the site leaves out."""
        return self._told.filter(only(self._told))

    def counted_of(self, few: "ir.Table", size: "ir.IntegerValue") -> "ir.Table":
        """Rows that were added up (each of a positive size) without those that the site leaves out."""
        # An engine would move a condition on the keys alone to before the adding up, where it is tested of every reading.
        is_counted = [kept | (size < 0) for kept in self.is_counted(few)]
        return few.filter(*is_counted) if is_counted else few

    def _joined(self, rows: "ir.Table", held: "ir.Table") -> "ir.Table":
        held = held.rename(held_cluster="cluster", held_source="source", held_at="time")
        if len(self.readers) == 1:
            # As nearly always. A join by numbers takes half the time of one by texts too.
            [(cluster, source)] = self.readers
            rows = rows.filter(rows.cluster == cluster, rows.source == source)
            return rows.inner_join(held, rows.time == held.held_at)
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

    def is_counted(self, rows: "ir.Table") -> "Iterator[ir.BooleanValue]":
        """What holds of hosts that are not excluded and models that are not hidden."""
        if self.sorting.excluded and not self.with_left_out:
            yield ~rows.host.isin(self.sorting.excluded)
        if self.sorting.hidden and not self.with_left_out:
            yield ~rows.gpu_model.isin(self.sorting.hidden).fill_null(False)
