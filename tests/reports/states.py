"""Small pools whose every number can be counted by hand: each reading holds for one hour."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from gpuledger.metrics.ask import StoreAsk
from gpuledger.model.batch import Batch
from gpuledger.model.capacity import Capacity
from gpuledger.model.document import Document, Note
from gpuledger.model.period import Period
from gpuledger.model.tables import GPU_STATES, SNAPSHOTS
from gpuledger.reports.pool import PoolParameters, build
from gpuledger.store.lake import Lake

START = datetime(2026, 6, 15, tzinfo=UTC)  # a Monday
HOUR = timedelta(hours=1)
Row = dict[str, Any]
OPEN = {"owner_projects": ""}
CLAIMED = {"occupancy": "claimed", "primary_user": "ada"}
LENT = {"backfill_occupancy": "claimed", "backfill_user": "bob"}
OUT = {"admin_state": "drained"}


def gpu(host: str, name: str, hours: Iterable[int], **said: Any) -> list[Row]:
    """A free H200 of project P at the readings of these hours, unless said otherwise."""
    plain = {
        "cluster": "c", "source": "gpu-state", "host": host, "gpu": name, "owner_projects": "P", "occupancy": "unclaimed",
        "admin_state": "none", "is_interactive": False, "prevented_reason": "", "gpu_model": "NVIDIA H200",
        "gpu_memory_bytes": 140 * 2.0**30,
    }  # fmt: skip
    return [plain | said | {"time": START + hour * HOUR} for hour in hours]


def pool(root: Path, states: Iterable[Row], readings: Iterable[int] | None = None) -> Lake:
    """A ledger of those states; there was a reading wherever one is, or at these hours."""
    store, held = Lake(root), list(states)
    times = {(row["cluster"], row["time"]) for row in held} | {("c", START + hour * HOUR) for hour in readings or ()}
    told = [
        {"cluster": cluster, "source": "gpu-state", "time": time, "status": "complete", "period_seconds": 3600.0, "told_tables": ["gpu_states"]}
        for cluster, time in sorted(times)
    ]  # fmt: skip
    for one, of in ((GPU_STATES, held), (SNAPSHOTS, told)):
        names = dict.fromkeys(name for row in of for name in row)
        columns = {name: [row.get(name) for row in of] for name in names}
        if one is GPU_STATES:
            columns["partition_day"] = [row["time"].strftime("%Y-%m-%d") for row in of]
        store.append(Batch(one, pa.table(columns)), "test")
    return store


def report(
    store: Lake, hours: int = 4, capacity: Capacity | None = None, now: datetime | None = None, period: Period | None = None, **chosen: Any
) -> Document:  # fmt: skip
    end = START + hours * HOUR
    period = period or Period(START, end)
    ask = StoreAsk(store, period, now or end, period.zone, (), capacity or Capacity())
    return build(ask, PoolParameters(**chosen))


def notes(document: Document, rule: str) -> list[Note]:
    return [block for block in document.blocks if isinstance(block, Note) and block.rule == rule]
