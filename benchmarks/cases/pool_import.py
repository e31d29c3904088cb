"""Both month files of the large pool into an empty ledger, against DuckDB reading their columns."""

from pathlib import Path

from benchmarks import pools
from benchmarks.case import Action, Case, Goal, megabytes, seconds
from benchmarks.typed import duckdb_rows, typed


def ours(data: Path, scratch: Path) -> Action:
    files = pools.month_files(data)

    def ingest() -> int:
        typed("--ledger", scratch / "ledger", "ingest", *files, *pools.CLUSTER)
        return sum(pools.pq.ParquetFile(file).metadata.num_rows for file in files)

    return ingest


def limit(data: Path, _: Path) -> Action:
    columns = "max(Name), max(AssignedGPUs), max(AvailableGPUs), max(State), max(Machine), max(RemoteOwner), max(timestamp::VARCHAR)"
    return lambda: duckdb_rows(f"SELECT {columns} FROM read_parquet('{data}/gpu_state_*.parquet')")


CASE = Case(
    "pool_import",
    "30 days of a pool of 848 GPUs (13.7 M slot rows) into an empty ledger, by command",
    "DuckDB reads the columns the fold needs",
    pools.make,
    ours,
    limit,
    (Goal("s", seconds, "<", 15), Goal("MB", megabytes, "<", 1000)),
    data="pool",
)
