"""How long each reading of a cluster holds: to the next one, at most twice the usual step; the newest for one step.

One timeline a cluster, whoever read: a moment that two sources told is one reading, and between readings of several
sources the newest holds. A reading that failed is none.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

import ibis

from gpuledger.metrics.relation import MICRO, instant, length_us
from gpuledger.model.schema import unbound
from gpuledger.model.tables import SNAPSHOTS

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from gpuledger.metrics.bins import Bins
    from gpuledger.model.period import Period

SLACK = timedelta(days=2)
"""Readings this far around a period decide what holds at its edges: a step is at most a day."""
ROUND_US = 10 * MICRO
"""A step of a minute or more that was measured is told to ten seconds: a collector's stamps jitter."""


def told(table_name: str) -> "ir.Table":
    """The readings of a table that did not fail."""
    readings = unbound(SNAPSHOTS)
    tables = readings.told_tables
    is_told = tables.isnull() if table_name == "job_attempts" else ibis.literal(False)
    return readings.filter(
        readings.status != "failed", is_told | tables.contains(ibis.literal(table_name)).fill_null(False)
    )


def spans(period: "Period", table_name: str = "gpu_states") -> "ir.Table":
    """Readings that hold at some moment of the period: cluster, source, time, step_us, and [since_us, until_us) in it."""
    start = instant(period.naive[0])
    readings = _with_step(_readings(period, table_name))
    at = readings.time.delta(start, unit="microsecond")
    held = ibis.least(readings.spacing_us.fill_null(readings.step_us), 2 * readings.step_us)
    rows = readings.mutate(
        since_us=ibis.greatest(at, 0), until_us=ibis.least(at + held.cast("int64"), length_us(period))
    )
    # A lone reading of which no step is known holds for nobody knows how long: it covers nothing.
    rows = rows.filter(rows.step_us.notnull(), rows.until_us > rows.since_us)
    return rows.select("cluster", "source", "time", "step_us", "since_us", "until_us")


def _readings(period: "Period", table_name: str) -> "ir.Table":
    """One reading a moment, with the time to the next."""
    first, last = (instant(edge) for edge in (period.naive[0] - SLACK, period.naive[1] + SLACK))
    readings = told(table_name)
    readings = readings.filter(readings.time >= first, readings.time < last)
    once = readings.group_by(["cluster", "time"]).agg(
        source=readings.source.min(), named_us=readings.period_seconds.max() * MICRO
    )
    order = ibis.window(group_by="cluster", order_by="time")
    return once.mutate(spacing_us=once.time.lead().over(order).delta(once.time, unit="microsecond"))


def _with_step(readings: "ir.Table") -> "ir.Table":
    """Adds `step_us`: the step the source names, else the median spacing of the day, else of all days."""
    readings = readings.mutate(day=readings.time.strftime("%Y-%m-%d"))
    order = ibis.window(group_by=["cluster", "day"], order_by="time")
    within = readings.mutate(within_us=readings.time.lead().over(order).delta(readings.time, unit="microsecond"))
    of_day = within.group_by(["cluster", "day"]).agg(day_us=within.within_us.cast("float64").median())
    of_all = within.group_by("cluster").agg(all_us=within.within_us.cast("float64").median())
    of_day = of_day.select(day_cluster="cluster", of_day="day", day_us="day_us")
    of_all = of_all.select(all_cluster="cluster", all_us="all_us")
    rows = readings.left_join(of_day, [readings.cluster == of_day.day_cluster, readings.day == of_day.of_day])
    rows = rows.left_join(of_all, rows.cluster == of_all.all_cluster)
    measured = ibis.coalesce(rows.day_us, rows.all_us)
    rounded = (measured / ROUND_US).round().cast("float64") * ROUND_US
    usual = (measured >= 60 * MICRO).ifelse(rounded, measured)
    return rows.mutate(step_us=ibis.coalesce(rows.named_us, usual))


def cells(period: "Period", bins: "Bins | None" = None) -> "ir.Table":
    """The spans with `weight_us`, cut at the edges of the bins (`bin`)."""
    rows = spans(period)
    if bins is None:
        return rows.mutate(bin=ibis.literal(0, type="int64"), weight_us=rows.until_us - rows.since_us)
    first, last = bins.place(rows.since_us)[0], bins.place(rows.until_us - 1)[0]
    rows = rows.mutate(bin=ibis.range(first.cast("int64"), last.cast("int64") + 1).unnest())
    left, right = bins.edges_of(rows.bin)
    return rows.mutate(weight_us=ibis.least(rows.until_us, right) - ibis.greatest(rows.since_us, left))
