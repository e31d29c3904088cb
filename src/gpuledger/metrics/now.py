"""What is held and what waits at one moment, as sources told it last: lists for tables of "now", never for sums over time."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import ibis

from gpuledger.metrics import Filter
from gpuledger.metrics.dimensions import BY_NAME, is_one_of, keeps
from gpuledger.metrics.relation import instant
from gpuledger.metrics.runaway import runaways
from gpuledger.model.period import Period
from gpuledger.model.schema import unbound
from gpuledger.model.tables import HOST_STATES, JOB_ATTEMPTS, LIMITS, PENDING, SNAPSHOTS

if TYPE_CHECKING:
    import ibis.expr.types as ir

_HELD = (
    "cluster",
    "attempt_id",
    "user_name",
    "account",
    "queue",
    "qos",
    "gpu_model",
    "gpu_count",
    "cpu_count",
    "memory_bytes",
)
WAITS: Mapping[str, str] = {
    "cluster": "cluster", "user": "user_name", "account": "account", "queue": "queue", "qos": "qos", "job_name": "job_name",
}  # fmt: skip
"""Dimensions that a waiting job has, and their columns in `pending`."""
ASKED = ("requested_gpu_count", "requested_cpu_count", "requested_memory_bytes", "requested_node_count")
EACH_USER = "_user"
"""Ends the scope of a limit on each user of a QoS or an account."""
FRESH = timedelta(hours=1)
"""A queue that was read longer ago says nothing about now."""
_SHOWN = ("cluster", "job_id", "job_name", "user_name", "account", "queue", "qos", "submitted_at", "task_count", *ASKED)


def holding(at: datetime, period: Period, where: Iterable[Filter] = ()) -> "ir.Table":
    """Attempts that held resources at the moment: whose they are and what they hold.

    One without an end holds them as long as its source tells of it and its time limit allows (`runaways` are out).
    """
    attempts = unbound(JOB_ATTEMPTS)
    moment = instant(at.replace(tzinfo=None))
    rows = attempts.filter(attempts.started_at <= moment, attempts.ended_at.isnull() | (attempts.ended_at > moment))
    rows = _kept(rows, where)
    lost = runaways(period).select("cluster", "attempt_id")
    return rows.select(*_HELD).anti_join(lost, ["cluster", "attempt_id"])


def _kept(attempts: "ir.Table", where: Iterable[Filter]) -> "ir.Table":
    for wanted in where:
        attempts = attempts.filter(keeps(attempts, BY_NAME[wanted.column], wanted))
    return attempts


def waiting(at: datetime, where: Iterable[Filter] = ()) -> "ir.Table":
    """Attempts that accounting shows as waiting at the moment: `since`, `reason` and what they ask for."""
    attempts = unbound(JOB_ATTEMPTS)
    moment = instant(at.replace(tzinfo=None))
    is_over = attempts.started_at.notnull() & (attempts.started_at <= moment)
    rows = attempts.filter(
        attempts.state.isin(["pending", "held"]),
        attempts.reported_by.notnull(),
        attempts.submitted_at <= moment,
        ~is_over,
    )
    rows = _kept(rows, where)
    return rows.select(*_SHOWN, since=rows.submitted_at, reason=rows.wait_reason)


def queued(at: datetime, where: Iterable[Filter] = ()) -> "ir.Table":
    """The same as the queue itself told it: the jobs that the last reading of each cluster's queue still showed."""
    rows, last = unbound(PENDING), looked(at).rename(look_cluster="cluster")
    rows = rows.inner_join(last, [rows.cluster == last.look_cluster])
    rows = rows.filter(rows.last_seen_at == rows.looked_at)
    for wanted in where:
        rows = rows.filter(is_one_of(rows[WAITS[wanted.column]], wanted))
    return rows.select(*_SHOWN, since=rows.submitted_at.coalesce(rows.first_seen_at), reason=rows.wait_reason)


def looked(at: datetime) -> "ir.Table":
    """When each cluster's queue was last read (`looked_at`), where that was shortly before the moment."""
    polls = unbound(SNAPSHOTS)
    since, until = (instant(edge.replace(tzinfo=None)) for edge in (at - FRESH, at))
    is_queue = polls.told_tables.contains("pending").fill_null(False)
    polls = polls.filter(is_queue, polls.status != "failed", polls.time >= since, polls.time <= until)
    return polls.group_by("cluster").agg(looked_at=polls.time.max())


def limits(at: datetime, scope: str, name: str) -> "ir.Table":
    """Limits of one name, and of each user in it, that held at the moment: scope, cluster, resource, limit_count, unit; the newest of each last."""
    rows = unbound(LIMITS)
    moment = instant(at.replace(tzinfo=None))
    rows = rows.filter(
        rows.scope.isin([scope, f"{scope}{EACH_USER}"]),
        rows.name == name,
        rows.valid_from <= moment,
        rows.valid_to.isnull() | (rows.valid_to > moment),
    )
    return rows.order_by(["cluster", "resource", "valid_from"]).select(
        "scope", "cluster", "resource", "limit_count", "unit"
    )


def names(dimension: str) -> "ir.Table":
    """Every name of a dimension that the accounting or a limit knows."""
    attempts, bound = unbound(JOB_ATTEMPTS), unbound(LIMITS)
    told = attempts.select(name=attempts[BY_NAME[dimension].column])
    known = told.union(bound.filter(bound.scope == dimension).select(name=bound.name)).distinct()
    return known.filter(known.name.notnull(), known.name != ibis.literal("")).order_by("name")


def machines(at: datetime, where: Iterable[Filter] = ()) -> "ir.Table":
    """Machines as the last reading of each cluster shortly before the moment told them: columns of host_states."""
    since, until = (instant(edge.replace(tzinfo=None)) for edge in (at - FRESH, at))
    rows = _of_clusters(unbound(HOST_STATES), where)
    rows = rows.filter(rows.time >= since, rows.time <= until)
    newest = rows.group_by("cluster").agg(newest=rows.time.max()).rename(newest_cluster="cluster")
    rows = rows.inner_join(newest, [rows.cluster == newest.newest_cluster])
    return rows.filter(rows.time == rows.newest)


def draining(period: Period, where: Iterable[Filter] = ()) -> "ir.Table":
    """At each reading of the period (`time`) the CPUs and GPUs that jobs still hold on draining machines: cpus, gpus."""
    start, end = (instant(edge) for edge in period.naive)
    rows = _of_clusters(unbound(HOST_STATES), where)
    rows = rows.filter(rows.time >= start, rows.time <= end)
    is_draining = rows.host_state.upper().contains("DRAIN").ifelse(1.0, 0.0)
    told = rows.group_by("time").agg(
        cpus=(rows.allocated_cpu_count * is_draining).sum(), gpus=(rows.allocated_gpu_count * is_draining).sum()
    )
    return told.order_by("time")


def _of_clusters(rows: "ir.Table", where: Iterable[Filter]) -> "ir.Table":
    """Machines have no user and no queue: of the filters only those of clusters bind."""
    for wanted in where:
        rows = rows.filter(is_one_of(rows.cluster, wanted)) if wanted.column == "cluster" else rows
    return rows
