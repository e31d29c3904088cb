"""Attempts without an end that cannot be believed to be running still."""

from typing import TYPE_CHECKING

import ibis

from gpuledger.metrics.relation import MICRO, attempts_with, instant, watermarks, with_counted_end
from gpuledger.model.period import Period

if TYPE_CHECKING:
    import ibis.expr.types as ir

GRACE_SECONDS = 3600.0
"""Schedulers end a job some minutes after its limit."""

PAST_LIMIT = "past its time limit"
NOT_TOLD = "no longer told"
"""Later readings of the cluster do not tell of it (nothing reports it any more, or its source fell silent)."""


COLUMNS = ("cluster", "attempt_id", "job_id", "user_name", "account", "queue", "started_at", "time_limit_seconds",
           "observed_at", "gpu_count", "cpu_count")  # fmt: skip


def runaways(period: Period) -> "ir.Table":
    """Attempts that started before the period's end, have none themselves, and ran past their limit or vanished."""
    attempts = attempts_with(COLUMNS)
    start, end = (instant(moment) for moment in period.naive)
    still = attempts.filter(attempts.ended_at.isnull(), attempts.started_at < end)
    rows = with_counted_end(still, period)
    marks = watermarks()
    newest = marks.group_by("mark_cluster").agg(newest=marks.watermark.max()).rename(newest_cluster="mark_cluster")
    rows = rows.left_join(newest, [rows.cluster == newest.newest_cluster])
    told = rows.watermark.coalesce(rows.observed_at)
    limit_us = rows.started_us + ((rows.time_limit_seconds + GRACE_SECONDS) * MICRO).cast("int64")
    is_past = told.delta(start, unit="microsecond") > limit_us
    is_gone = (rows.newest > told) | rows.reported_by.isnull()
    rows = rows.mutate(reason=ibis.cases((is_past, PAST_LIMIT), (is_gone, NOT_TOLD), else_=ibis.null("string")))
    rows = rows.filter(rows.reason.notnull()).mutate(counted_seconds=(rows.counted_us - rows.started_us) / 1e6)
    return rows.select(*COLUMNS, "counted_seconds", "reason").order_by(
        [ibis.desc("gpu_count"), "cluster", "attempt_id"]
    )
