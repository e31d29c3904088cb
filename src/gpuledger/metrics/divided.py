"""A period told apart by dimensions: what every question has, whatever it counts."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from gpuledger.metrics import Dimension
from gpuledger.metrics.bins import Bins, cut
from gpuledger.model.errors import UsageError
from gpuledger.model.period import Period


@dataclass(frozen=True)
class Divided:
    """At most one dimension is a part of the calendar. Raises UsageError for two: they cut the same time."""

    period: Period
    zone: str
    by: tuple[Dimension, ...]

    def __post_init__(self) -> None:
        if len(self._calendars) > 1:
            names = " and ".join(dimension.name for dimension in self._calendars)
            raise UsageError(f"{names} cut the same time; choose one of them.")

    @property
    def _calendars(self) -> tuple[Dimension, ...]:
        return tuple(dimension for dimension in self.by if dimension.calendar)

    @property
    def columns(self) -> tuple[Dimension, ...]:
        """The dimensions that are columns."""
        return tuple(dimension for dimension in self.by if not dimension.calendar)

    @cached_property
    def bins(self) -> Bins | None:
        """The calendar's parts of the period, when asked by one."""
        calendar = next((dimension.calendar for dimension in self._calendars), None)
        return cut(self.period, calendar, self.zone) if calendar else None

    def without_dimensions(self) -> Self:
        return replace(self, by=())
