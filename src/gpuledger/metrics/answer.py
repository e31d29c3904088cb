"""What was found: numbers by name, and numbers over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gpuledger.metrics.metric import Dimension, Metric
from gpuledger.metrics.wanted import Name
from gpuledger.model.period import Period

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

OTHERS = "others"
"""The name of what a top-N leaves out."""


@dataclass(frozen=True)
class Answer:
    """What one question found: a column of values per dimension, then one per metric, named by them.

    Dimensions are text (null: not known; calendar parts as `period.label` writes them). A row exists where at least
    one attempt counts. Rows go by calendar part, then the first metric, largest first. `totals` answer the same
    question without dimensions: asked, not summed, where parts do not add up.
    """

    columns: Mapping[str, Sequence[Any]]
    dimensions: tuple[Dimension, ...]
    metrics: tuple[Metric, ...]
    period: Period
    totals: Mapping[str, float | None] = field(default_factory=dict)

    @cached_property
    def rows(self) -> "pa.Table":
        """The columns as an Arrow table: text for dimensions, doubles for metrics. Made when asked for: Arrow loads
        pandas to make it, where that is installed."""
        import pyarrow as pa

        types = {dimension.name: pa.string() for dimension in self.dimensions}
        return pa.table({name: pa.array(held, types.get(name, pa.float64())) for name, held in self.columns.items()})

    def value(self, metric: str) -> float | None:
        """The number over all dimensions; a moment as seconds since 1970."""
        return self.totals[metric]

    def shown(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row or the totals for people and programs: a moment is an instant, not seconds since 1970."""
        return {**row, **{m.name: m.shown(row[m.name]) for m in self.metrics if m.name in row}}

    def records(self) -> list[dict[str, Any]]:
        """Rows as mappings, in order."""
        names = tuple(self.columns)
        return [dict(zip(names, row, strict=True)) for row in zip(*self.columns.values(), strict=True)]

    def of(self, metric: str) -> dict[tuple[Name, ...], float | None]:
        """One metric by the values of the dimensions."""
        names = [dimension.name for dimension in self.dimensions]
        return {tuple(row[name] for name in names): row[metric] for row in self.records()}


@dataclass(frozen=True)
class InUse:
    """A held metric over time: exact means per bin and name, so that mean × bin length adds up to the hours.

    `means` is [name, bin] in units of the metric's rate (GPUs, CPUs, GiB, attempts); names go by total, largest
    first. `edges` are the instants between bins (one more than bins; the last bin may be shorter).
    `covered` is the share of each bin that was observed (0 to 1): below 1 a mean is a lower bound, at 0 it is a gap.
    `observed` are the means of what was held inside the covered parts over those parts; not a number in a gap.
    """

    metric: Metric
    dimension: Dimension | None
    period: Period
    edges: tuple[datetime, ...]
    names: tuple[Name, ...]
    means: "np.ndarray[Any, np.dtype[np.float64]]"
    covered: "np.ndarray[Any, np.dtype[np.float64]]"
    observed: "np.ndarray[Any, np.dtype[np.float64]]"
    left_out: int = 0
    """How many names the last row (`others`) stands for; 0 when every name has its row."""

    @property
    def bin_seconds(self) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """Length of each bin."""
        import numpy as np

        return np.diff([(edge - self.edges[0]).total_seconds() for edge in self.edges])

    @property
    def hours(self) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """The metric of each name over the period."""
        total: np.ndarray[Any, np.dtype[np.float64]] = self.means @ self.bin_seconds / self.metric.per_seconds
        return total

    @property
    def total(self) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """Mean per bin of all names together."""
        summed: np.ndarray[Any, np.dtype[np.float64]] = self.means.sum(axis=0)
        return summed

    def top(self, count: int) -> "InUse":
        """The `count` largest names and the sum of the rest as `others`; unchanged when nothing is left out."""
        import numpy as np

        if len(self.names) <= count + 1:
            return self
        means, observed = (
            np.vstack([held[:count], held[count:].sum(axis=0, keepdims=True)]) for held in (self.means, self.observed)
        )
        return replace(
            self,
            names=(*self.names[:count], OTHERS),
            means=means,
            observed=observed,
            left_out=len(self.names) - count,
        )
