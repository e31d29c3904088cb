"""Names as people type them to metrics and dimensions; an unknown name is answered with the near ones."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from gpuledger.metrics import Dimension, Filter, Metric
from gpuledger.model.errors import UsageError
from gpuledger.model.names import unknown

Named = TypeVar("Named", Metric, Dimension)


def find(kind: str, name: str, held: Mapping[str, Named]) -> Named:
    """The thing of that name. Raises UsageError naming the near ones, or all when none is near."""
    if name in held:
        return held[name]
    raise UsageError(unknown(kind, name, sorted(held)))


def of_table(name: str, table: str, held: Mapping[str, Dimension]) -> Dimension:
    """The dimension of that name. Raises UsageError where numbers of the table cannot be told apart by it."""
    dimension = find("dimension", name, held)
    if not dimension.is_of(table):
        those = sorted(each.name for each in held.values() if each.is_of(table) and not each.calendar)
        meant = [other for other in those if other.endswith(f"_{name}")]
        near = f"did you mean {' or '.join(meant)}?" if meant else f"they can by {', '.join(those)}."
        raise UsageError(f"Numbers of {table} cannot be told apart by {name}; {near}")
    return dimension


def check(filters: Iterable[Filter], held: Mapping[str, Dimension]) -> tuple[Filter, ...]:
    """The filters, each naming a dimension that is a column. Raises UsageError."""
    kept = tuple(filters)
    for wanted in kept:
        if find("filter", wanted.column, held).calendar:
            raise UsageError(f"{wanted.column} cannot be a filter; choose the period with --from and --to instead.")
    return kept
