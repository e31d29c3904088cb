"""Which attempts are one job: computed from the records around them, never stored.

Records of one (cluster, job_id) in the order of their submission: one that follows a record that ended requeued,
preempted, by node failure or resizing, and was submitted within an hour of that end, is the same job; any other is a new job
(ids are recycled).
"""

from typing import TYPE_CHECKING

import ibis

from gpuledger.metrics.relation import instant, not_over_before, seconds
from gpuledger.model.period import Period
from gpuledger.model.schema import unbound
from gpuledger.model.tables import JOB_ATTEMPTS

if TYPE_CHECKING:
    import ibis.expr.types as ir

TRIED_AGAIN = ("requeued", "preempted", "node_fail", "resizing")
"""States after which the scheduler may try the same job again, or go on with it in another size."""

LONGEST_PAUSE_SECONDS = 3600.0


def tried_again(period: Period) -> "ir.Table":
    """The job ids with an attempt after which the scheduler may have tried again: (cluster, job_id)."""
    every = _around(period)
    return every.filter(every.state.isin(TRIED_AGAIN)).select("cluster", "job_id").distinct()


def _around(period: Period) -> "ir.Table":
    """What was over before the period, or submitted after it, cannot join two attempts inside it."""
    every = not_over_before(unbound(JOB_ATTEMPTS), period)
    return every.filter(every.submitted_at.isnull() | (every.submitted_at < instant(period.naive[1])))


def repeated(period: Period) -> "ir.Table":
    """Attempts of every job id that was tried again, with `job_key` (cluster, id and a number within the id).

    Few beside all attempts; an attempt that is not here is a job of its own.
    """
    rows = _around(period).semi_join(tried_again(period), ["cluster", "job_id"])
    rows = rows.select(
        "cluster", "job_id", "attempt_id", "state", "ended_at", "submitted_at",
        ordered_at=rows.submitted_at.coalesce(rows.started_at, rows.observed_at),
    )  # fmt: skip
    order = ibis.window(group_by=["cluster", "job_id"], order_by=["ordered_at", "attempt_id"])
    rows = rows.mutate(last_state=rows.state.lag().over(order), last_end=rows.ended_at.lag().over(order))
    pause = seconds(rows.last_end, rows.submitted_at)
    goes_on = rows.last_state.isin(TRIED_AGAIN) & (pause <= LONGEST_PAUSE_SECONDS)
    rows = rows.mutate(is_new=goes_on.fill_null(False).ifelse(0, 1))
    running = ibis.window(
        group_by=["cluster", "job_id"], order_by=["ordered_at", "attempt_id"], preceding=None, following=0
    )
    number = rows.is_new.sum().over(running).cast("int64").cast("string")
    key = rows.cluster.concat("/", rows.job_id, "/", number)
    return rows.select(tried_cluster="cluster", tried_attempt="attempt_id", job_key=key)


def with_job_key(rows: "ir.Table", period: Period) -> "ir.Table":
    """Adds `job_key`: equal for the attempts of one job, null for an attempt that is a job of its own."""
    tried = repeated(period)
    return rows.left_join(tried, [rows.cluster == tried.tried_cluster, rows.attempt_id == tried.tried_attempt])
