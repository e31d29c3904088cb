"""A made pool of days, recounted row by row in plain Python, and against what its maker knows to be true."""

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from gpuledger.model.devices import gpu_model
from tests.sources.gpu_state.pools import Found, Row, found

MADE = {
    "seed 7 every 15 minutes": (
        "--days",
        "3",
        "--step-min",
        "15",
        "--seed",
        "7",
        "--scale",
        "0.5",
        "--start",
        "2026-08-30",
    ),
    "seed 8 every 10 minutes": (
        "--days",
        "1.5",
        "--step-min",
        "10",
        "--seed",
        "8",
        "--scale",
        "0.2",
        "--start",
        "2026-12-31",
    ),
}
"""Pools that are made anew: their names and how."""
COUNTED = ("present", "primary_claimed", "backfill_claimed", "drained_idle", "prevented_idle")
STRENGTH = ["Unclaimed", "Preempting", "Owner", "Drained"]


@pytest.fixture(scope="module", params=["pool_small", *MADE])
def folder(request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param not in MADE:
        return shared_data / str(request.param)
    made = tmp_path_factory.mktemp("made")
    maker = shared_data.parent / "tools" / "make_pool.py"
    subprocess.run([sys.executable, maker, "--out", made, *MADE[request.param]], check=True, capture_output=True)
    return made


@pytest.fixture(scope="module")
def months(folder: Path) -> list[Path]:
    return sorted(folder.glob("gpu_state_*.parquet"))


@pytest.fixture(scope="module")
def pool(months: list[Path]) -> list[Found]:
    return [found(month.read_bytes()) for month in months]


@pytest.fixture(scope="module")
def raw(months: list[Path]) -> list[Row]:
    return [row for month in months for row in pq.read_table(month).to_pylist()]


@pytest.fixture(scope="module")
def states(pool: list[Found]) -> list[Row]:
    return [row for month in pool for row in month.states]


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


def test_every_row_is_counted_once_and_every_moment_told(pool: list[Found], raw: list[Row]) -> None:
    assert sum(month.input_rows for month in pool) == len(raw)
    assert not any(month.problems for month in pool)
    moments = {row["time"].replace(tzinfo=None) for month in pool for row in month.snapshots}
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
    assert len(truth) > 2_000
    for row in truth:
        mine = ours[row["time"], row["class"], gpu_model(row["device"]).name]
        assert {name: mine[name] for name in COUNTED} == {name: row[name] for name in COUNTED}, row


def _classed(folder: Path, states: list[Row]) -> Iterator[tuple[Row, tuple[datetime, str, str]]]:
    owned = set((folder / "chtc_owned").read_text().split())
    masked = yaml.safe_load((folder / "masked_hosts.yaml").read_text())["excluded_hosts"]
    interactive = {row["host"] for row in states if row["is_interactive"]}
    for row in states:
        if row["host"].partition(".")[0] in masked or row["host"] in interactive:
            continue
        name = "chtc" if row["host"] in owned else "res" if row["owner_projects"] else "open"
        # The collector's stamp is some seconds after the step.
        yield row, (row["time"].replace(tzinfo=None, second=0, microsecond=0), name, row["gpu_model"])


def test_sqlite_of_the_same_hours_tells_the_same(folder: Path, states: list[Row]) -> None:
    other = [row for path in folder.glob("sqlite/*.db") for row in found(path.read_bytes()).states]
    ours = {(row["time"], row["host"], row["gpu"]): row for row in states}
    assert len(other) > 5_000
    for row in other:
        assert row == ours[row["time"], row["host"], row["gpu"]] | {"prevented_reason": None}
