"""The attempts of a period: who held what inside it, and what was submitted, started or ended in it.

Moments are whole microseconds since the period's start (`*_us`), so that arithmetic is exact and the same on every
engine; nothing here reads a session's time zone.
"""

from typing import TYPE_CHECKING, Literal

import ibis

from gpuledger.model.period import Period
from gpuledger.model.schema import unbound
from gpuledger.model.tables import ATTEMPT_GPUS, JOB_ATTEMPTS, SNAPSHOTS

if TYPE_CHECKING:
    from collections.abc import Iterable

    import ibis.expr.types as ir

Moment = Literal["submitted", "started", "ended"]

MICRO = 1_000_000
NOTHING = 1e-9
"""A part of an attempt below this is what is left of rounding."""


def instant(moment: object) -> "ir.TimestampScalar":
    """A naive UTC moment as a literal."""
    return ibis.literal(moment, type="timestamp(6)")


def seconds(start: "ir.TimestampValue", end: "ir.TimestampValue") -> "ir.FloatingValue":
    """Elapsed seconds, exact to the microsecond on every engine."""
    return end.delta(start, unit="microsecond").cast("float64") / 1e6


def is_start_told(attempts: "ir.Table") -> "ir.BooleanValue":
    """False where an attempt ran before its source's window: its start is the window's edge, not its own."""
    return attempts.is_start_known.fill_null(True)


def wait(attempts: "ir.Table", since: "ir.TimestampValue") -> "ir.FloatingValue":
    """Seconds to the start; null where it is not told, or where a clock that was set back would make it negative."""
    lasted = seconds(since, attempts.started_at)
    return (is_start_told(attempts) & (lasted >= 0)).ifelse(lasted, ibis.null("float64"))


def run(attempts: "ir.Table") -> "ir.FloatingValue":
    """Seconds from start to end, null as for a wait."""
    lasted = seconds(attempts.started_at, attempts.ended_at)
    return (is_start_told(attempts) & (lasted >= 0)).ifelse(lasted, ibis.null("float64"))


def one(condition: "ir.BooleanValue") -> "ir.FloatingValue":
    """1 where the condition holds, else 0, as a double: a bare 1.0 is a DECIMAL to some engines."""
    return condition.ifelse(1, 0).cast("float64")


def length_us(period: Period) -> int:
    """The period's length in microseconds."""
    start, end = period.naive
    return round((end - start).total_seconds() * MICRO)


def watermarks() -> "ir.Table":
    """How far each source has told everything: one row per (cluster, source)."""
    told = unbound(SNAPSHOTS)
    told = told.filter(told.until.notnull(), told.status != "failed")
    marks = told.group_by(["cluster", "source"]).agg(watermark=told.until.max())
    return marks.select(mark_cluster=marks.cluster, mark_source=marks.source, watermark=marks.watermark)


def with_counted_end(attempts: "ir.Table", period: Period) -> "ir.Table":
    """Adds `started_us`, `counted_us`: an open attempt counts to its source's watermark, at most to its time limit."""
    joined, started, counted = _counted(attempts, period)
    return joined.mutate(started_us=started, counted_us=counted)


def _counted(attempts: "ir.Table", period: Period) -> "tuple[ir.Table, ir.IntegerValue, ir.IntegerValue]":
    """The attempts beside their source's watermark; when each started, and to when it counts."""
    marks = watermarks()
    joined = attempts.left_join(
        marks, [attempts.cluster == marks.mark_cluster, attempts.reported_by == marks.mark_source]
    )
    start = instant(period.naive[0])
    started = joined.started_at.delta(start, unit="microsecond")
    told = joined.watermark.coalesce(joined.observed_at, joined.started_at).delta(start, unit="microsecond")
    limit = started + (joined.time_limit_seconds * MICRO).cast("int64")
    counted = ibis.coalesce(joined.ended_at.delta(start, unit="microsecond"), ibis.least(told, limit.fill_null(told)))
    return joined, started, counted


CORE = ("cluster", "attempt_id", "reported_by", "observed_at", "started_at", "ended_at", "time_limit_seconds")
"""Columns that decide whether and how long an attempt counts."""


def attempts_with(columns: "Iterable[str]") -> "ir.Table":
    """The attempts, with the core columns and these: narrow, so that a question's SQL stays short."""
    return unbound(JOB_ATTEMPTS).select(*dict.fromkeys([*CORE, *columns]))


def not_over_before(attempts: "ir.Table", period: Period) -> "ir.Table":
    """Attempts that have not ended before the period: a condition on one column, so that engines skip old files."""
    return attempts.filter(attempts.ended_at.isnull() | (attempts.ended_at >= instant(period.naive[0])))


def held(period: Period, columns: "Iterable[str]" = ()) -> "ir.Table":
    """Attempts that held resources at some moment of the period, clipped to it: `since_us`, `until_us`.

    An attempt that began and ended in one instant of the period is there, with no time.
    """
    attempts = attempts_with(columns)
    _, end = (instant(moment) for moment in period.naive)
    rows, started, counted = _counted(not_over_before(attempts.filter(attempts.started_at < end), period), period)
    since = ibis.greatest(started, 0)
    until = ibis.greatest(ibis.least(counted, length_us(period)), since)
    # Together, so that whatever is asked of these rows shares them: Ibis would repeat a step of its own in every question.
    rows = rows.mutate(started_us=started, since_us=since, until_us=until)
    return rows.filter((rows.until_us > rows.since_us) | (rows.started_us >= 0))


def placed(moment: Moment, period: Period, columns: "Iterable[str]" = ()) -> "ir.Table":
    """Attempts whose moment lies in the period, whole: `at_us`."""
    attempts = attempts_with([f"{moment}_at", *columns])
    start, end = (instant(edge) for edge in period.naive)
    at = attempts[f"{moment}_at"]
    rows = attempts.filter(at >= start, at < end)
    return rows.mutate(at_us=rows[f"{moment}_at"].delta(start, unit="microsecond"))


def split_by_model(rows: "ir.Table") -> "ir.Table":
    """An attempt with rows in `attempt_gpus` becomes one row per model, `weight` its part of the GPUs.

    GPUs those rows do not name stay under the attempt's own model. Weights of an attempt add up to 1.
    """
    gpus = unbound(ATTEMPT_GPUS)
    parts = gpus.group_by(["cluster", "attempt_id", "gpu_model"]).agg(part=gpus.share_ratio.fill_null(1).sum())
    named = parts.group_by(["cluster", "attempt_id"]).agg(named=parts.part.sum())
    named = named.select(named_cluster="cluster", named_attempt="attempt_id", named="named")
    rows = rows.left_join(named, [rows.cluster == named.named_cluster, rows.attempt_id == named.named_attempt])
    rows = rows.mutate(all_gpus=ibis.greatest(rows.gpu_count.fill_null(rows.named), rows.named))
    rest = rows.mutate(weight=1 - (rows.named / rows.all_gpus).fill_null(0))
    rest = rest.filter(rest.weight > NOTHING)
    parts = parts.select(part_cluster="cluster", part_attempt="attempt_id", part_model="gpu_model", part="part")
    typed = rows.inner_join(parts, [rows.cluster == parts.part_cluster, rows.attempt_id == parts.part_attempt])
    typed = typed.mutate(gpu_model=typed.part_model, weight=typed.part / typed.all_gpus)
    return rest.union(typed.select(*rest.columns))


def weighted(rows: "ir.Table", chosen: "ir.Table") -> "ir.Table":
    """Attempts once each, `weight` the sum of their chosen parts; those without one are left out."""
    weights = chosen.group_by(["cluster", "attempt_id"]).agg(weight=chosen.weight.sum())
    weights = weights.select(weight_cluster="cluster", weight_attempt="attempt_id", weight="weight")
    return rows.inner_join(weights, [rows.cluster == weights.weight_cluster, rows.attempt_id == weights.weight_attempt])
