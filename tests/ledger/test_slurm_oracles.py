"""Real accounting through the whole way, against answers that SQL on the raw text gave: what the ledger says is equal."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gpuledger.ledger import OpenLedger, open_
from gpuledger.model.devices import gpu_model
from tests.sources.slurm.test_oracles import INPUTS

ENDED = "state!=running,pending"
"""The oracles count only what has ended; the ledger also counts running attempts, to their source's watermark."""
EVER = {"start": "2010-01-01", "end": "2030-01-01"}
Told = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module", params=INPUTS)
def told(request: pytest.FixtureRequest, shared_data: Path) -> Told:
    name = str(request.param)
    oracle = json.loads((shared_data / name / "oracle_excerpt.json").read_text())
    rows = {q["name"]: [dict(zip(q["columns"], row, strict=True)) for row in q["rows"]] for q in oracle["queries"]}
    return rows | {"input": [{"folder": name}]}


@pytest.fixture(scope="module")
def ledger(told: Told, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenLedger]:
    folder = told["input"][0]["folder"]
    file, fields = INPUTS[folder]
    with open_(tmp_path_factory.mktemp("my ledger ü 100%"), now=datetime(2026, 11, 20, tzinfo=UTC)) as opened:
        opened.ingest(shared_data / folder / file, source="slurm", zone="UTC", cluster=folder, fields=fields)
        yield opened


def near(value: float | None) -> Any:
    """Oracles are rounded to four digits; what they call null is nothing held."""
    return pytest.approx(value or 0.0, rel=1e-6, abs=6e-5)


def hours(ledger: OpenLedger, by: str, *where: str) -> dict[str | None, float]:
    rows = ledger.ask("gpu_hours", by=by, where=[ENDED, *where], **EVER).of("gpu_hours")
    return {name: value or 0.0 for (name,), value in rows.items()}


def expected(rows: list[dict[str, Any]], column: str, value: str = "gpu_hours") -> dict[str | None, Any]:
    return {row[column] and str(row[column]).split("/")[-1]: near(row[value]) for row in rows if row[value]}


def held(found: dict[str | None, float]) -> dict[str | None, float]:
    return {name: value for name, value in found.items() if value}


def test_totals_equal_the_oracle(ledger: OpenLedger, told: Told) -> None:
    answer = ledger.ask("gpu_hours", "cpu_hours", where=ENDED, **EVER)
    assert {name: near(answer.value(name)) for name in answer.totals} == told["gpu_hours_total"][0]


@pytest.mark.parametrize(
    ("by", "query", "column"),
    [
        ("user", "gpu_hours_by_user", "user"),
        ("account", "gpu_hours_by_account", "account"),
        ("queue", "gpu_hours_by_partition", "partition"),
        ("day", "gpu_hours_by_day_clipped", "day"),
        ("month", "gpu_hours_by_month_clipped", "month"),
    ],
)
def test_gpu_hours_equal_the_oracle(ledger: OpenLedger, told: Told, by: str, query: str, column: str) -> None:
    assert held(hours(ledger, by)) == expected(told[query], column)


def test_gpu_hours_by_model_equal_the_oracle(ledger: OpenLedger, told: Told) -> None:
    models = {
        name and gpu_model(name).name: value
        for name, value in expected(told["gpu_hours_by_gpu_type"], "gpu_type").items()
    }
    assert held(hours(ledger, "gpu_model", "uses_gpu=yes")) == models


def test_gpu_hours_by_state_equal_the_oracle(ledger: OpenLedger, told: Told) -> None:
    assert held(hours(ledger, "state")) == {
        name and name.lower(): value for name, value in expected(told["states"], "state").items()
    }


def test_a_period_that_cuts_jobs_gives_each_side_its_part(ledger: OpenLedger, told: Told) -> None:
    for day in told["gpu_hours_by_day_clipped"]:
        answer = ledger.ask("gpu_hours", "gpu_attempts", where=ENDED, day=day["day"])
        assert (answer.value("gpu_hours"), answer.value("gpu_attempts")) == (
            near(day["gpu_hours"]),
            day["jobs_touching"],
        )


def test_the_peak_equals_the_oracle(ledger: OpenLedger, told: Told) -> None:
    assert ledger.ask("peak_gpus", where=ENDED, **EVER).value("peak_gpus") == told["peak_concurrent_gpus"][0]["peak"]


def test_waits_of_gpu_jobs_equal_the_oracle(ledger: OpenLedger, told: Told) -> None:
    names = ("wait_seconds_mean", "wait_seconds_median", "wait_seconds_max")
    answer = ledger.ask(*names, where="uses_gpu=yes", **EVER)
    row = told["wait_seconds_gpu_jobs"][0]
    wanted = (row["mean_wait"], row["median_wait"], row["max_wait"])
    assert tuple(answer.value(name) for name in names) == pytest.approx(wanted, abs=6e-4)


def test_every_record_is_an_attempt(ledger: OpenLedger, told: Told) -> None:
    answer = ledger.ask("attempts_submitted", by="state", **EVER)
    assert answer.of("attempts_submitted") == {(row["state"].lower(),): row["n"] for row in told["states"]}
