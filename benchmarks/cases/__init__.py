"""One file for each line of the budget; each is imported where it is run, so that a small process stays small."""

from importlib import import_module

from benchmarks.case import Case

NAMES = (
    "ingest_sacct",
    "ingest_unchanged",
    "ingest_jobs_csv",
    "merge_poll",
    "append_poll",
    "collector_poll",
    "query_month",
    "query_command",
    "series_month",
    "usage_report",
    "rolling_report",
    "rolling_minutes",
    "serve_documents",
    "serve_viewers",
    "page_visits",
    "pool_import",
    "pool_numbers",
    "pool_mail",
    "pool_year",
    "publish_site",
    "experiment_csv",
    "experiment_report",
    "help_screen",
    "kills",
)


def case(name: str) -> Case:
    """The case in the file of that name."""
    found: Case = import_module(f"benchmarks.cases.{name}").CASE
    return found
