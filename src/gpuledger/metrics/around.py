"""What the parts of an Ask that are about one table need of the Ask they are part of."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from gpuledger.metrics import Dimension, Filter
from gpuledger.metrics.naming import check, of_table
from gpuledger.model.period import Period

if TYPE_CHECKING:
    import ibis.expr.types as ir


class Around(Protocol):
    """Period, filters and names, and how rows are fetched."""

    @property
    def period(self) -> Period: ...
    @property
    def display_zone(self) -> str: ...
    @property
    def where(self) -> tuple[Filter, ...]: ...
    @property
    def dimensions(self) -> Mapping[str, Dimension]: ...
    def rows(self, expression: "ir.Table", period: Period | None = None) -> pa.Table: ...


def dimensions_of(around: Around, table: str, by: Iterable[str]) -> tuple[Dimension, ...]:
    """The dimensions of these names, each once. Raises UsageError for one that the table's numbers do not have."""
    return tuple(of_table(name, table, around.dimensions) for name in dict.fromkeys(by))


def filters_of(around: Around, table: str, where: Iterable[Filter]) -> tuple[tuple[Dimension, Filter], ...]:
    """Each filter of the Ask and these, with its dimension. Raises UsageError."""
    filters = check((*around.where, *where), around.dimensions)
    return tuple((of_table(wanted.column, table, around.dimensions), wanted) for wanted in filters)
