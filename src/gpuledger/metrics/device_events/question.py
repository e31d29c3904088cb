"""One question about events of devices: which count, under which names."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gpuledger.metrics import Dimension, Filter
from gpuledger.metrics.bins import cut
from gpuledger.metrics.device_events.dimensions import column_of
from gpuledger.metrics.dimensions import is_one_of
from gpuledger.metrics.divided import Divided
from gpuledger.metrics.relation import instant
from gpuledger.model.schema import unbound
from gpuledger.model.tables import DEVICE_EVENTS

if TYPE_CHECKING:
    import ibis.expr.types as ir

FACTS: "Mapping[str, Callable[[ir.Table], ir.StringValue]]" = {
    "device": lambda rows: rows.cluster.concat("/", rows.host, "/", rows.gpu),
    "machine": lambda rows: rows.cluster.concat("/", rows.host),
}
"""Names that are different where the things are."""


@dataclass(frozen=True)
class EventQuestion(Divided):
    """Period, dimensions and filters. `where` pairs each filter with its dimension."""

    where: tuple[tuple[Dimension, Filter], ...] = ()

    def rows(self) -> "ir.Table":
        """The events that count, with FACTS, `day_number` and `at_us` (since the period's start)."""
        start, end = (instant(edge) for edge in self.period.naive)
        told = unbound(DEVICE_EVENTS)
        told = told.filter(told.time >= start, told.time < end)
        for dimension, wanted in self.where:
            told = told.filter(is_one_of(column_of(told, dimension), wanted))
        told = told.mutate(
            at_us=told.time.delta(start, unit="microsecond"), **{n: made(told) for n, made in FACTS.items()}
        )
        return told.mutate(day_number=cut(self.period, "day", self.zone).place(told.at_us)[0])

    def keys(self, rows: "ir.Table") -> "dict[str, ir.Value]":
        """The dimensions' columns as d0, d1 …, and the calendar's part: names of data never become names of SQL."""
        keys: dict[str, ir.Value] = {f"d{number}": column_of(rows, one) for number, one in enumerate(self.columns)}
        return keys | ({"bin": self.bins.place(rows.at_us)[0].cast("int64")} if self.bins else {})
