"""The whole usage report of a month of a million jobs as HTML, by command, against a bare scan of every column it needs."""

from pathlib import Path

from benchmarks.case import Action, Case, Goal, megabytes, seconds
from benchmarks.lakes import fill
from benchmarks.typed import duckdb_rows, typed

JOBS = 1_000_000
COLUMNS = [
    "user_name",
    "account",
    "queue",
    "gpu_model",
    "state",
    "submitted_at",
    "eligible_at",
    "started_at",
    "ended_at",
    "gpu_count",
    "cpu_count",
    "memory_bytes",
    "gpu_busy_ratio",
]


def make(folder: Path, is_quick: bool) -> None:
    fill(folder / "ledger", 1, JOBS // 10 if is_quick else JOBS)


def ours(data: Path, scratch: Path) -> Action:
    def report() -> int:
        typed(
            "--ledger",
            data / "ledger",
            "report",
            "usage",
            "--month",
            "2026-05",
            "--format",
            "html",
            "--out",
            scratch / "out",
        )
        if not list((scratch / "out").glob("*.html")):
            raise SystemExit("the report wrote no HTML")
        return 0

    return report


def limit(data: Path, _: Path) -> Action:
    columns = ", ".join(f"max({name})" for name in COLUMNS)
    return lambda: duckdb_rows(f"SELECT {columns} FROM read_parquet('{data}/ledger/job_attempts/*/*/*.parquet')")


CASE = Case(
    "usage_report",
    "gpuledger report usage --format html, a month of 1 M jobs",
    "DuckDB scans every column it needs",
    make,
    ours,
    limit,
    (Goal("s", seconds, "<", 5), Goal("MB", megabytes, "<", 1000)),
)
