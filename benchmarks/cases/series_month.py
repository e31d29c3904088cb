"""GPUs in use by hour and user over 30 days of 300,000 jobs, against a bare scan of the same columns."""

from datetime import UTC, datetime
from pathlib import Path

from benchmarks.case import Action, Case, Goal, ratio, seconds
from benchmarks.lakes import NOW, fill, lake
from benchmarks.typed import duckdb_rows
from gpuledger.model.period import Period
from gpuledger.model.tables import JOB_ATTEMPTS

JOBS = 300_000
PERIOD = Period(datetime(2026, 5, 2, tzinfo=UTC), NOW)


def make(folder: Path, is_quick: bool) -> None:
    fill(folder / "ledger", 1, JOBS // 10 if is_quick else JOBS)


def ours(data: Path, _: Path) -> Action:
    from gpuledger.metrics.ask import StoreAsk

    store = lake(data / "ledger")
    store.version(JOB_ATTEMPTS)
    asked = StoreAsk(store, PERIOD, NOW, "UTC")
    asked.series("gpu_hours", 3600, by="user")
    return lambda: asked.series("gpu_hours", 3600, by="user").means.size


def limit(data: Path, _: Path) -> Action:
    files = f"{data}/ledger/job_attempts/*/*/*.parquet"
    sql = f"SELECT user_name, sum(gpu_count), min(started_at), max(ended_at) FROM read_parquet('{files}') GROUP BY ALL"
    duckdb_rows(sql)
    return lambda: duckdb_rows(sql)


CASE = Case(
    "series_month",
    "hourly GPUs in use by user, 30 days of 300 k jobs",
    "DuckDB scans the same columns",
    make,
    ours,
    limit,
    (Goal("s", seconds, "<", 0.3), Goal("of the bare scan", ratio, "<", 3)),
    rounds=5,
)
