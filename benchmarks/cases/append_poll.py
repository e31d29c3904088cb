"""One poll of every GPU appended to a year of polls, against writing and syncing the same rows as one Parquet file."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.attempts import CLUSTER, MICRO
from benchmarks.case import Action, Case, Goal, seconds
from benchmarks.lakes import copied, lake
from gpuledger.model.batch import Batch
from gpuledger.model.tables import GPU_STATES

GPUS = 400
NEWEST = datetime(2026, 5, 31, tzinfo=UTC)
STEP = timedelta(minutes=10)


def polls(start: datetime, count: int) -> pa.Table:
    """`count` polls of every GPU from `start`, one each step."""
    rows = count * GPUS
    draw = np.random.default_rng(int(start.timestamp()))
    gpu = np.tile(np.arange(GPUS), count)
    times = int(start.timestamp()) + np.repeat(np.arange(count), GPUS) * int(STEP.total_seconds())
    claimed = draw.random(rows) < 0.8
    return pa.table({
        "cluster": pa.repeat(CLUSTER, rows), "source": pa.repeat("pool", rows), "partition_day": pa.repeat(f"{start:%Y-%m-%d}", rows),
        "time": pa.array(times * MICRO, pa.timestamp("us", tz="UTC")), "host": np.char.mod("node%03d", gpu // 8),
        "gpu": np.char.mod("index:%d", gpu % 8), "occupancy": np.where(claimed, "claimed", "unclaimed"),
        "primary_user": pa.array(np.char.mod("user%03d", draw.integers(0, 200, rows)), mask=~claimed),
        "gpu_model": pa.repeat("A100-40GB", rows),
    })  # fmt: skip


def make(folder: Path, is_quick: bool) -> None:
    """A year as `collect` leaves it: closed days compacted, today's polls one by one."""
    store = lake(folder)
    days = 36 if is_quick else 365
    for day in range(days, 0, -1):
        store.append(Batch(GPU_STATES, polls(NEWEST - timedelta(days=day), 144)), f"day-{day}")
        if day % 30 == 0:
            store.compact(NEWEST - timedelta(days=day - 1))
    for poll in range(72):
        store.append(Batch(GPU_STATES, polls(NEWEST + poll * STEP, 1)), f"poll-{poll}")
    store.close()


def ours(data: Path, scratch: Path) -> Action:
    store = lake(copied(data, scratch / "ledger"))
    store.append(Batch(GPU_STATES, polls(NEWEST + 72 * STEP, 1)), "warm")
    rows = polls(NEWEST + 73 * STEP, 1)
    return lambda: store.append(Batch(GPU_STATES, rows), "poll").inserted


def limit(_: Path, scratch: Path) -> Action:
    rows = polls(NEWEST, 1)
    pq.write_table(rows, scratch / "warm.parquet")

    def write() -> int:
        with (scratch / "poll.parquet").open("wb") as file:
            pq.write_table(rows, file)
            file.flush()
            os.fsync(file.fileno())
        return GPUS

    return write


CASE = Case(
    "append_poll",
    "a poll of 400 GPUs appended to a year of polls every 10 min (21 M rows)",
    "the same rows written and synced as one Parquet file",
    make,
    ours,
    limit,
    (Goal("s", seconds, "<", 0.040),),
    rounds=5,
)
