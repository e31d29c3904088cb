"""Keeping the lake small and quick: fewer, larger files; no dead ones."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.model.tables import Table
from gpuledger.store import TableInfo
from gpuledger.store._commit import WRITER, properties, retried
from gpuledger.store._shelf import Shelf
from gpuledger.store._snapshot import Snapshot

GRACE = timedelta(hours=24)
"""Younger files may belong to a commit under way, or to a reader that holds an older version."""
RETENTION_HOURS = 24
LARGE_BYTES = 32 << 20
OPEN_TARGET_BYTES = 4 << 20
CROWD = 16
"""Small files an open partition may have before they are put together."""


def size(snapshot: Snapshot) -> TableInfo:
    """What the statistics in the log tell; nothing is read."""
    adds, order = snapshot.adds, snapshot.table.order
    ends = [pc.min(adds[f"min.{order}"]).as_py(), pc.max(adds[f"max.{order}"]).as_py()]
    return TableInfo(
        snapshot.table.name, _sum(adds["num_records"]), adds.num_rows, _sum(adds["size_bytes"]), snapshot.version, *ends
    )


def _sum(column: pa.ChunkedArray) -> int:
    return int(pc.sum(column).as_py() or 0)


def compact(shelf: Shelf, table: Table, now: datetime) -> int:
    """Puts together what is closed, and crowds of small files; returns the number of files taken away."""
    plan = _plan(shelf.fresh(table), now)
    return sum(retried(lambda todo=todo: _compacted(shelf, table, *todo), shelf.place(table)) for todo in plan)  # type: ignore[misc]


def _compacted(shelf: Shelf, table: Table, target: int, names: list[str]) -> int:
    where = [(table.partition[-1], "in", names)] if table.partition else None
    with shelf.changing(table) as snapshot:
        done = snapshot.delta.optimize.compact(
            where, target_size=target, writer_properties=WRITER, commit_properties=properties("")
        )
    return int(done["numFilesRemoved"]) - int(done["numFilesAdded"])


def _plan(snapshot: Snapshot | None, now: datetime) -> list[tuple[int, list[str]]]:
    """(target size, partitions) of each compaction that is worth its commit."""
    if snapshot is None:
        return []
    plan: dict[int, list[str]] = {}
    for name, sizes in _by_partition(snapshot).items():
        closed = _is_closed(snapshot.table, name, now)
        target = LARGE_BYTES if closed or not snapshot.table.partition else OPEN_TARGET_BYTES
        small = [size for size in sizes if size < target / 2]
        if len(small) > (1 if closed else CROWD):
            plan.setdefault(target, []).append(name)
    return sorted(plan.items())


def _by_partition(snapshot: Snapshot) -> dict[str, list[int]]:
    """Sizes of the files of each day or month (the fullest cluster's)."""
    names = [f"partition.{name}" for name in snapshot.table.partition]
    found: dict[tuple[str, ...], list[int]] = {}
    for row in snapshot.adds.select([*names, "size_bytes"]).to_pylist():
        found.setdefault(tuple(str(row[name]) for name in names), []).append(row["size_bytes"])
    fullest: dict[str, list[int]] = {}
    for key, sizes in found.items():
        fullest[key[-1] if key else ""] = max(sizes, fullest.get(key[-1] if key else "", []), key=len)
    return fullest


def _is_closed(table: Table, name: str, now: datetime) -> bool:
    """A day that is over; a month that ended two months ago; rows of no known month."""
    today = now.astimezone(UTC)
    if "partition_day" in table.partition:
        return name < f"{today:%Y-%m-%d}"
    number = today.year * 12 + today.month - 1 - 2
    return bool(table.partition) and name < f"{number // 12:04d}-{number % 12 + 1:02d}"


def vacuum(shelf: Shelf, table: Table, now: datetime) -> int:
    """Deletes files that left the table a day ago or earlier, expired logs and left-over staging files.

    Never `full`: that would delete what a writer elsewhere has written and not yet committed.
    """
    snapshot = shelf.fresh(table)
    if snapshot is None:
        return 0
    gone = retried(lambda: _vacuumed(shelf, table), shelf.place(table))
    old = [path for path in staging_files(snapshot.folder) if is_older(path, now - GRACE)]
    for path in old:
        path.unlink(missing_ok=True)
    return gone + len(old)


def _vacuumed(shelf: Shelf, table: Table) -> int:
    """A commit only where there is something to delete."""
    with shelf.changing(table) as held:
        clean = partial(held.delta.vacuum, RETENTION_HOURS, enforce_retention_duration=False)
        return len(clean(dry_run=False, commit_properties=properties(""))) if clean(dry_run=True) else 0


def staging_files(folder: Path | None) -> list[Path]:
    """Half-made commits of killed writers (`NNN.json#1`): no vacuum of the library sees them."""
    return sorted((folder / "_delta_log").glob("*#*")) if folder else []


def is_older(path: Path, moment: datetime) -> bool:
    return path.stat().st_mtime < moment.timestamp()


def describe(value: Any) -> str:
    """An instant for a sentence."""
    return f"{value:%Y-%m-%d %H:%M}Z" if isinstance(value, datetime) else str(value)
