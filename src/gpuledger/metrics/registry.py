"""Every metric and dimension there is by its name: built in, or brought by a plugin."""

from collections.abc import Iterable, Mapping

from gpuledger.metrics import Dimension, Metric
from gpuledger.metrics.attempts import METRICS
from gpuledger.metrics.device_events.dimensions import DIMENSIONS as EVENT_DIMENSIONS
from gpuledger.metrics.device_events.metrics import METRICS as EVENT_METRICS
from gpuledger.metrics.dimensions import DIMENSIONS
from gpuledger.metrics.states.dimensions import DIMENSIONS as STATE_DIMENSIONS
from gpuledger.metrics.states.metrics import METRICS as STATE_METRICS
from gpuledger.metrics.workflows.dimensions import DIMENSIONS as WORKFLOW_DIMENSIONS
from gpuledger.metrics.workflows.metrics import METRICS as WORKFLOW_METRICS
from gpuledger.model.errors import ConfigError


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


BUILT_IN: Mapping[str, Metric] = registered(
    ("attempts", METRICS), ("states", STATE_METRICS), ("device_events", EVENT_METRICS), ("workflows", WORKFLOW_METRICS)
)
BY_DIMENSION: Mapping[str, Dimension] = {
    dimension.name: dimension for dimension in (*DIMENSIONS, *STATE_DIMENSIONS, *EVENT_DIMENSIONS, *WORKFLOW_DIMENSIONS)
}
