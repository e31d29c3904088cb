"""The whole rolling page of 30 days of 300,000 jobs, by command, against a bare scan of the columns it needs."""

from pathlib import Path

from benchmarks.case import Action, Case, Goal, megabytes, seconds
from benchmarks.cases import series_month
from benchmarks.lakes import NOW
from benchmarks.typed import duckdb_rows, typed

BIN = "1h"
COLUMNS = (
    "user_name", "account", "queue", "qos", "gpu_model", "state", "submitted_at", "started_at", "ended_at", "gpu_count",
    "cpu_count", "memory_bytes", "gpu_busy_ratio", "used_cpu_seconds",
)  # fmt: skip


def ours(data: Path, scratch: Path) -> Action:
    return lambda: made(data, scratch, BIN, "html")


def made(data: Path, scratch: Path, width: str, form: str) -> int:
    """Bytes of the report in this form."""
    span = ("--last", "30d", "--to", f"{NOW:%Y-%m-%dT%H:%MZ}", "--bin", width)
    typed("--ledger", data / "ledger", "report", "rolling", *span, "--format", form, "--out", scratch / "out")
    return sum(path.stat().st_size for path in (scratch / "out").glob(f"*.{form}"))


def limit(data: Path, _: Path) -> Action:
    columns = ", ".join(f"max({name})" for name in COLUMNS)
    return lambda: duckdb_rows(f"SELECT {columns} FROM read_parquet('{data}/ledger/job_attempts/*/*/*.parquet')")


CASE = Case(
    "rolling_report",
    "gpuledger report rolling --format html, 30 days of 300 k jobs in bins of an hour (rows: bytes of the page)",
    "DuckDB scans every column it needs",
    series_month.make,
    ours,
    limit,
    (Goal("s", seconds, "<", 3), Goal("MB", megabytes, "<", 200)),
    data="series_month",
)
