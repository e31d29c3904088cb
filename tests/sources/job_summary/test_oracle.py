"""The real full.csv (the excerpt) against numbers that SQL on its text gave: plain sums over the rows we read."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sources.job_summary.summaries import Row, Told, told

Oracle = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def full(shared_data: Path) -> Told:
    """Read as UTC: the oracle takes local stamps as they are."""
    return told((shared_data / "dagman_experiment" / "full.csv").read_bytes(), "UTC")


@pytest.fixture(scope="module")
def oracle(shared_data: Path) -> Oracle:
    queries = json.loads((shared_data / "dagman_experiment" / "oracle_excerpt.json").read_text())["queries"]
    return {q["name"]: [dict(zip(q["columns"], row, strict=True)) for row in q["rows"]] for q in queries}


def gpu_hours(row: Row) -> float:
    """0 where the end is not told."""
    if row["ended_at"] is None:
        return 0.0
    return float((row["ended_at"] - row["started_at"]).total_seconds() * row["gpu_count"] / 3600)


def near(value: float | None) -> Any:
    return pytest.approx(value or 0.0, abs=6e-5)


def test_every_row_is_an_attempt(full: Told, oracle: Oracle) -> None:
    (counts,) = oracle["counts"]
    assert full.problems == []
    assert len({row["attempt_id"] for row in full.attempts}) == len(full.attempts) == counts["n_jobs"]
    assert full.input_rows == counts["n_jobs"]
    assert len({row["node_name"] for row in full.attempts}) == counts["n_users"]
    assert len({row["site"] for row in full.attempts}) == counts["n_partitions"]


def test_its_times_are_as_written(full: Told, oracle: Oracle) -> None:
    (expected,) = oracle["time_range"]
    ends = [row["ended_at"] for row in full.attempts if row["ended_at"]]
    assert min(row["submitted_at"] for row in full.attempts) == utc(expected["min_submit"])
    assert max(row["submitted_at"] for row in full.attempts) == utc(expected["max_submit"])
    assert min(row["started_at"] for row in full.attempts) == utc(expected["min_start"])
    assert max(ends) == utc(expected["max_end"])


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_gpu_hours_in_total(full: Told, oracle: Oracle) -> None:
    assert sum(map(gpu_hours, full.attempts)) == near(oracle["gpu_hours_total"][0]["gpu_hours"])


@pytest.mark.parametrize(
    ("query", "name", "of"),
    [
        ("states", "state", lambda row: row["state_raw"] or None),
        ("gpu_hours_by_user", "user", lambda row: row["node_name"]),
        ("gpu_hours_by_account", "account", lambda row: row["workflow"]),
        ("gpu_hours_by_partition", "partition", lambda row: row["site"]),
        ("gpu_hours_by_gpu_type", "gpu_type", lambda row: row["gpu_model"]),
        ("gpus_per_job", "gpus", lambda row: row["gpu_count"]),
    ],
)
def test_rows_and_gpu_hours_by(full: Told, oracle: Oracle, query: str, name: str, of: Callable[[Row], Any]) -> None:
    counts: Counter[Any] = Counter(map(of, full.attempts))
    hours: dict[Any, float] = defaultdict(float)
    for row in full.attempts:
        hours[of(row)] += gpu_hours(row)
    for expected in oracle[query]:
        key = expected[name]
        assert counts[key] == expected.get("n", expected.get("n_jobs"))
        if "gpu_hours" in expected:
            assert hours[key] == near(expected["gpu_hours"])


def test_waits_are_from_submission_to_start(full: Told, oracle: Oracle) -> None:
    waits = [(row["started_at"] - row["submitted_at"]).total_seconds() for row in full.attempts]
    (expected,) = oracle["wait_seconds_gpu_jobs"]
    assert sum(waits) / len(waits) == pytest.approx(expected["mean_wait"], abs=6e-4)
    assert max(waits) == expected["max_wait"]


def test_what_is_not_known_is_null(full: Told, oracle: Oracle) -> None:
    (rates,) = oracle["null_rates"]
    share = sum(row["ended_at"] is None for row in full.attempts) / len(full.attempts)
    assert share == pytest.approx(rates["end"], abs=1e-6)
    share = sum(row["resource_name"] is None for row in full.attempts) / len(full.attempts)
    assert share == pytest.approx(rates["nodes"], abs=1e-6)


def test_its_zone_adds_the_hour_that_the_clock_went_back(full: Told, shared_data: Path) -> None:
    """Two attempts over 2025-11-02 held 4 GPUs together: the earlier tool lost 4 GPU-hours."""
    content = (shared_data / "dagman_experiment" / "full.csv").read_bytes()
    local = told(content, "America/Chicago")
    assert local.problems == []
    assert sum(map(gpu_hours, local.attempts)) - sum(map(gpu_hours, full.attempts)) == pytest.approx(4.0)


def test_nodes_with_a_success_are_counted_once(full: Told) -> None:
    good = [row for row in full.attempts if row["state"] == "completed"]
    nodes = {(row["workflow"], row["node_name"]) for row in good}
    assert (len(good), len(nodes)) == (128, 127)


def test_a_try_is_a_node_and_a_cluster(full: Told) -> None:
    tries = full.tables["workflow_nodes"]
    assert len(tries) == len({row["job_id"] for row in full.attempts}) == 200
    assert {f"{row['try_number']}.0" for row in tries} == {row["job_id"] for row in full.attempts}


def test_it_is_said_what_the_table_cannot_tell(full: Told) -> None:
    assert any("no columns for the run of a node, GPU ids, use of GPU" in sentence for sentence in full.remarks)
