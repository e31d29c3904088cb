"""Ledgers of a given size, built through the store's own door; and copies of them that cost nothing."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gpuledger import plugins

NOW = datetime(2026, 6, 1, tzinfo=UTC)
"""The present of every benchmark: the newest month is May 2026."""

CHUNK = 500_000


def lake(folder: Path) -> Any:
    """The default store on a folder."""
    return plugins.load("stores", "lake")(folder)


def fill(folder: Path, month_count: int, per_month: int) -> None:
    """A ledger of `month_count` months of `per_month` attempts each, as a site's daily maintenance leaves it."""
    from benchmarks.attempts import month, months
    from gpuledger.model.batch import Batch
    from gpuledger.model.tables import JOB_ATTEMPTS

    store = lake(folder)
    for number, start in enumerate(months(month_count, datetime(2026, 5, 1, tzinfo=UTC)), start=1):
        rows = month(start, per_month, seed=number)
        for offset in range(0, len(rows), CHUNK):
            store.upsert(Batch(JOB_ATTEMPTS, rows.slice(offset, CHUNK)), f"fill-{number}-{offset}")
    store.compact(NOW)
    store.close()


def copied(folder: Path, target: Path) -> Path:
    """A ledger of its own that shares the data files: Parquet files are never changed, only added and removed."""
    return Path(
        shutil.copytree(
            folder, target, copy_function=lambda a, b: os.link(a, b) if a.endswith(".parquet") else shutil.copy2(a, b)
        )
    )


def commits(ledger: Path, table: str = "job_attempts") -> int:
    """Commits in a table's log."""
    return sum(path.suffix == ".json" for path in (ledger / table / "_delta_log").iterdir())
