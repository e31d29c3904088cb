"""What a ledger knows of: clusters, queues, people, accounts, hosts and GPUs, each with when it was last seen."""

from typing import TYPE_CHECKING, Any

from gpuledger.model.period import Period
from gpuledger.model.schema import unbound
from gpuledger.model.tables import ATTEMPT_GPUS, GPU_STATES, JOB_ATTEMPTS

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from gpuledger.store import Store

NAMES = {"queues": "queue", "qos": "qos", "users": "user_name", "accounts": "account"}
KINDS = ("clusters", *NAMES, "hosts", "gpus")


def inventory(store: "Store", period: Period, kinds: tuple[str, ...] = KINDS) -> dict[str, list[dict[str, Any]]]:
    """What was there in the period, by kind, in the order of names. `kinds` are some of KINDS."""
    asked = {kind: _asked(kind, period) for kind in kinds}
    return {kind: store.ask(expression, period).to_pylist() for kind, expression in asked.items()}


def _asked(kind: str, period: Period) -> "ir.Table":
    if kind == "clusters":
        found = _attempts(period).select("cluster").union(_states(period).select("cluster"))
        return found.distinct().order_by("cluster")
    if kind in NAMES:
        column = NAMES[kind]
        rows = _attempts(period)
        return rows.filter(rows[column].notnull()).select("cluster", column).distinct().order_by("cluster", column)
    rows = _gpus(period)
    if kind == "gpus":
        described = {name: rows[name].max() for name in ("gpu_model", "gpu_memory_bytes")}
        return rows.group_by(["cluster", "host", "gpu"]).agg(**described).order_by("cluster", "host", "gpu")
    return _hosts(rows, period)


def _hosts(rows: "ir.Table", period: Period) -> "ir.Table":
    """Hosts with the GPUs that are known of each: those attempts ran on too, of whose GPUs nothing may be known."""
    import ibis

    counted = rows.filter(rows.host != "").group_by("cluster", "host").agg(gpus=rows.gpu.nunique())
    attempts = _attempts(period)
    ran = attempts.select("cluster", host=attempts.host_names.unnest()).distinct()
    every = counted.union(ran.select("cluster", "host", gpus=ibis.null("int64")))
    return every.group_by("cluster", "host").agg(gpus=every.gpus.max()).order_by("cluster", "host")


def _attempts(period: Period) -> "ir.Table":
    """Attempts that lie in the period at least in part."""
    rows, (start, end) = unbound(JOB_ATTEMPTS), period.naive
    begun = rows.submitted_at.fill_null(rows.started_at)
    return rows.filter(begun < end, rows.ended_at.isnull() | (rows.ended_at > start))


def _states(period: Period) -> "ir.Table":
    rows, (start, end) = unbound(GPU_STATES), period.naive
    return rows.filter(rows.time >= start, rows.time < end)


def _gpus(period: Period) -> "ir.Table":
    """GPUs that readings tell of, and those that attempts name."""
    rows, (start, end) = unbound(ATTEMPT_GPUS), period.naive
    held = rows.filter(rows.started_at < end, rows.ended_at.isnull() | (rows.ended_at > start))
    columns = ("cluster", "host", "gpu", "gpu_model", "gpu_memory_bytes")
    return _states(period).select(*columns).union(held.select(*columns))
