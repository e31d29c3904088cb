"""GPU-hours by user over one month of ten million attempts, against a bare scan of the same columns."""

from pathlib import Path

from benchmarks.attempts import CLUSTER
from benchmarks.case import Action, Case, Goal, ratio
from benchmarks.cases import merge_poll
from benchmarks.lakes import lake
from benchmarks.typed import duckdb_rows
from gpuledger.model.tables import JOB_ATTEMPTS

MONTH = ("2026-05-01", "2026-06-01")
FILES = f"job_attempts/cluster={CLUSTER}/partition_month=2026-0[45]/*.parquet"
"""What an attempt of May can be in: months begin with its submission."""


def ask(data: Path, _: Path) -> Action:
    """The question alone, in a process that is up (a server, a report)."""
    from benchmarks.lakes import NOW
    from gpuledger.metrics.ask import StoreAsk
    from gpuledger.model.period import between

    store = lake(data / "ledger")
    store.version(JOB_ATTEMPTS)
    asked = StoreAsk(store, between(*MONTH), NOW, "UTC")
    asked.ask("gpu_hours", by=("user",))
    return lambda: len(asked.ask("gpu_hours", by=("user",)).records())


def scan(data: Path, _: Path) -> Action:
    sql = (
        "SELECT user_name, sum(gpu_count), min(started_at), max(ended_at) "
        f"FROM read_parquet('{data}/ledger/{FILES}') WHERE started_at < '{MONTH[1]}' AND ended_at > '{MONTH[0]}' GROUP BY ALL"
    )
    duckdb_rows(sql)
    return lambda: duckdb_rows(sql)


CASE = Case(
    "query_month",
    "gpu_hours by user over a month of 10 M attempts, in a process that is up",
    "DuckDB scans the same columns of the files of the month and the one before",
    merge_poll.make,
    ask,
    scan,
    (Goal("of the bare scan", ratio, "<", 3),),
    rounds=5,
    data="ten_million",
)
