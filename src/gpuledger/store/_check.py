"""What a power cut, a full disk or a careless hand did to the lake: found, named, and mended where it can be."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from gpuledger.model.durable import sync
from gpuledger.model.errors import Damaged
from gpuledger.model.tables import RUNS, TABLES, Table
from gpuledger.store import Checked, Finding
from gpuledger.store._edge import edge
from gpuledger.store._engine import engine
from gpuledger.store._history import lost_commits, may_be_in
from gpuledger.store._legible import Reader, fault, strange, whole_lines
from gpuledger.store._lock import writing
from gpuledger.store._maintain import GRACE, describe, is_older, staging_files
from gpuledger.store._shelf import Shelf
from gpuledger.store._snapshot import Snapshot


def check(shelf: Shelf, *, repair: bool) -> Checked:
    """Findings of every table, and of runs whose commits are gone. Every file is read, every column of it decoded;
    every table is opened as questions open it."""
    if shelf.root is None:
        return Checked()
    there = [table for table in TABLES if (shelf.root / table.name / "_delta_log").is_dir()]
    findings: list[Finding] = []
    orphans = staging = 0
    with engine() as reader:
        for table in there:
            with edge(shelf.place(table)):
                found, orphan_count, staging_count = _check_table(shelf, reader, table, repair=repair)
            findings += found
            orphans, staging = orphans + orphan_count, staging + staging_count
        with edge(shelf.place(RUNS)):
            findings += lost_commits(shelf, reader, there) if RUNS in there else []
    return Checked(tuple(findings), None, orphans, staging)


def _check_table(shelf: Shelf, reader: Reader, table: Table, *, repair: bool) -> tuple[list[Finding], int, int]:
    folder = shelf.folder(table)
    assert folder
    with writing(folder) if repair else nullcontext():
        return _look(shelf, reader, table, folder, repair=repair)


def _look(shelf: Shelf, reader: Reader, table: Table, folder: Path, *, repair: bool) -> tuple[list[Finding], int, int]:
    torn = list(_torn_logs(table, folder, repair=repair))
    shelf.forget(table)
    try:
        snapshot = shelf.fresh(table)
    except Damaged as error:
        return torn or [Finding(table.name, str(error), "critical")], 0, 0
    lost = list(_lost_files(shelf, reader, snapshot, repair=repair)) if snapshot else []
    is_whole = repair or not (torn or lost)
    orphans, staging = _orphans(shelf, table, folder), staging_files(folder)
    if repair:
        _remove_old([*orphans, *staging], folder)
    return [*torn, *lost, *(_strange(shelf, reader, table) if is_whole else ())], len(orphans), len(staging)


def _strange(shelf: Shelf, reader: Reader, table: Table) -> Iterator[Finding]:
    """A table that is whole, and cannot be asked."""
    if snapshot := shelf.fresh(table):
        yield from (Finding(table.name, sentence, "critical") for sentence in strange(reader, snapshot))


def _torn_logs(table: Table, folder: Path, *, repair: bool) -> Iterator[Finding]:
    """Log files of 0 bytes (the library takes them for an empty commit) or cut in the middle (it refuses the table)."""
    logs = sorted((folder / "_delta_log").glob("[0-9]*.json"))
    for path in logs:
        whole = whole_lines(path)
        if whole is None:
            continue
        if repair:
            _mend_log(path, whole, is_last=path == logs[-1])
        sentence = f"Commit {int(path.stem)} of {table.name} is torn (a power cut or a full disk); its rows are lost."
        yield Finding(table.name, sentence, "critical", is_mended=repair)


def _mend_log(path: Path, whole: list[str], *, is_last: bool) -> None:
    """The last commit is taken back; one in the middle, that others stand on, keeps its place without rows."""
    if is_last:
        path.unlink()
    else:
        kept = [line for line in whole if line.startswith(('{"protocol"', '{"metaData"'))]
        path.write_text("\n".join(['{"commitInfo":{"operation":"REPAIR"}}', *kept]) + "\n", encoding="utf-8")
        sync(path)
    sync(path.parent)


def _lost_files(shelf: Shelf, reader: Reader, snapshot: Snapshot, *, repair: bool) -> Iterator[Finding]:
    """Files that cannot be read, and the ingests whose rows may have been in them."""
    table = snapshot.table
    adds = zip(snapshot.paths(), snapshot.adds.to_pylist(), strict=True)
    lost = [(path, add, told) for path, add in adds if (told := fault(reader, Path(path), add["size_bytes"]))]
    if not lost:
        return
    suspects = may_be_in(shelf, reader, table, [add for _, add, _ in lost])
    if repair:
        for path, _, _ in lost:
            Path(path).unlink(missing_ok=True)
        snapshot.delta.repair()
        shelf.forget(table)
    for _, add, told in lost:
        yield Finding(table.name, _lost_sentence(table, add, told), "critical", is_mended=repair)
    for run in suspects:
        sentence = f"Ingest {run['ingest_id']} may have had rows in a lost file of {table.name}; replay it."
        yield Finding(table.name, sentence, "critical", lost_ingest_id=run["ingest_id"])


def _lost_sentence(table: Table, add: dict[str, Any], fault: str) -> str:
    ends = f"{describe(add[f'min.{table.order}'])} to {describe(add[f'max.{table.order}'])}"
    where = f" of cluster {add['partition.cluster']}" if add.get("partition.cluster") else ""
    return f"A file of {table.name} {fault}: {add['num_records']} rows{where} ({ends}) are lost."


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
