"""Waiting jobs against what their project owns: who waited how long for how many GPUs, and while whose GPUs were full.

A job waits from the first reading that showed it to the last one, and on to the next where its source says how often it
looks. A project's GPUs are full while every one of them that is in service holds a primary job.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any, Literal

import ibis

from gpuledger.metrics import Filter, SourceCoverage
from gpuledger.metrics.bins import Bins
from gpuledger.metrics.dimensions import is_one_of
from gpuledger.metrics.events import Sparse, changes, sparse
from gpuledger.metrics.relation import MICRO, instant, length_us, one
from gpuledger.metrics.states.ask import StateAsk
from gpuledger.metrics.states.facts import trimmed
from gpuledger.metrics.states.held import held
from gpuledger.metrics.states.observed import by_source, ranges
from gpuledger.metrics.states.readings import readings_of
from gpuledger.metrics.states.timeline import spans
from gpuledger.model.schema import unbound
from gpuledger.model.tables import PENDING

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from gpuledger.metrics import Ask

FILTERS: Mapping[str, str] = {"cluster": "cluster", "user": "user_name", "account": "account", "project": "account"}
"""Dimensions that waiting jobs can be filtered by, and their columns."""
WHOSE: Mapping[str, str] = {"project": "account", "user": "user_name"}
"""What waiting can be told apart by."""
Sides = Literal["project", "host", "all"]
"""Whose GPUs are looked at together: each project's, each host's, or all of them."""
_AWAY = ("drained", "prevented", "owner")
_HOUR = 3600 * MICRO


def polls(ask: "Ask") -> tuple[SourceCoverage, ...]:
    """How far sources say when they looked for waiting jobs; empty where none does."""
    held = readings_of(ask.rows(spans(ask.period, PENDING.name)), ask.period)
    return by_source(held, ask.rows(ranges(PENDING.name)).to_pylist(), ask.period)


def waits(ask: "Ask", looks: Sequence[SourceCoverage]) -> "ir.Table":
    """Jobs that waited in the period, cut to it: since_us, until_us, `gpus` asked for, and the columns of pending."""
    rows = unbound(PENDING)
    start, end = (instant(edge) for edge in ask.period.naive)
    first = instant(ask.period.naive[0] - timedelta(seconds=hold_seconds(looks)))
    rows = rows.filter(rows.first_seen_at < end, rows.last_seen_at >= first)
    for wanted in (wanted for wanted in ask.where if wanted.column in FILTERS):
        rows = rows.filter(is_one_of(rows[FILTERS[wanted.column]], wanted))
    since, until = (rows[name].delta(start, unit="microsecond") for name in ("first_seen_at", "last_seen_at"))
    return rows.mutate(
        since_us=ibis.greatest(since, 0).cast("int64"),
        until_us=ibis.least(until + round(hold_seconds(looks) * MICRO), length_us(ask.period)).cast("int64"),
        gpus=(rows.requested_gpu_count * rows.task_count.fill_null(1)).fill_null(0),
    )


def is_told(ask: "Ask", rows: "ir.Table", looks: Sequence[SourceCoverage]) -> bool:
    """Whether anybody looked for waiting jobs in the period, as far as polls or the jobs themselves say."""
    return any(source.covered_ratio for source in looks) or bool(ask.rows(rows.limit(1).select("job_id")).num_rows)


def hold_seconds(looks: Sequence[SourceCoverage]) -> float:
    """Seconds for which a reading of the queue stands; 0 where no source says how often it looks."""
    steps = [source.period_seconds for source in looks if source.period_seconds]
    return median(steps) if steps else 0.0


def waited(ask: "Ask", rows: "ir.Table") -> list[dict[str, Any]]:
    """GPU-hours and jobs by account and user: account, user_name, gpu_hours, jobs, gpus (asked for at most by one job)."""
    hours = rows.gpus * (rows.until_us - rows.since_us).cast("float64") / _HOUR
    found = rows.group_by(["account", "user_name"]).agg(
        gpu_hours=hours.sum(), jobs=rows.job_id.nunique(), gpus=rows.gpus.max()
    )
    told: list[dict[str, Any]] = ask.rows(found).to_pylist()
    return told


def each(ask: "Ask", rows: "ir.Table", accounts: Sequence[str]) -> list[dict[str, Any]]:
    """Each waiting job of these accounts: cluster, account, user_name, since_us, until_us, gpus."""
    found = rows.filter(rows.account.isin(sorted(accounts))) if accounts else rows.limit(0)
    names = ("cluster", "account", "user_name", "since_us", "until_us", "gpus")
    told: list[dict[str, Any]] = ask.rows(found.select(*names)).to_pylist()
    return told


def longest(ask: "Ask", rows: "ir.Table", most: int) -> list[dict[str, Any]]:
    """The jobs that had waited longest when they were last seen: job_id, user_name, account, gpus, memory_bytes (of one
    GPU), command, submitted_at, last_seen_at (naive UTC), waited_seconds."""
    since = rows.submitted_at.coalesce(rows.first_seen_at)
    waited_us = rows.last_seen_at.delta(since, unit="microsecond")
    found = rows.select(
        "job_id", "user_name", "account", "gpus", "command", "submitted_at", "last_seen_at",
        memory_bytes=rows.requested_gpu_memory_bytes, waited_seconds=waited_us.cast("float64") / MICRO,
    )  # fmt: skip
    found = found.order_by([ibis.desc("waited_seconds"), "job_id"]).limit(most)
    told: list[dict[str, Any]] = ask.rows(found).to_pylist()
    return told


def last_seen(ask: "Ask", rows: "ir.Table") -> datetime | None:
    """When any job was last seen waiting; naive UTC."""
    newest: datetime | None = ask.rows(rows.agg(newest=rows.last_seen_at.max())).to_pylist()[0]["newest"]
    return newest


def queue(ask: "Ask", rows: "ir.Table", by: str, bins: Bins) -> Sparse:
    """GPUs asked for over time (rate 0) and jobs (rate 1) by project or user."""
    rates = [rows.gpus, rows.task_count.fill_null(1)]
    return sparse(ask.rows(changes(rows, {"d0": rows[WHOSE[by]]}, rates, bins)), 1, bins)


def full(states: StateAsk, where: Sequence[Filter] = (), by: Sides = "all") -> list[dict[str, Any]]:
    """When GPUs were full: cluster, side (a project or host; "" for all of them together), since_us, until_us."""
    crowded = _full(held(states, where), by)
    told: list[dict[str, Any]] = states.fetch(_joined(crowded, ["cluster", "side"])).to_pylist()
    return told


def holders(states: StateAsk, where: Sequence[Filter] = (), by: Sides = "all") -> list[dict[str, Any]]:
    """When which user held any of GPUs that were full: cluster, side, user, since_us, until_us."""
    rows = held(states, where)
    owned = rows.filter(rows.part == "primary", rows.primary_user.notnull())
    users = owned.select("cluster", "since_us", side=_side(owned, by), user=owned.primary_user)
    users = _projects(users.distinct(), by).distinct()
    crowded = _full(rows, by)
    crowded = crowded.select(f_cluster="cluster", f_side="side", f_since="since_us", until_us="until_us")
    same = [users.cluster == crowded.f_cluster, users.side == crowded.f_side, users.since_us == crowded.f_since]
    both = users.inner_join(crowded, same).select("cluster", "side", "user", "since_us", "until_us")
    told: list[dict[str, Any]] = states.fetch(_joined(both, ["cluster", "side", "user"])).to_pylist()
    return told


def _side(rows: "ir.Table", by: Sides) -> "ir.StringValue":
    match by:
        case "project":
            return rows.owner_projects.fill_null("")
        case "host":
            return rows.host
        case "all":
            return ibis.literal("")


def _projects(rows: "ir.Table", by: Sides) -> "ir.Table":
    """A row for each project of a list of owners."""
    if by != "project":
        return rows
    rows = rows.mutate(side=rows.side.split(",").unnest())
    rows = rows.mutate(side=trimmed(rows.side))
    return rows.filter(rows.side != "")


def _full(rows: "ir.Table", by: Sides) -> "ir.Table":
    """The readings at which GPUs were full: cluster, side, since_us, until_us."""
    if by == "project":
        rows = rows.filter((rows.owner_projects != "").fill_null(False))
    serving, taken = (one(value).sum() for value in (~rows.part.isin(_AWAY), rows.part == "primary"))
    keys = {"cluster": rows.cluster, "side": _side(rows, by), "since_us": rows.since_us}
    counted = rows.group_by(**keys).agg(serving=serving, taken=taken, until_us=rows.until_us.max())
    each = _projects(counted, by)
    sums = {"serving": each.serving.sum(), "taken": each.taken.sum(), "until_us": each.until_us.max()}
    whole = each.group_by(["cluster", "side", "since_us"]).agg(**sums)
    return whole.filter(whole.taken > 0, whole.taken >= whole.serving).select("cluster", "side", "since_us", "until_us")


def _joined(rows: "ir.Table", keys: list[str]) -> "ir.Table":
    """Readings that follow each other without a break become one span."""
    order = ibis.window(group_by=keys, order_by="since_us")
    rows = rows.mutate(is_first=(rows.until_us.lag().over(order) != rows.since_us).fill_null(True))
    running = ibis.cumulative_window(group_by=keys, order_by="since_us")
    rows = rows.mutate(number=rows.is_first.ifelse(1, 0).sum().over(running))
    return (
        rows.group_by([*keys, "number"]).agg(since_us=rows.since_us.min(), until_us=rows.until_us.max()).drop("number")
    )
