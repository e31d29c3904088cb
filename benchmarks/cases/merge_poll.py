"""A collector's poll of 1,500 rows into ten million attempts: a fifth ended since, a fifth new, the rest as before."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.attempts import CLUSTER, month
from benchmarks.case import Action, Case, Goal, megabytes, seconds
from benchmarks.lakes import NOW, copied, fill, lake
from benchmarks.typed import duckdb_rows
from gpuledger.model.batch import Batch
from gpuledger.model.tables import JOB_ATTEMPTS

POLL = 1_500
SEED = 99


def make(folder: Path, is_quick: bool) -> None:
    """24 months, then a poll that leaves 1,200 attempts running."""
    fill(folder / "ledger", 24, 41_700 if is_quick else 417_000)
    store = lake(folder / "ledger")
    store.upsert(Batch(JOB_ATTEMPTS, running(polled().slice(0, 1200))), "poll-1")
    store.close()


def polled() -> pa.Table:
    """1,500 attempts of the newest days, ended."""
    return month(NOW - timedelta(days=3), POLL, SEED, days=2)


def running(rows: pa.Table) -> pa.Table:
    """The same attempts while they run."""
    for name in ("ended_at", "used_cpu_seconds", "gpu_busy_ratio", "usage_observed_at", "exit_code"):
        rows = rows.set_column(rows.column_names.index(name), name, pa.nulls(len(rows), rows[name].type))
    rows = rows.set_column(rows.column_names.index("state"), "state", pa.repeat("running", len(rows)))
    return rows.set_column(rows.column_names.index("observed_at"), "observed_at", rows["started_at"])


def ours(data: Path, scratch: Path) -> Action:
    store = lake(copied(data / "ledger", scratch / "ledger"))
    rows = polled()
    poll = pa.concat_tables([rows.slice(0, 300), running(rows.slice(300, 900)), rows.slice(1200)])
    store.version(JOB_ATTEMPTS)

    def merge() -> int:
        written = store.upsert(Batch(JOB_ATTEMPTS, poll), "poll-2")
        if (written.inserted, written.updated, written.unchanged) != (300, 300, 900):
            raise SystemExit(f"the poll was merged wrong: {written}")
        return POLL

    return merge


def limit(data: Path, _: Path) -> Action:
    newest = f"{data}/ledger/job_attempts/cluster={CLUSTER}/partition_month=2026-05/*.parquet"
    keys = ", ".join(f"'{key}'" for key in pc.unique(polled()["attempt_id"]).to_pylist())
    sql = f"SELECT attempt_id, row_hash, usage_hash FROM read_parquet('{newest}') WHERE attempt_id IN ({keys})"
    return lambda: duckdb_rows(sql)


CASE = Case(
    "merge_poll",
    "a poll of 1,500 rows (300 ended, 300 new, 900 as before) into 10 M attempts",
    "DuckDB finds the stored keys and hashes in the newest month",
    make,
    ours,
    limit,
    (Goal("s", seconds, "<", 0.5), Goal("MB", megabytes, "<", 700)),
    data="ten_million",
)
