"""Names to metrics and dimensions; an unknown name is answered with the near ones."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from gpuledger.metrics import Dimension, Filter, Metric
from gpuledger.metrics.attempts import METRICS
from gpuledger.metrics.dimensions import DIMENSIONS
from gpuledger.metrics.states.dimensions import DIMENSIONS as STATE_DIMENSIONS
from gpuledger.metrics.states.metrics import METRICS as STATE_METRICS
from gpuledger.model.errors import ConfigError, UsageError
from gpuledger.model.names import unknown

Named = TypeVar("Named", Metric, Dimension)


def registered(*packs: tuple[str, Iterable[Metric]]) -> dict[str, Metric]:
    """Metrics by name from packs (who brings them, metrics). Raises ConfigError when two bring one name."""
    held: dict[str, Metric] = {}
    owners: dict[str, str] = {}
    for owner, metrics in packs:
        for metric in metrics:
            if metric.name in held:
                raise ConfigError(
                    f"Both {owners[metric.name]} and {owner} define the metric {metric.name}; uninstall one or rename it."
                )
            held[metric.name], owners[metric.name] = metric, owner
    return held


BUILT_IN: Mapping[str, Metric] = registered(("attempts", METRICS), ("states", STATE_METRICS))
BY_DIMENSION: Mapping[str, Dimension] = {dimension.name: dimension for dimension in (*DIMENSIONS, *STATE_DIMENSIONS)}


def find(kind: str, name: str, held: Mapping[str, Named]) -> Named:
    """The thing of that name. Raises UsageError naming the near ones, or all when none is near."""
    if name in held:
        return held[name]
    raise UsageError(unknown(kind, name, sorted(held)))


def of_table(name: str, table: str, held: Mapping[str, Dimension]) -> Dimension:
    """The dimension of that name. Raises UsageError where numbers of the table cannot be told apart by it."""
    dimension = find("dimension", name, held)
    if not dimension.is_of(table):
        those = ", ".join(sorted(each.name for each in held.values() if each.is_of(table) and not each.calendar))
        raise UsageError(f"Numbers of {table} cannot be told apart by {name}; they can by {those}.")
    return dimension


def check(filters: Iterable[Filter]) -> tuple[Filter, ...]:
    """The filters, each naming a dimension that is a column. Raises UsageError."""
    kept = tuple(filters)
    for wanted in kept:
        if find("filter", wanted.column, BY_DIMENSION).calendar:
            raise UsageError(f"{wanted.column} cannot be a filter; choose the period with --from and --to instead.")
    return kept
