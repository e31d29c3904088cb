"""What a ledger of any making tells of its attempts stands in the CSV, each fact with its own attempt."""

import csv
import io
import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from gpuledger.actions.experiment import asked
from gpuledger.actions.experiment.own import own_ledger
from gpuledger.actions.experiment.table import write_csv
from gpuledger.config import Settings
from gpuledger.model.batch import Batch
from gpuledger.model.errors import LedgerError
from gpuledger.model.tables import ATTEMPT_EVENTS, ATTEMPT_GPUS, JOB_ATTEMPTS, Table

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Rows = list[dict[str, Any]]


def attempt(cluster: str, number: int, **told: Any) -> dict[str, Any]:
    """One that ran for an hour, `number` hours after noon."""
    began = NOON + timedelta(hours=number)
    return {
        "cluster": cluster, "attempt_id": f"{number}", "job_id": f"{number}.0", "kind": "batch", "state": "completed",
        "submitted_at": NOON, "started_at": began, "ended_at": began + timedelta(hours=1), "observed_at": began,
        **told,
    }  # fmt: skip


def written(folder: Path, tables: dict[Table, Rows]) -> list[dict[str, str]]:
    with own_ledger(Settings(ledger="unused")) as ledger:
        for table, rows in tables.items():
            ledger.store.upsert(Batch(table, pa.Table.from_pylist(rows)), "i")
        write_csv(ledger.store, folder / "table.csv", ZoneInfo("UTC"))
    return list(csv.DictReader(io.StringIO((folder / "table.csv").read_text(), newline="")))


def gpu(cluster: str, number: int) -> dict[str, Any]:
    return {
        "cluster": cluster, "attempt_id": f"{number}", "host": f"host-{cluster}", "gpu": f"GPU-0000000{number}",
        "share_ratio": 1.0, "started_at": NOON, "observed_at": NOON,
    }  # fmt: skip


def test_attempts_of_two_clusters_with_one_name_keep_what_is_theirs(tmp_path: Path) -> None:
    rows = written(
        tmp_path,
        {
            JOB_ATTEMPTS: [attempt("a", 1, slot_name="one"), attempt("b", 1, slot_name="two")],
            ATTEMPT_GPUS: [gpu("b", 1), gpu("a", 1)],
        },
    )
    told = {row["Access Point"]: (row["Slot"], json.loads(row["GPUs"])[0]["host"]) for row in rows}
    assert told == {"a": ("one", "host-a"), "b": ("two", "host-b")}


@pytest.mark.parametrize("at_once", [1, 2, 3, 100])
def test_parts_of_any_size_make_the_same_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    events = [
        {"cluster": "a", "attempt_id": "2", "time": NOON + timedelta(minutes=m), "event_kind": "error"} for m in (1, 2)
    ]
    tables = {
        JOB_ATTEMPTS: [attempt("a", n, node_name=f"n{9 - n}", exit_code=n) for n in range(5)],
        ATTEMPT_GPUS: [gpu("a", 1), gpu("a", 4)],
        ATTEMPT_EVENTS: events,
    }
    monkeypatch.setattr(asked, "ROWS_AT_ONCE", at_once)
    monkeypatch.setattr(asked, "COLUMNS_AT_ONCE", at_once)
    rows = written(tmp_path, tables)
    assert [(row["Job Name"], row["Exit Code"]) for row in rows] == [(f"n{n}", f"{9 - n}") for n in range(5, 10)]
    assert [len(json.loads(row["GPUs"] or "[]")) for row in rows] == [1, 0, 0, 1, 0]
    assert [len(json.loads(row["Events"] or "[]")) for row in rows] == [0, 0, 2, 0, 0]


def test_attempts_of_a_node_are_numbered_in_time_and_its_longest_success_is_kept(tmp_path: Path) -> None:
    short, late = NOON + timedelta(hours=1, minutes=5), NOON + timedelta(hours=4)
    rows = written(
        tmp_path,
        {
            JOB_ATTEMPTS: [
                attempt("a", 3, node_name="n", workflow="w", ended_at=late),
                attempt("a", 1, node_name="n", workflow="w", ended_at=short),
                attempt("a", 2, node_name="n", workflow="w", state="failed"),
                attempt("a", 5, node_name="n", workflow="v"),
            ]
        },
    )
    told = {row["Job ID"]: (row["Attempt Of Node"], row["Epochs Completed"]) for row in rows}
    assert told == {"1.0": ("1", "0"), "2.0": ("2", "0"), "3.0": ("3", "1"), "5.0": ("1", "1")}


def test_no_room_for_temporary_files_is_said_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with own_ledger(Settings(ledger="unused")) as ledger:
        ledger.store.upsert(Batch(JOB_ATTEMPTS, pa.Table.from_pylist([attempt("a", 1)])), "i")
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
        with pytest.raises(LedgerError, match="No temporary file can be written to .*gone: .*set TMPDIR"):
            write_csv(ledger.store, tmp_path / "table.csv", ZoneInfo("UTC"))
    assert not any(tmp_path.iterdir())
