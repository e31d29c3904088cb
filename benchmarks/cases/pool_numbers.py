"""The numbers of the pool report's tables over 30 days, against a bare scan of the columns they are told from."""

from pathlib import Path

from benchmarks import pools
from benchmarks.case import Action, Case, Goal, ratio
from benchmarks.typed import duckdb_rows

PARTS = (
    "present_gpus",
    "allocated_gpus",
    "secondary_gpus",
    "drained_gpus",
    "prevented_gpus",
    "idle_gpus",
    "allocated_ratio",
)
USE = ("observed_primary_gpu_hours", "observed_secondary_gpu_hours")
COLUMNS = (
    "cluster", "source", "host", "gpu_model", "owner_projects", "occupancy", "admin_state", "primary_user", "prevented_reason",
    "backfill_occupancy", "backfill_user",
)  # fmt: skip


def ours(data: Path, _: Path) -> Action:
    """In a process that is up, as a server's or a report's."""
    from gpuledger.actions.query import ask_of
    from gpuledger.config import open_ledger
    from gpuledger.config.loading import load
    from gpuledger.metrics import Wanted
    from gpuledger.model.period import last

    settings = load({}, {}, data, data / "gpuledger.toml").settings
    ask = ask_of(open_ledger(settings), last("30d", pools.END), pools.END)
    wanted = (
        Wanted(PARTS),
        Wanted(PARTS, ("class",)),
        Wanted(PARTS, ("class", "gpu_model")),
        Wanted(USE, ("class", "user")),
    )

    def asked() -> int:
        return sum(len(answer.records()) for answer in ask.together(*wanted))

    asked()
    return asked


def limit(data: Path, _: Path) -> Action:
    told = ", ".join(f"max({name})" for name in COLUMNS)
    sql = f"SELECT {told}, max(epoch_us(time)) FROM read_parquet('{data}/ledger/gpu_states/*/*/*.parquet')"
    duckdb_rows(sql)
    return lambda: duckdb_rows(sql)


CASE = Case(
    "pool_numbers",
    "classes, models and users of 30 days of a pool (7.3 M GPU states), in a process that is up",
    "DuckDB scans the same columns",
    pools.make,
    ours,
    limit,
    (Goal("of the bare scan", ratio, "<", 3),),
    rounds=5,
    data="pool",
)
