"""A large experiment from its logs to the whole report with its figures, by the two commands a person types."""

from pathlib import Path

from benchmarks import experiments
from benchmarks.case import Action, Case, Goal, megabytes, seconds
from benchmarks.cases import experiment_csv
from benchmarks.typed import typed


def ours(data: Path, scratch: Path) -> Action:
    table = scratch / "job_summary.csv"

    def report() -> int:
        rows = experiments.write_table(data, table)
        typed("experiment", "report", table, *experiments.ZONE, "-o", scratch / "reports")
        return rows

    return report


CASE = Case(
    "experiment_report",
    "20,000 jobs of three DAGs (202 MB of logs): event log to CSV to the whole report, by command",
    "DuckDB reads the log as one text and counts the ends of events",
    experiments.make,
    ours,
    experiment_csv.limit,
    (Goal("s", seconds, "<", 15), Goal("MB", megabytes, "<", 300)),
    data="experiment",
)
