"""What a QoS, queue or account may hold: from the configuration, else as the scheduler told it."""

from collections.abc import Iterable, Mapping
from typing import Any

from gpuledger.metrics import Ask
from gpuledger.metrics.now import EACH_USER
from gpuledger.metrics.now import limits as told
from gpuledger.reports._rolling.parameters import Choice, LimitSettings

GIB = 2.0**30
KEYS: Mapping[str, str] = {"cpu": "cpus", "gpu": "gpus", "memory": "memory_gib", "node": "nodes", "job": "jobs"}
"""Resources of the table `limits`, and what the configuration calls them."""
METRICS: Mapping[str, str] = {
    "gpus": "gpu_hours", "cpus": "cpu_hours", "memory_gib": "memory_gib_hours", "jobs": "attempt_hours", "nodes": "node_hours",
}  # fmt: skip
"""The held metric each limit is about."""
LIMITED: Mapping[str, str] = {
    "gpu_hours": "GPUs", "cpu_hours": "CPUs", "memory_gib_hours": "memory", "attempt_hours": "jobs", "node_hours": "nodes",
}  # fmt: skip
"""What a limit on the held metric is a limit of, in words."""


def limits_of(
    ask: Ask, choice: Choice, configured: Mapping[str, LimitSettings]
) -> tuple[dict[str, float], dict[str, float]]:
    """Limits by held metric, of all and of each user; the configuration wins of all, resource by resource.

    A scheduler's limit is of one cluster: of a name that several clusters bind there is no line.
    """
    if choice.scope is None:
        return {}, {}
    rows = ask.rows(told(ask.period.end, choice.scope, choice.name)).to_pylist()
    known = _told(row for row in rows if row["scope"] == choice.scope)
    each = _told(row for row in rows if row["scope"] == f"{choice.scope}{EACH_USER}")
    said = configured.get(choice.name)
    known |= {key: value for key in METRICS if said and (value := getattr(said, key)) is not None}
    return _by_metric(known), _by_metric(each)


def _by_metric(known: Mapping[str, float]) -> dict[str, float]:
    return {METRICS[key]: known[key] for key in METRICS if key in known}


def _told(told: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    rows = list(told)
    if len({row["cluster"] for row in rows}) != 1:
        return {}
    newest = {row["resource"]: row for row in rows}
    return {
        KEYS[name]: row["limit_count"] / (GIB if row["unit"] == "byte" else 1)
        for name, row in newest.items()
        if name in KEYS and row["limit_count"] is not None
    }
