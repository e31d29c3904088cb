"""Ten million rows of somebody's CSV by a column mapping, against DuckDB parsing the same file."""

from pathlib import Path

from benchmarks.case import Action, Case, Goal, Taken, megabytes
from benchmarks.typed import duckdb_rows, typed

MAPPING = """[sources.trace]
type = "jobs-csv"
cluster = "trace"
zone = "UTC"
id = "job"
stamps = "s"
numbers = ["gpus", "cpus", "memory_mb"]
[sources.trace.columns]
job_id = "job"
user_name = "user"
account = "project"
queue = "queue"
submitted_at = "submitted"
started_at = "started"
ended_at = "ended"
gpu_count = "gpus"
cpu_count = "cpus"
memory_bytes = "memory_mb * 1048576"
state = "state"
"""
ROWS = """
SELECT 'j' || i AS job, 'user' || hash(i, 1) % 400 AS user, 'project' || hash(i, 2) % 60 AS project,
    'queue' || hash(i, 3) % 8 AS queue, 1767225600 + i * 3 AS submitted, submitted + hash(i, 4) % 7200 AS started,
    started + hash(i, 5) % 86400 AS ended, hash(i, 6) % 9 AS gpus, gpus * 8 + 1 AS cpus, cpus * 4000 AS memory_mb,
    CASE hash(i, 7) % 10 WHEN 0 THEN 'failed' WHEN 1 THEN 'timeout' ELSE 'completed' END AS state
FROM range({rows}) AS numbers(i)"""


def make(folder: Path, is_quick: bool) -> None:
    """Jobs in the order they were submitted, one every three seconds of a year."""
    import duckdb

    rows = ROWS.format(rows=200_000 if is_quick else 10_000_000)
    duckdb.connect().execute(f"COPY ({rows}) TO '{folder}/jobs.csv' (HEADER)").fetchall()
    (folder / "site.toml").write_text(MAPPING)


def lines(data: Path) -> int:
    with (data / "jobs.csv").open("rb") as file:
        return sum(1 for _ in file) - 1


def ours(data: Path, scratch: Path) -> Action:
    rows = lines(data)

    def ingest() -> int:
        typed("--config", data / "site.toml", "--ledger", scratch / "ledger", "ingest", "trace", data / "jobs.csv")
        return rows

    return ingest


def limit(data: Path, _: Path) -> Action:
    rows = lines(data)

    def parse() -> int:
        duckdb_rows(f"SELECT max(length(COLUMNS(*))) FROM read_csv('{data}/jobs.csv', all_varchar=true)")
        return rows

    return parse


def rows_a_second(ours: Taken, _: Taken) -> float:
    return ours.rows / ours.seconds


CASE = Case(
    "ingest_jobs_csv",
    "10 M rows of a CSV by a column mapping into an empty ledger, by command",
    "DuckDB reads every field of the file",
    make,
    ours,
    limit,
    (
        Goal("rows/s", rows_a_second, ">=", 500_000),
        Goal("MB", megabytes, "<", 1000),
    ),
    rounds=1,
)
