"""A made pool of days, recounted row by row in plain Python, and against what its maker knows to be true."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from gpuledger.model.devices import gpu_model
from tests.sources.gpu_state.pools import Found, Row, found

MONTHS = ("2026-08", "2026-09")
COUNTED = ("present", "primary_claimed", "backfill_claimed", "drained_idle", "prevented_idle")
STRENGTH = ["Unclaimed", "Preempting", "Owner", "Drained"]


@lru_cache
def pool(folder: Path) -> tuple[Found, ...]:
    return tuple(found((folder / f"gpu_state_{month}.parquet").read_bytes()) for month in MONTHS)


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "pool_small"


@pytest.fixture(scope="module")
def raw(folder: Path) -> list[Row]:
    return [row for month in MONTHS for row in pq.read_table(folder / f"gpu_state_{month}.parquet").to_pylist()]


@pytest.fixture(scope="module")
def states(folder: Path) -> list[Row]:
    return [row for month in pool(folder) for row in month.states]


def recounted(rows: list[Row]) -> Row:
    """One GPU at one moment, told by its raw rows."""
    primary = [row for row in rows if "backfill" not in row["Name"]]
    secondary = [row for row in rows if "backfill" in row["Name"]]
    jobs = [row for row in primary if row["State"] == "Claimed"]
    second_jobs = [row for row in secondary if row["State"] == "Claimed"]
    over = max((row["State"] for row in primary if row["State"] != "Claimed"), key=STRENGTH.index, default="Unclaimed")
    reasons = [row["PreventJobsReason"] for row in rows if row["PreventJobsReason"]]
    return {
        "occupancy": "claimed" if jobs else "unclaimed",
        "admin_state": "none" if over == "Unclaimed" else over.lower(),
        "primary_user": jobs[0]["RemoteOwner"] if jobs else None,
        "primary_job_id": jobs[0]["GlobalJobId"] if jobs else None,
        "is_interactive": all("interactive" in row["Name"] for row in primary if row["State"] != "Claimed"),
        "owner_projects": primary[0]["PrioritizedProjects"],
        "prevented_reason": reasons[0] if reasons else "",
        "backfill_occupancy": ("claimed" if second_jobs else "unclaimed") if secondary else None,
        "backfill_user": second_jobs[0]["RemoteOwner"] if second_jobs else None,
        "backfill_job_id": second_jobs[0]["GlobalJobId"] if second_jobs else None,
        "occupant_count": len(jobs) + len(second_jobs),
        "gpu_model": gpu_model(rows[0]["GPUs_DeviceName"]).name,
        "gpu_memory_bytes": rows[0]["GPUs_GlobalMemoryMb"] and rows[0]["GPUs_GlobalMemoryMb"] * 2.0**20,
    }


def test_every_row_is_counted_once_and_every_moment_told(folder: Path, raw: list[Row]) -> None:
    assert sum(month.input_rows for month in pool(folder)) == len(raw)
    assert not any(month.problems for month in pool(folder))
    moments = {row["time"].replace(tzinfo=None) for month in pool(folder) for row in month.snapshots}
    assert moments == {row["timestamp"] for row in raw}


def test_every_column_of_every_seventh_moment_equals_a_recount(states: list[Row], raw: list[Row]) -> None:
    chosen = set(sorted({row["timestamp"] for row in raw})[::7])
    rows_of: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in raw:
        if row["timestamp"] in chosen:
            rows_of[row["timestamp"], row["Machine"], row["AssignedGPUs"]].append(row)
    ours = {(row["time"].replace(tzinfo=None), row["host"], row["gpu"]): row for row in states}
    assert len(ours) == len(states)
    mine = {key: row for key, row in ours.items() if key[0] in chosen}
    assert mine.keys() == rows_of.keys()
    for key, rows in rows_of.items():
        expected = recounted(rows)
        assert {name: mine[key][name] for name in expected} == expected, key


def test_counts_by_class_device_and_step_equal_the_truth(folder: Path, states: list[Row]) -> None:
    ours: dict[tuple[datetime, str, str], Counter[str]] = defaultdict(Counter)
    for row, key in _classed(folder, states):
        held, second = row["occupancy"] == "claimed", row["backfill_occupancy"] == "claimed"
        idle = not held and not second
        ours[key].update(
            present=1,
            primary_claimed=held,
            backfill_claimed=second,
            drained_idle=idle and row["admin_state"] == "drained",
            prevented_idle=idle and row["prevented_reason"] != "",
        )
    truth = [row for row in pq.read_table(folder / "truth_steps.parquet").to_pylist() if row["collected"]]
    assert len(truth) > 10_000
    for row in truth:
        mine = ours[_step(row["time"]), row["class"], gpu_model(row["device"]).name]
        assert {name: mine[name] for name in COUNTED} == {name: row[name] for name in COUNTED}, row


def _classed(folder: Path, states: list[Row]) -> Iterator[tuple[Row, tuple[datetime, str, str]]]:
    owned = set((folder / "chtc_owned").read_text().split())
    masked = yaml.safe_load((folder / "masked_hosts.yaml").read_text())["excluded_hosts"]
    interactive = {row["host"] for row in states if row["is_interactive"]}
    for row in states:
        if row["host"].partition(".")[0] in masked or row["host"] in interactive:
            continue
        name = "chtc" if row["host"] in owned else "res" if row["owner_projects"] else "open"
        yield row, (_step(row["time"]), name, row["gpu_model"])


def _step(moment: datetime) -> datetime:
    """The collector's stamp is some seconds after the step."""
    return moment.replace(tzinfo=None, minute=moment.minute // 5 * 5, second=0, microsecond=0)


def test_sqlite_of_the_same_hours_tells_the_same(folder: Path, states: list[Row]) -> None:
    other = found((folder / "sqlite" / "gpu_state_2026-09.db").read_bytes())
    ours = {(row["time"], row["host"], row["gpu"]): row for row in states}
    assert len(other.states) > 10_000
    for row in other.states:
        assert row == ours[row["time"], row["host"], row["gpu"]] | {"prevented_reason": None}
