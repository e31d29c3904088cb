"""The event log and the DAGs of a large experiment to the table of its attempts, by command."""

from pathlib import Path

from benchmarks import experiments
from benchmarks.case import Action, Case, Goal, megabytes, seconds
from benchmarks.typed import duckdb_rows


def ours(data: Path, scratch: Path) -> Action:
    return lambda: experiments.write_table(data, scratch / "job_summary.csv")


def limit(data: Path, _: Path) -> Action:
    return lambda: duckdb_rows(
        f"SELECT length(content) - length(replace(content, '...', '')) FROM read_text('{data}/metl.log')"
    )


CASE = Case(
    "experiment_csv",
    "20,000 jobs of three DAGs (202 MB of logs): event log to CSV, by command",
    "DuckDB reads the log as one text and counts the ends of events",
    experiments.make,
    ours,
    limit,
    (Goal("s", seconds, "<", 15), Goal("MB", megabytes, "<", 300)),
    data="experiment",
)
