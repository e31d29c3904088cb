"""Experiments made with known truth: every attempt comes out as it was made."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.sources.condor_log.reading import experiment, read

STATES = {
    "ok": "completed", "resume_short": "completed", "exit85": "requeued", "exit1": "failed", "exit44": "failed",
    "exit127": "failed", "signal9": "failed", "evicted": "preempted", "evict_mem": "preempted", "removed": "removed",
    "running": "running", "xfer_fail_hold": "preempted", "xfer_fail_evict": "preempted", "removed_idle": "removed",
}  # fmt: skip
MADE = {
    "over the change of clocks": ("America/Chicago", ("--jobs", "300", "--seed", "7")),
    "in UTC": (None, ("--jobs", "250", "--seed", "11", "--utc")),
    "with structured notes": ("America/Chicago", ("--jobs", "400", "--seed", "23", "--structured-notes")),
}


def number(text: str) -> float | None:
    return float(text) if text else None


def seconds(moment: Any) -> float | None:
    return moment.timestamp() if moment else None


def made(row: Mapping[str, str]) -> dict[str, Any]:
    """What the truth says of an attempt, in our words."""
    is_over, has_run = row["outcome"] != "running", bool(row["exec_start"])
    busy = number(row["gpu_usage"])
    return {
        "node_name": row["node"],
        "site": row["resource"] or None,
        "host": row["host"] or None,
        "gpu_model": row["gpu"] if has_run else None,
        "gpu_count": float(row["n_gpus"]) if has_run else None,
        "resource_name": (row["glidein"] or None) if has_run else None,
        "matched": number(row["xfer_in_start"]),
        "started": number(row["exec_start"]),
        "state": STATES[row["outcome"]],
        "exit_code": int(row["exit_code"]) if row["exit_code"].isdecimal() else None,
        "signal": 9 if row["exit_code"] == "signal9" else None,
        "bytes": (int(row["sent"]), int(row["recv"])) if is_over else (0, 0),
        "busy": None if busy is None else round(busy / float(row["n_gpus"]), 9),
        "memory": None if not row["mem_mb"] or not is_over else float(row["mem_mb"]) * 2**20,
        "gpu_memory": None if not row["gpus_mem_mb"] or not is_over else float(row["gpus_mem_mb"]) * 2**20,
    }


def read_back(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "node_name": row["node_name"],
        "site": row["site"],
        "host": (row["host_names"] or [None])[0],
        "gpu_model": row["gpu_model"],
        "gpu_count": row["gpu_count"] if row["started_at"] else None,
        "resource_name": row["resource_name"],
        "matched": seconds(row["matched_at"]),
        "started": seconds(row["started_at"]),
        "state": row["state"],
        "exit_code": row["exit_code"],
        "signal": row["signal"] or None,
        "bytes": (int(row["received_bytes"] or 0), int(row["sent_bytes"] or 0)),
        "busy": None if row["gpu_busy_ratio"] is None else round(row["gpu_busy_ratio"], 9),
        "memory": row["used_memory_bytes"],
        "gpu_memory": row["used_gpu_memory_bytes"],
    }


@pytest.mark.parametrize("name", MADE)
def test_every_attempt_comes_out_as_it_was_made(name: str, shared_data: Path, tmp_path: Path) -> None:
    zone, arguments = MADE[name]
    truth = experiment(shared_data, tmp_path, *arguments)
    reading = read(tmp_path / "metl.log", zone)
    ours = {(row["job_id"].partition(".")[0], seconds(row["matched_at"])): row for row in reading.attempts}
    assert len(reading.attempts) == len(truth) == len(ours)
    assert not reading.problems
    for row in truth:
        found = ours[row["cluster"], number(row["xfer_in_start"])]
        wanted = made(row)
        if wanted["busy"] is not None and row["outcome"] == "running":
            wanted["busy"] = None
        assert read_back(found) == wanted
        end = seconds(found["ended_at"])
        assert (end is None) == (not row["end"])
        assert end is None or abs(end - float(row["end"])) <= 2


def test_an_attempt_over_the_change_of_clocks_lasts_its_true_seconds(shared_data: Path, tmp_path: Path) -> None:
    truth = experiment(shared_data, tmp_path, "--jobs", "600", "--seed", "7", "--days", "150")
    change = 1762066800  # 2025-11-02 07:00 UTC, away from the hour that occurs twice
    over = {
        (row["cluster"], float(row["xfer_in_start"])): float(row["end"]) - float(row["exec_start"])
        for row in truth
        if row["exec_start"]
        and row["end"]
        and float(row["exec_start"]) < change - 7200 < change + 7200 < float(row["end"])
    }
    found = {
        (row["job_id"].partition(".")[0], seconds(row["matched_at"])): (
            row["ended_at"] - row["started_at"]
        ).total_seconds()
        for row in read(tmp_path / "metl.log", "America/Chicago").attempts
        if row["started_at"] and row["ended_at"]
    }
    assert over
    assert all(abs(found[key] - lasted) <= 2 for key, lasted in over.items())


def test_each_event_is_counted_once(shared_data: Path, tmp_path: Path) -> None:
    experiment(shared_data, tmp_path, "--jobs", "60", "--seed", "5")
    log = (tmp_path / "metl.log").read_bytes()
    assert read(log, "America/Chicago").event_count == log.count(b"\n...\n")


def test_dagmans_copy_tells_the_same_executions(shared_data: Path, tmp_path: Path) -> None:
    experiment(shared_data, tmp_path, "--jobs", "90", "--seed", "9", "--dags", "1")
    whole, copy = read(tmp_path / "metl.log"), read(next(tmp_path.glob("*.nodes.log")))

    def executions(rows: list[dict[str, Any]]) -> Counter[Any]:
        names = ("job_id", "started_at", "ended_at", "state", "gpu_model", "sent_bytes", "node_name")
        return Counter(tuple(row[name] for name in names) for row in rows if row["started_at"])

    assert executions(whole.attempts) == executions(copy.attempts)
