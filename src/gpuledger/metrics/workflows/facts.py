"""What the ledger tells of attempts, their GPUs and the nodes of workflows, as expressions: one query each."""

from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING

import ibis
from ibis import _

from gpuledger.metrics import Dimension
from gpuledger.metrics.dimensions import column_of
from gpuledger.metrics.relation import instant, with_counted_end
from gpuledger.metrics.workflows.nodes import NO_ACCESS_POINT
from gpuledger.model.period import Period
from gpuledger.model.schema import unbound
from gpuledger.model.tables import ATTEMPT_EVENTS, ATTEMPT_GPUS, JOB_ATTEMPTS, WORKFLOW_NODES

if TYPE_CHECKING:
    import ibis.expr.types as ir

TEXTS = (
    "cluster", "attempt_id", "job_id", "workflow", "workflow_run", "node_name", "workflow_step", "site", "target_site",
    "resource_name", "state", "state_raw", "end_reason", "gpu_model",
)  # fmt: skip
NUMBERS = (
    "exit_code", "signal", "end_code", "end_subcode", "cpu_count", "gpu_count", "memory_bytes", "disk_bytes",
    "gpu_memory_bytes", "requested_cpu_count", "requested_gpu_count", "requested_memory_bytes",
    "requested_disk_bytes", "used_cpu_seconds", "used_cpu_count", "used_memory_bytes", "used_disk_bytes",
    "gpu_busy_ratio", "used_gpu_memory_bytes", "sent_bytes", "received_bytes", "transfer_in_seconds",
    "transfer_out_seconds", "failed_transfer_seconds", "held_seconds",
)  # fmt: skip
MOMENTS = ("submitted", "eligible", "matched", "started", "ended", "released")
"""Told as microseconds since the period's start: `started_us` …; `counted_us` is the end, of an open one how far the log
that told of it last goes: what other logs of its access point tell later says nothing of it."""


def access_points() -> "ir.Table":
    """Clusters with at least one node of a workflow: whose attempts an experiment is made of."""
    told = unbound(JOB_ATTEMPTS)
    is_node = told.node_name.notnull() | told.workflow.notnull() | (told.kind == "dag_node").fill_null(False)
    return told.filter(is_node).select("cluster").distinct()


KINDS = ("dag_node", "batch")
"""What HTCondor's sources call an attempt; no other scheduler's does."""


def of_htcondor(told: "ir.Table") -> "ir.BooleanValue":
    """Attempts that are of a workflow, or that a source of HTCondor told."""
    is_named = told.workflow.notnull() | told.node_name.notnull() | told.matched_at.notnull()
    return is_named | told.kind.isin(KINDS).fill_null(False)


def pools() -> "ir.Table":
    """Clusters with attempts of HTCondor: where no workflow is known, an experiment is made of all of these, and of no
    other scheduler's jobs."""
    told = unbound(JOB_ATTEMPTS)
    return told.filter(of_htcondor(told)).select("cluster").distinct()


def attempts(period: Period, clusters: Iterable[str], asked: Mapping[str, Dimension] = {}) -> "ir.Table":
    """Every attempt of the clusters (of all when there are none), whatever the period: what a node kept is told by all
    its attempts. `asked` are dimensions that filters need, as columns of the given names."""
    rows = with_counted_end(_of(unbound(JOB_ATTEMPTS), clusters), period).left_join(
        _released(), ["cluster", "attempt_id"]
    )
    start = instant(period.naive[0])
    moments = {
        f"{name}_us": rows[f"{name}_at"].delta(start, unit="microsecond") for name in MOMENTS if name != "started"
    }
    seen = rows.observed_at.delta(start, unit="microsecond")
    counted = rows.ended_at.isnull().ifelse(
        ibis.least(rows.counted_us, seen.fill_null(rows.counted_us)), rows.counted_us
    )
    return rows.select(
        *TEXTS, *NUMBERS, "started_us", counted_us=counted, host=rows.host_names[0], **moments,
        **{name: column_of(rows, dimension) for name, dimension in asked.items()},
    )  # fmt: skip


def _released() -> "ir.Table":
    """When the last hold of an attempt was over: its job waited again from then on."""
    told = unbound(ATTEMPT_EVENTS)
    of_attempt = told.filter(told.event_kind == "release").group_by("cluster", "attempt_id")
    return of_attempt.agg(released_at=_.time.max())


def named_columns(
    names: Iterable[str], dimensions: Mapping[str, Dimension], own: Container[str]
) -> dict[str, Dimension]:
    """The dimensions of these names that are not told by the node, as columns f0, f1 …"""
    return {f"f{number}": dimensions[name] for number, name in enumerate(dict.fromkeys(names)) if name not in own}


def gpus(clusters: Iterable[str]) -> "ir.Table":
    """Every GPU of every attempt, in no order; `part` is the share of it that was held."""
    rows = _of(unbound(ATTEMPT_GPUS), clusters)
    part = rows.share_ratio.fill_null(1)
    return rows.select("cluster", "attempt_id", "host", "gpu", "gpu_model", "capability", part=part)


def _of(told: "ir.Table", clusters: Iterable[str]) -> "ir.Table":
    """Rows of the clusters, and of logs that name no access point: those may be of the same one."""
    chosen = list(clusters)
    return told.filter(told.cluster.isin([*chosen, NO_ACCESS_POINT])) if chosen else told


def nodes() -> "ir.Table":
    """Nodes and their tries."""
    told = unbound(WORKFLOW_NODES)
    return told.select(
        "cluster", "workflow", "workflow_run", "node_name", "try_number", "node_kind", "workflow_step", "target_site",
        "job_id", "retry_limit", "is_done_in_rescue", "state",
    )  # fmt: skip
