"""Every number an oracle tells about a public trace that the ledger can answer is the ledger's too."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gpuledger.actions.query import query
from gpuledger.config import Ledger
from gpuledger.model.devices import gpu_model
from tests.sources.jobs_csv.traces import NOW, TRACES, Trace, asked, loaded

ROUNDED = 6e-5
"""Oracles are rounded to four digits."""
Loaded = tuple[Trace, dict[str, list[dict[str, Any]]], Ledger]


def near(expected: float | None) -> Any:
    return expected if expected is None else pytest.approx(expected, rel=1e-6, abs=ROUNDED)


@pytest.fixture(scope="module", params=TRACES)
def trace(
    request: pytest.FixtureRequest, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Loaded]:
    one = TRACES[request.param]
    with loaded(one, tmp_path_factory.mktemp(one.name), [shared_data / one.folder / one.file]) as (ledger, done):
        oracle = one.oracle(shared_data)
        assert (done[0].accepted, done[0].problems) == (oracle["counts"][0]["n_jobs"], 0)
        yield one, oracle, ledger


def test_gpu_and_cpu_hours_are_the_oracles(trace: Loaded) -> None:
    one, oracle, ledger = trace
    answer = asked(ledger, one, "gpu_hours", "cpu_hours")
    assert answer.value("gpu_hours") == near(oracle["gpu_hours_total"][0]["gpu_hours"])
    assert (answer.value("cpu_hours") or None) == near(oracle["gpu_hours_total"][0]["cpu_hours"])


@pytest.mark.parametrize(
    ("dimension", "name", "column"),
    [
        ("user", "gpu_hours_by_user", "user"),
        ("account", "gpu_hours_by_account", "account"),
        ("queue", "gpu_hours_by_partition", "partition"),
    ],
)
def test_gpu_hours_by_dimension_are_the_oracles(trace: Loaded, dimension: str, name: str, column: str) -> None:
    one, oracle, ledger = trace
    found = asked(ledger, one, "gpu_hours", by=[dimension]).of("gpu_hours")
    expected = {(row[column],): near(row["gpu_hours"]) for row in oracle[name] if row["gpu_hours"] is not None}
    assert {key: found[key] for key in expected} == expected
    assert len(oracle[name]) >= 40 or len(found) == len(expected)


def test_gpu_hours_by_model_are_the_oracles(trace: Loaded) -> None:
    """A pod that accepts several models got one nobody knows: its hours are under "not known"."""
    one, oracle, ledger = trace
    expected: dict[tuple[str | None], float] = {}
    for row in oracle["gpu_hours_by_gpu_type"]:
        told = row["gpu_type"] if row["gpu_type"] and "|" not in row["gpu_type"] else None
        key = (gpu_model(told).name if told else None,)
        expected[key] = expected.get(key, 0.0) + row["gpu_hours"]
    found = asked(ledger, one, "gpu_hours", by=["gpu_model"], where=["uses_gpu=yes"]).of("gpu_hours")
    assert found == {key: pytest.approx(hours, rel=1e-6, abs=20 * ROUNDED) for key, hours in expected.items()}


@pytest.mark.parametrize("part", ["day", "month"])
def test_hours_and_attempts_by_calendar_are_the_oracles(trace: Loaded, part: str) -> None:
    one, oracle, ledger = trace
    answer = asked(ledger, one, "gpu_hours", "gpu_attempts", by=[part], where=["uses_gpu=yes"])
    hours, touching = answer.of("gpu_hours"), answer.of("gpu_attempts")
    told = oracle[f"gpu_hours_by_{part}_clipped"]
    assert {key: value for key, value in hours.items() if value} == {
        (row[part],): near(row["gpu_hours"]) for row in told
    }
    assert {(row[part],): touching[(row[part],)] for row in told} == {
        (row[part],): row["jobs_touching"] for row in told
    }


def test_most_gpus_at_one_moment_are_the_oracles(trace: Loaded) -> None:
    one, oracle, ledger = trace
    assert asked(ledger, one, "peak_gpus").value("peak_gpus") == near(oracle["peak_concurrent_gpus"][0]["peak"])


def test_every_job_is_counted(trace: Loaded) -> None:
    """Those that held something, and those that ended without having started."""
    one, oracle, ledger = trace
    told = oracle["counts"][0]
    answer = asked(ledger, one, "attempts", "attempts_never_started", "users", "accounts")
    if not one.where:
        assert answer.value("attempts") + (answer.value("attempts_never_started") or 0) == told["n_jobs"]
    assert (answer.value("users") or 0) == told["n_users"] or one.where
    assert (answer.value("accounts") or 0) == told["n_accounts"]


@pytest.mark.parametrize("trace", ["philly", "supercloud", "clustercockpit"], indirect=True)
def test_gpus_per_job_are_the_oracles(trace: Loaded) -> None:
    """The other two oracles count jobs that never ran too."""
    one, oracle, ledger = trace
    found = asked(ledger, one, "attempts", by=["gpus"]).of("attempts")
    assert found == {(f"{row['gpus']:.0f}",): row["n"] for row in oracle["gpus_per_job"]}


def test_states_are_the_oracles(trace: Loaded) -> None:
    one, oracle, ledger = trace
    words = one.settings["sources"][one.name].get("states", {})
    ours = {None: "other", "DONE": "completed", **words}
    expected = {
        ours.get(row["state"], str(row["state"]).lower()): row["gpu_hours"]
        for row in oracle["states"]
        if row["gpu_hours"]
    }
    found = asked(ledger, one, "gpu_hours", by=["state"]).of("gpu_hours")
    if one.name == "alibaba-2023":  # pods that ran when the trace ended, told apart by us
        found["removed",] += found.pop(("running",))
    assert {key[0]: value for key, value in found.items() if value} == {
        key: near(value) for key, value in expected.items()
    }


def test_waits_are_the_oracles(trace: Loaded) -> None:
    one, oracle, ledger = trace
    told = oracle["wait_seconds_gpu_jobs"][0]
    names = ("wait_seconds_mean", "wait_seconds_median", "wait_seconds_max")
    where = ["uses_gpu=yes"] if one.name != "alibaba-2025" else ["uses_gpu=yes", "kind=whole,cut at the end"]
    answer = query(ledger, names, [], where, one.period, NOW)
    expected = (told["mean_wait"], told["median_wait"], told["max_wait"])
    assert tuple(answer.value(name) for name in names) == tuple(
        value if value is None else pytest.approx(value, abs=6e-4) for value in expected
    )
