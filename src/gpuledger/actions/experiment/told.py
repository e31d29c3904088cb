"""What the attempts of a ledger were told by: from when until when each log tells, and what of it could not be read."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gpuledger.model.job_summary import LOG_COLUMNS
from gpuledger.model.tables import JOB_ATTEMPTS, PROBLEMS, RUNS, SNAPSHOTS
from gpuledger.store import Store

SOURCES = ("condor-log", "dagman", "condor-history", "job-summary")
"""Sources that tell of workflows and their attempts."""
READINGS = ("ingest", "upload", "collect", "replay")
BROKEN = ("partial", "failed")
Row = dict[str, Any]


def logs(store: Store) -> list[Row]:
    """The reach of every log that tells of attempts, as rows of snapshots."""
    rows = store.columns(SNAPSHOTS, LOG_COLUMNS).to_pylist()
    told = (row for row in rows if row["until"] and (not row["told_tables"] or JOB_ATTEMPTS.name in row["told_tables"]))
    return sorted(told, key=lambda row: (row["cluster"], row["source"], row["time"]))


def not_read(store: Store) -> list[Row]:
    """What could not be read of the inputs, as they were last read: input, reason, first line, how often."""
    refused = _refused(store)
    return [lack for run in _newest_runs(store) for lack in _lacks(run, refused.get(run["input_sha256"], {}))]


def _newest_runs(store: Store) -> list[Row]:
    names = ("run_kind", "run_started_at", "ingest_id", "source_type", "input_name", "input_sha256", "result", "error")
    runs = [row for row in store.columns(RUNS, names).to_pylist() if row["run_kind"] in READINGS]
    ours = sorted(
        (run for run in runs if run["source_type"] in SOURCES),
        key=lambda run: (run["run_started_at"], run["ingest_id"]),
    )
    newest = {(run["source_type"], run["input_name"]): run for run in ours}
    return [newest[key] for key in sorted(newest)]


def _refused(store: Store) -> dict[str, dict[str, list[int]]]:
    """Lines by input and reason."""
    found: dict[str, dict[str, list[int]]] = {}
    for row in store.columns(PROBLEMS, ("input_sha256", "problem_reason", "input_line")).to_pylist():
        found.setdefault(row["input_sha256"], {}).setdefault(row["problem_reason"], []).append(row["input_line"])
    return found


def _lacks(run: Row, refused: Mapping[str, list[int]]) -> Iterator[Row]:
    name = Path(run["input_name"]).name
    if run["result"] in BROKEN and run["error"]:
        yield {"input": name, "reason": run["error"]}
    for reason, lines in sorted(refused.items()):
        yield {"input": name, "reason": reason, "line": min(lines), "count": len(lines)}
