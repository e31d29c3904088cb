"""The state of the pool at one moment: which reading tells it, and what it told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gpuledger.metrics.relation import instant
from gpuledger.metrics.states.dimensions import column_of
from gpuledger.metrics.states.metrics import TABLE
from gpuledger.metrics.states.timeline import spans, told
from gpuledger.model.period import Period

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    from gpuledger.metrics import Ask, Filter
    from gpuledger.metrics.states.ask import StateAsk

TICK = timedelta(microseconds=1)
FARTHEST = timedelta(days=1)
"""A reading farther away says nothing of the moment."""


@dataclass(frozen=True)
class Reading:
    """The reading of one cluster that tells of a moment."""

    cluster: str
    source: str
    time: datetime


def told_of(ask: "Ask", at: datetime) -> datetime | None:
    """The moment itself where a reading holds then, else that of the nearest reading; None where none is near."""
    if readings(ask, at):
        return at
    within = Period(at - FARTHEST, at + FARTHEST)
    start, end = (instant(edge) for edge in within.naive)
    known = told(TABLE)
    known = known.filter(known.time >= start, known.time < end)
    times = [row["time"].replace(tzinfo=UTC) for row in ask.rows(known.select("time"), within).to_pylist()]
    return min(times, key=lambda time: abs(time - at), default=None)


def readings(ask: "Ask", at: datetime) -> tuple[Reading, ...]:
    """The readings that hold at the moment, at most one of a cluster."""
    found = ask.rows(spans(Period(at, at + TICK)), Period(at - 2 * FARTHEST, at + TICK)).to_pylist()
    held = (Reading(row["cluster"], row["source"], row["time"].replace(tzinfo=UTC)) for row in found)
    return tuple(sorted(held, key=lambda reading: reading.cluster))


_TOLD = (
    "cluster", "host", "gpu", "gpu_model", "part", "is_draining", "owner_projects", "primary_user", "primary_job_id",
    "backfill_user", "backfill_job_id", "prevented_reason",
)  # fmt: skip


def states_at(states: "StateAsk", where: Sequence["Filter"] = ()) -> "pa.Table":
    """Each GPU at the one moment that the ask's period is: its part, its jobs, its class."""
    question = states.question((), where)
    rows = question.moments()
    kind = column_of(rows, states.around.dimensions["class"], states.sorting)
    found: ir.Table = rows.select(*_TOLD, **{"class": kind})
    return states.fetch(found)
