"""Small pools built from rows, for the reports beside `pool` to be made of."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from gpuledger.metrics import Filter
from gpuledger.metrics.ask import StoreAsk
from gpuledger.model.batch import Batch
from gpuledger.model.capacity import Capacity
from gpuledger.model.document import Document
from gpuledger.model.period import Period
from gpuledger.model.tables import GPU_STATES, PENDING, SNAPSHOTS
from gpuledger.plugins import load
from gpuledger.store.lake import Lake

START = datetime(2026, 5, 1, tzinfo=UTC)
END = START + timedelta(hours=1)
HOUR = Period(START, END)
TEN = timedelta(minutes=10)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def state(minute: float, host: str = "lab1", gpu: str = "GPU-00000001", **said: Any) -> dict[str, Any]:
    """One idle GPU of project P at one reading, unless said otherwise."""
    return {
        "cluster": "pool", "source": "poll", "time": at(minute), "host": host, "gpu": gpu, "owner_projects": "P",
        "occupancy": "unclaimed", "admin_state": "none", "gpu_model": "NVIDIA H200", "is_interactive": False,
        "partition_day": "2026-05-01",
    } | said  # fmt: skip


def taken(minute: float, user: str = "ada@x", job: str = "1", **said: Any) -> dict[str, Any]:
    """The same with a primary job."""
    return state(minute, **{"occupancy": "claimed", "primary_user": user, "primary_job_id": job} | said)


def lent(minute: float, user: str = "bob@x", job: str = "2", **said: Any) -> dict[str, Any]:
    """The same with a secondary job."""
    return state(minute, **{"backfill_occupancy": "claimed", "backfill_user": user, "backfill_job_id": job} | said)


def wait(number: int, first: float, last: float, **said: Any) -> dict[str, Any]:
    """A job of ada's, of project P, that asks for two GPUs."""
    return {
        "cluster": "pool", "pending_id": str(number), "job_id": str(number), "user_name": "ada", "account": "P",
        "submitted_at": at(first), "first_seen_at": at(first), "last_seen_at": at(last), "task_count": 1.0,
        "requested_gpu_count": 2.0,
    } | said  # fmt: skip


def pool(
    root: Path,
    states: Iterable[Mapping[str, Any]] = (),
    waits: Iterable[Mapping[str, Any]] = (),
    polls: Iterable[float] = (),
    told: tuple[str, ...] = ("gpu_states",),
) -> Lake:
    """A ledger with a reading at every moment of the states, and at `polls`, that told these tables."""
    store, rows = Lake(root), list(states)
    moments = {row["time"]: row["cluster"] for row in rows} | {at(minute): "pool" for minute in polls}
    snapshots = [
        {"cluster": cluster, "source": "poll", "time": time, "status": "complete", "period_seconds": 600.0, "told_tables": list(told)}
        for time, cluster in sorted(moments.items())
    ]  # fmt: skip
    for table, held in ((GPU_STATES, rows), (SNAPSHOTS, snapshots)):
        if held:
            names = dict.fromkeys(name for row in held for name in row)
            store.append(Batch(table, pa.table({name: [row.get(name) for row in held] for name in names})), "test")
    if jobs := list(waits):
        names = dict.fromkeys(name for row in jobs for name in row)
        store.upsert(Batch(PENDING, pa.table({name: [row.get(name) for row in jobs] for name in names})), "test")
    return store


def document(
    name: str,
    store: Lake,
    period: Period = HOUR,
    now: datetime = END,
    where: tuple[Filter, ...] = (),
    capacity: Capacity | None = None,
    **chosen: Any,
) -> Document:
    declared = load("reports", name)
    ask = StoreAsk(store, period, now, period.zone, where, capacity or Capacity())
    made: Document = declared.build(ask, declared.parameters(**chosen))
    return made
