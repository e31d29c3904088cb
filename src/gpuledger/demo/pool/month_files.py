"""Readings as the month files a collector of the earlier system writes: a row for every slot and GPU."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gpuledger.demo.pool.life import Claim, Gpu, Reading

SCHEMA = pa.schema(
    [
        ("Name", pa.string()), ("AssignedGPUs", pa.string()), ("AvailableGPUs", pa.string()), ("State", pa.string()),
        ("GPUs_DeviceName", pa.string()), ("GPUs_GlobalMemoryMb", pa.int64()), ("PrioritizedProjects", pa.string()),
        ("Machine", pa.string()), ("RemoteOwner", pa.string()), ("GlobalJobId", pa.string()),
        ("PreventJobsReason", pa.string()), ("timestamp", pa.timestamp("us")),
    ]
)  # fmt: skip


def month_files(readings: Iterable[Reading], folder: Path) -> tuple[Path, ...]:
    """Writes gpu_state_YYYY-MM.parquet (UTC stamps without a zone) into the folder; the files in order."""
    writers: dict[Path, pq.ParquetWriter] = {}
    try:
        for path, rows in _chunks(readings, folder):
            if path not in writers:
                writers[path] = pq.ParquetWriter(path, SCHEMA, compression="zstd")
            writers[path].write_table(
                pa.Table.from_arrays([pa.array(c, f.type) for c, f in zip(rows, SCHEMA, strict=True)], schema=SCHEMA)
            )
    finally:
        for writer in writers.values():
            writer.close()
    return tuple(sorted(writers))


def _chunks(readings: Iterable[Reading], folder: Path) -> Iterator[tuple[Path, list[list[Any]]]]:
    """A day of readings at a time, as columns."""
    days: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for reading in readings:
        day = f"{reading.time:%Y-%m-%d}"
        if day not in days:
            yield from ((folder / f"gpu_state_{name[:7]}.parquet", _columns(rows)) for name, rows in days.items())
            days.clear()
        days[day] += _rows(reading)
    yield from ((folder / f"gpu_state_{name[:7]}.parquet", _columns(rows)) for name, rows in days.items())


def _columns(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _rows(reading: Reading) -> Iterator[tuple[Any, ...]]:
    """The partitionable slot lists all GPUs of its host, a claim is a slot of its own; lent GPUs are listed again."""
    stamp = reading.time.replace(tzinfo=None)
    for gpu in reading.gpus:
        host = gpu.host
        reason = reading.reasons.get(host.name)
        state = "Drained" if host.name in reading.drained else "Owner" if reason else "Unclaimed"
        kind = "interactive1" if host.is_interactive else "slot1"
        yield _row(gpu, kind, state, host.projects, None, reason, stamp)
        if gpu.primary:
            yield _row(gpu, f"{kind}_1", "Claimed", host.projects, gpu.primary, reason, stamp)
        elif host.lends and gpu.secondary:
            yield _row(gpu, "backfill2_1", "Claimed", "", gpu.secondary, reason, stamp)
        elif host.lends:
            yield _row(gpu, "backfill2", state, "", None, reason, stamp)


def _row(  # noqa: PLR0913 - one row of their layout
    gpu: Gpu, slot: str, state: str, projects: str, claim: Claim | None, reason: str | None, stamp: Any
) -> tuple[Any, ...]:
    host = gpu.host
    owner, job = (claim.user, claim.job) if claim else (None, None)
    return (
        f"{slot}@{host.name}", gpu.name, gpu.name, state, host.model, host.memory_mb, projects, host.name, owner, job, reason, stamp,
    )  # fmt: skip
