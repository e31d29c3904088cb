"""Tables on disk: made with the configuration that holds, and commits that survive a power cut."""

import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote

import deltalake
from deltalake import ColumnProperties, CommitProperties, DeltaTable, Transaction, WriterProperties
from deltalake.exceptions import CommitFailedError

from gpuledger.model.durable import sync
from gpuledger.model.errors import Busy
from gpuledger.model.schema import arrow_schema
from gpuledger.model.tables import JOB_ATTEMPTS, Table

T = TypeVar("T")
TRIES = 8
DISTINCT = (
    "job_id", "attempt_id", "submitted_at", "eligible_at", "started_at", "ended_at", "observed_at", "usage_observed_at",
    "priority", "row_hash", "usage_hash",
)  # fmt: skip
"""Columns with a value of its own in almost every row: a dictionary of them costs time and space."""
WRITER = WriterProperties(
    compression="ZSTD", column_properties=dict.fromkeys(DISTINCT, ColumnProperties(dictionary_enabled=False))
)
TIMES = frozenset(("submitted_at", "eligible_at", "started_at", "ended_at"))
"""Instants beside the key that files are pruned by."""


def statistics_columns(table: Table) -> tuple[str, ...]:
    """Columns whose smallest and largest value each file tells: the log keeps 32 by default, the wrong ones."""
    return tuple(name for name in table.column_names if name in TIMES or name in table.key or name == table.order)


def configuration(table: Table) -> dict[str, str | None]:
    """Fixed at creation; why: `docs/adr/0001-delta-lake-and-duckdb.md`."""
    days = 1 if table.is_polled else 7
    return {
        "delta.checkpointInterval": "50",
        "delta.dataSkippingStatsColumns": ",".join(statistics_columns(table)),
        "delta.logRetentionDuration": f"interval {days} days",
        "delta.enableExpiredLogCleanup": "true",
        "delta.deletedFileRetentionDuration": "interval 1 days",
        **({"delta.targetFileSize": "4194304"} if table is JOB_ATTEMPTS else {}),
    }


def create(uri: str, table: Table, storage_options: dict[str, str] | None) -> DeltaTable:
    """The table, made if it is not there (two processes may try at once)."""
    return DeltaTable.create(
        uri,
        schema=deltalake.Schema.from_arrow(arrow_schema(table)),
        mode="ignore",
        partition_by=list(table.partition),
        configuration=configuration(table),
        storage_options=storage_options,
        commit_properties=CommitProperties(max_commit_retries=0),
    )


def add_new_columns(delta: DeltaTable, table: Table) -> None:
    """Adds the columns that the canonical table gained since this ledger was made."""
    held = {field.name for field in delta.schema().fields}
    wanted = deltalake.Schema.from_arrow(arrow_schema(table)).fields
    if missing := [field for field in wanted if field.name not in held]:
        delta.alter.add_columns(missing)


def properties(ingest_id: str, stream: tuple[str, int] | None = None) -> CommitProperties:
    """Every commit names its ingest, so that `check` knows whose commit is gone.

    No retry inside the library: what is there must be read again before rows are added.
    """
    transactions = [Transaction(*stream)] if stream else None
    return CommitProperties(
        custom_metadata={"ingest_id": ingest_id}, max_commit_retries=0, app_transactions=transactions
    )


def retried(write: Callable[[], T], place: str) -> T:
    """Runs `write` again, from its reading on, while others commit before it. Raises Busy after eight tries."""
    for attempt in range(TRIES):
        try:
            return write()
        except CommitFailedError:
            time.sleep(random.uniform(0, 0.05 * 2**attempt))
    raise Busy(f"Other processes kept changing {place}; try again later.")


def make_durable(folder: Path, version: int) -> None:
    """fsyncs what one commit added: files, folders, log, checkpoint. The library does none of it."""
    log = folder / "_delta_log"
    files = {log / f"{version:020d}.json", log / "_last_checkpoint", *log.glob(f"{version:020d}.checkpoint*")}
    files |= {folder / path for path in added(log / f"{version:020d}.json")}
    for path in sorted(files | {parent for file in files for parent in (file.parent, file.parent.parent)}):
        if path.exists():
            sync(path)


def added(log_file: Path) -> Iterator[str]:
    """Paths of the files that a commit added, as they are on disk."""
    for action in actions(log_file):
        if add := action.get("add"):
            yield unquote(add["path"])


def actions(log_file: Path) -> Iterator[dict[str, dict[str, str]]]:
    """The lines of a log file. Raises ValueError where one is cut."""
    with log_file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)
