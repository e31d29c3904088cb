"""A million sacct lines into an empty ledger, against DuckDB parsing the same file."""

from datetime import UTC, datetime
from pathlib import Path

from benchmarks.case import Action, Case, Goal, megabytes, rows_per_core
from benchmarks.typed import duckdb_rows, typed


def make(folder: Path, is_quick: bool) -> None:
    from benchmarks.attempts import write_sacct

    write_sacct(folder / "sacct.txt", 100_000 if is_quick else 1_000_000, datetime(2026, 5, 1, tzinfo=UTC))


def lines(data: Path) -> int:
    with (data / "sacct.txt").open("rb") as file:
        return sum(1 for _ in file) - 1


def ours(data: Path, scratch: Path) -> Action:
    rows = lines(data)

    def ingest() -> int:
        typed("--ledger", scratch / "ledger", "ingest", "slurm", data / "sacct.txt", "--zone", "UTC")
        return rows

    return ingest


def limit(data: Path, _: Path) -> Action:
    source = f"read_csv('{data}/sacct.txt', delim='|', all_varchar=true, quote='')"
    rows = lines(data)

    def parse() -> int:
        duckdb_rows(f"SELECT max(length(COLUMNS(*))) FROM {source}")
        return rows

    return parse


CASE = Case(
    "ingest_sacct",
    "1 M lines of sacct -X -P into an empty ledger, by command",
    "DuckDB reads every field of the file",
    make,
    ours,
    limit,
    (
        Goal("lines/s per core", rows_per_core, ">=", 200_000),
        Goal("MB", megabytes, "<", 1000),
    ),
)
