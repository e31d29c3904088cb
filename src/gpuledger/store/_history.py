"""What runs say they did, against what logs and files still hold."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gpuledger.model.tables import RUNS, Table
from gpuledger.store import Finding
from gpuledger.store._legible import Reader, fault, whole_lines
from gpuledger.store._shelf import Shelf
from gpuledger.store._snapshot import readable


@dataclass(frozen=True)
class Log:
    """What the retained log files of one table tell."""

    commits: dict[str, int]
    """Commits of each ingest."""
    first_at: datetime | None
    """Wall clock of the oldest retained commit; None when the log reaches back to the table's creation."""
    ends: dict[str, datetime]
    """Wall clock of the last commit of each ingest."""


def may_be_in(shelf: Shelf, reader: Reader, table: Table, lost: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Runs that wrote about the clusters of the lost files. Merges and compactions mix ingests: all are replayed."""
    if table is RUNS:
        return []
    clusters = {add.get("partition.cluster") for add in lost}
    return [
        run
        for run in _runs(shelf, reader)
        if run["accepted_count"] and (None in clusters or run["cluster"] in {None, *clusters})
    ]


def _runs(shelf: Shelf, reader: Reader) -> list[dict[str, Any]]:
    """The rows of `runs` whose files are still there, in the order they were written."""
    snapshot = shelf.fresh(RUNS)
    if snapshot is None or snapshot.folder is None:
        return []
    sizes = zip(snapshot.paths(), snapshot.adds["size_bytes"].to_pylist(), strict=True)
    files = [path for path, size in sizes if fault(reader, Path(path), size) is None]
    if not files:
        return []
    rows: list[dict[str, Any]] = reader.sql(readable(reader, snapshot, files)).to_arrow_table().to_pylist()
    return sorted(rows, key=lambda run: (run["run_ended_at"] or run["run_started_at"], run["ingest_id"]))


def lost_commits(shelf: Shelf, reader: Reader, there: Sequence[Table]) -> Iterator[Finding]:
    """Runs that say they made more commits than the logs still hold."""
    assert shelf.root
    logs = {table: _read_log(shelf.root / table.name) for table in there}
    held: Counter[str] = Counter()
    for table, log in logs.items():
        held.update(log.commits if table is not RUNS else {})
    runs = _runs(shelf, reader)
    replayed = {
        run["input_sha256"]: run["run_started_at"]
        for run in runs
        if run["run_kind"] == "replay" and run["result"] in ("done", "partial")
    }
    for run in runs:
        made, kept = run["commit_count"] or 0, held[run["ingest_id"]]
        if made > kept and not _is_settled(run, replayed) and _is_covered(run, logs):
            sentence = (
                f"Ingest {run['ingest_id']} of {run['input_name']} made {made} commits, {kept} are there; replay it."
            )
            yield Finding("runs", sentence, "critical", lost_ingest_id=run["ingest_id"])


def _is_settled(run: dict[str, Any], replayed: Mapping[str, datetime]) -> bool:
    """Has its input been read again since?"""
    again = replayed.get(run["input_sha256"])
    return run["run_kind"] != "replay" and again is not None and again >= run["run_started_at"]


def _is_covered(run: dict[str, Any], logs: dict[Table, Log]) -> bool:
    """Do all logs reach back to before the run? Older ones have been cleaned, and say nothing."""
    ended = logs[RUNS].ends.get(run["ingest_id"])
    if ended is None:
        return False
    began = ended - (run["run_ended_at"] - run["run_started_at"]) - timedelta(seconds=1)
    return all(log.first_at is None or log.first_at < began for log in logs.values())


def _read_log(folder: Path) -> Log:
    commits: Counter[str] = Counter()
    ends: dict[str, datetime] = {}
    logs = sorted((folder / "_delta_log").glob("[0-9]*.json"))
    for path in logs:
        info = _commit_info(path)
        if ingest_id := info.get("ingest_id"):
            commits[ingest_id] += 1
            ends[ingest_id] = _moment(info)
    complete = not logs or int(logs[0].stem) == 0
    return Log(dict(commits), None if complete else _moment(_commit_info(logs[0])), ends)


def _moment(info: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(info.get("timestamp", 0) / 1000, UTC)


def _commit_info(path: Path) -> dict[str, Any]:
    """The commit's own line; {} for a torn file: its commit is none."""
    if whole_lines(path) is not None:
        return {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith('{"commitInfo"'):
            info: dict[str, Any] = json.loads(line)["commitInfo"]
            return info
    return {}
