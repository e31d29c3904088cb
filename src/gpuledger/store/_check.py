"""What a power cut, a full disk or a careless hand did to the lake: found, named, and mended where it can be."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb

from gpuledger.model.durable import sync
from gpuledger.model.errors import Damaged
from gpuledger.model.tables import RUNS, TABLES, Table
from gpuledger.store import Checked, Finding
from gpuledger.store._edge import edge
from gpuledger.store._lock import writing
from gpuledger.store._maintain import GRACE, describe, is_older, staging_files
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


def check(shelf: Shelf, *, repair: bool) -> Checked:
    """Findings of every table, and of runs whose commits are gone. Every file is read, every column of it decoded."""
    if shelf.root is None:
        return Checked()
    there = [table for table in TABLES if (shelf.root / table.name / "_delta_log").is_dir()]
    findings: list[Finding] = []
    orphans = staging = 0
    for table in there:
        with edge(shelf.place(table)):
            found, orphan_count, staging_count = _check_table(shelf, table, repair=repair)
        findings += found
        orphans, staging = orphans + orphan_count, staging + staging_count
    findings += _lost_commits(shelf, there) if RUNS in there else []
    return Checked(tuple(findings), None, orphans, staging)


def _check_table(shelf: Shelf, table: Table, *, repair: bool) -> tuple[list[Finding], int, int]:
    folder = shelf.folder(table)
    assert folder
    if not repair:
        return _look(shelf, table, folder, repair=False)
    with writing(folder):
        return _look(shelf, table, folder, repair=True)


def _look(shelf: Shelf, table: Table, folder: Path, *, repair: bool) -> tuple[list[Finding], int, int]:
    torn = list(_torn_logs(table, folder, repair=repair))
    shelf.forget(table)
    try:
        snapshot = shelf.fresh(table)
    except Damaged as error:
        return [*torn, *([] if torn else [Finding(table.name, str(error), "critical")])], 0, 0
    lost = list(_lost_files(shelf, table, folder, repair=repair)) if snapshot else []
    orphans, staging = _orphans(shelf, table, folder), staging_files(folder)
    if repair:
        _remove_old([*orphans, *staging], folder)
    return [*torn, *lost], len(orphans), len(staging)


def _torn_logs(table: Table, folder: Path, *, repair: bool) -> Iterator[Finding]:
    """Log files of 0 bytes (the library takes them for an empty commit) or cut in the middle (it refuses the table)."""
    logs = sorted((folder / "_delta_log").glob("[0-9]*.json"))
    for path in logs:
        whole = _whole_lines(path)
        if whole is None:
            continue
        if repair:
            _mend_log(path, whole, is_last=path == logs[-1])
        sentence = f"Commit {int(path.stem)} of {table.name} is torn (a power cut or a full disk); its rows are lost."
        yield Finding(table.name, sentence, "critical", is_mended=repair)


def _whole_lines(path: Path) -> list[str] | None:
    """The readable lines of a damaged log file, None when it is sound."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    good: list[str] = []
    for line in lines:
        try:
            json.loads(line)
        except ValueError:
            return good
        good.append(line)
    return None if lines else good


def _mend_log(path: Path, whole: list[str], *, is_last: bool) -> None:
    """The last commit is taken back; one in the middle, that others stand on, keeps its place without rows."""
    if is_last:
        path.unlink()
    else:
        kept = [line for line in whole if line.startswith(('{"protocol"', '{"metaData"'))]
        path.write_text("\n".join(['{"commitInfo":{"operation":"REPAIR"}}', *kept]) + "\n", encoding="utf-8")
        sync(path)
    sync(path.parent)


def _lost_files(shelf: Shelf, table: Table, folder: Path, *, repair: bool) -> Iterator[Finding]:
    snapshot = shelf.fresh(table)
    assert snapshot
    faults = {
        add["path"]: fault
        for add in snapshot.adds.to_pylist()
        if (fault := _fault(folder / unquote(add["path"]), add["size_bytes"]))
    }
    lost = [add for add in snapshot.adds.to_pylist() if add["path"] in faults]
    if not lost:
        return
    suspects = [Finding(table.name, "", lost_ingest_id=run["ingest_id"]) for run in _may_be_in(shelf, table, lost)]
    if repair:
        for add in lost:
            (folder / unquote(add["path"])).unlink(missing_ok=True)
        snapshot.delta.repair()
        shelf.forget(table)
    for add in lost:
        yield Finding(table.name, _lost_sentence(table, add, faults[add["path"]]), "critical", is_mended=repair)
    for suspect in suspects:
        sentence = f"Ingest {suspect.lost_ingest_id} may have had rows in a lost file of {table.name}; replay it."
        yield replace(suspect, sentence=sentence, level="critical")


def _fault(path: Path, size: int) -> str | None:
    """Why the file's rows are lost: it is not there with the size the log tells, or it cannot be decoded.

    Parquet as the library writes it has no checksums: changed bytes that still decode are not noticed.
    """
    if not path.is_file() or path.stat().st_size != size:
        return "is missing or cut"
    try:
        with duckdb.connect() as engine:
            engine.execute("SELECT bit_xor(hash(f)) FROM read_parquet($1) AS f", [str(path)]).fetchall()
    except duckdb.Error:
        return f"cannot be decoded, its bytes were changed ({path})"
    return None


def _lost_sentence(table: Table, add: dict[str, Any], fault: str) -> str:
    ends = f"{describe(add[f'min.{table.order}'])} to {describe(add[f'max.{table.order}'])}"
    where = f" of cluster {add['partition.cluster']}" if add.get("partition.cluster") else ""
    return f"A file of {table.name} {fault}: {add['num_records']} rows{where} ({ends}) are lost."


def _may_be_in(shelf: Shelf, table: Table, lost: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Runs that wrote about the clusters of the lost files. Merges and compactions mix ingests: all are replayed."""
    if table is RUNS:
        return []
    clusters = {add.get("partition.cluster") for add in lost}
    return [
        run
        for run in _runs(shelf)
        if run["accepted_count"] and (None in clusters or run["cluster"] in {None, *clusters})
    ]


def _runs(shelf: Shelf) -> list[dict[str, Any]]:
    """The rows of `runs` whose files are still there, in the order they were written."""
    snapshot = shelf.fresh(RUNS)
    if snapshot is None or snapshot.folder is None:
        return []
    sizes = zip(snapshot.paths(), snapshot.adds["size_bytes"].to_pylist(), strict=True)
    files = [path for path, size in sizes if _fault(Path(path), size) is None]
    if not files:
        return []
    with duckdb.connect() as engine:
        rows: list[dict[str, Any]] = engine.sql(readable(engine, snapshot, files)).to_arrow_table().to_pylist()
    return sorted(rows, key=lambda run: (run["run_ended_at"] or run["run_started_at"], run["ingest_id"]))


def _orphans(shelf: Shelf, table: Table, folder: Path) -> list[Path]:
    """Parquet files that no version knows: written by a process that died before its commit."""
    snapshot = shelf.fresh(table)
    if snapshot is None:
        return []
    known = {folder / unquote(path) for path in snapshot.adds["path"].to_pylist()}
    known |= {folder / unquote(path) for path in _removed(snapshot.delta)}
    return sorted(set(folder.rglob("*.parquet")) - known - set((folder / "_delta_log").rglob("*.parquet")))


def _removed(delta: Any) -> Iterable[str]:
    """Files that left the table and wait for vacuum: what a vacuum without retention would take."""
    return list(delta.vacuum(0, dry_run=True, enforce_retention_duration=False))


def _remove_old(paths: Iterable[Path], folder: Path) -> None:
    """Deletes what is older than the grace, measured on the file system's own clock: the lock file was just opened."""
    (folder / ".lock").touch()
    now = datetime.fromtimestamp((folder / ".lock").stat().st_mtime, UTC)
    for path in paths:
        if is_older(path, now - GRACE):
            path.unlink(missing_ok=True)


def _lost_commits(shelf: Shelf, there: list[Table]) -> Iterator[Finding]:
    """Runs that say they made more commits than the logs still hold."""
    assert shelf.root
    logs = {table: _read_log(shelf.root / table.name) for table in there}
    held: Counter[str] = Counter()
    for table, log in logs.items():
        held.update(log.commits if table is not RUNS else {})
    runs = _runs(shelf)
    replayed = {
        run["input_sha256"]: run["run_started_at"]
        for run in runs
        if run["run_kind"] == "replay" and run["result"] in ("done", "partial")
    }
    for run in runs:
        settled = (
            run["run_kind"] != "replay"
            and run["input_sha256"] in replayed
            and replayed[run["input_sha256"]] >= run["run_started_at"]
        )
        if not settled and (run["commit_count"] or 0) > held[run["ingest_id"]] and _is_covered(run, logs):
            sentence = f"Ingest {run['ingest_id']} of {run['input_name']} made {run['commit_count']} commits, {held[run['ingest_id']]} are there; replay it."
            yield Finding("runs", sentence, "critical", lost_ingest_id=run["ingest_id"])


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
    if _whole_lines(path) is not None:
        return {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith('{"commitInfo"'):
            info: dict[str, Any] = json.loads(line)["commitInfo"]
            return info
    return {}
