"""The same cluster told as text and as JSON, by each version, gives the same attempts."""

from pathlib import Path
from typing import Any

import pytest

from gpuledger.model.tables import USAGE_COLUMNS
from tests.sources.slurm.reading import Reading, read

ONLY_IN_TEXT = {"user_id", "state_raw", "end_reason", "reported_by", "ingest_id"}
"""JSON has no UID and names who cancelled; text gives the number."""
ONLY_IN_JSON = {"energy_joules"}
EXIT_CODES = ("exit_code", "signal", "derived_exit_code")


def seen(reading: Reading, without: set[str]) -> dict[str, dict[str, Any]]:
    return {key: {k: v for k, v in row.items() if k not in without} for key, row in reading.by_id.items()}


def load(path: Path) -> Reading:
    return read(path.read_bytes())


VERSIONS = [
    ("slurm_22.05/sacct_gpu_fields_22.05.txt", "slurm_22.05/sacct_D_22.05.json"),
    ("slurm_22.05/sacct_gpu_fields_noconvert_22.05.txt", "slurm_22.05/sacct_D_22.05.json"),
    *[
        ("slurm_24.11/sacct_gpu_fields_noconvert_24.11.txt", f"slurm_24.11/sacct_D_24.11{version}.json")
        for version in ("", "_v0.0.40", "_v0.0.41", "_v0.0.42", "_v0.0.42+complex")
    ],
]


@pytest.mark.parametrize(("text", "json"), VERSIONS)
def test_text_and_json_of_a_cluster_give_the_same_attempts(shared_data: Path, text: str, json: str) -> None:
    lines, document = load(shared_data / text), load(shared_data / json)
    without = ONLY_IN_TEXT | ONLY_IN_JSON
    assert len(lines.attempts) == 44
    assert not lines.problems
    assert not document.problems
    told, known = seen(document, without), seen(lines, without)
    for key, row in told.items():
        if row["ended_at"] is None:  # still running, and the two were asked a few seconds apart
            row["observed_at"] = known[key]["observed_at"]
        for name in EXIT_CODES if "22.05" in json else ():  # openapi/dbv0.0.38 does not tell them: null, not 0
            row[name] = known[key][name] if row[name] is None else row[name]
    assert told == known


@pytest.mark.parametrize("version", ["22.05", "24.11"])
def test_units_converted_or_not_give_the_same_attempts(shared_data: Path, version: str) -> None:
    folder = shared_data / f"slurm_{version}"
    converted = load(folder / f"sacct_gpu_fields_{version}.txt")
    plain = load(folder / f"sacct_gpu_fields_noconvert_{version}.txt")
    assert seen(converted, set()) == seen(plain, set())


@pytest.mark.parametrize("version", ["22.05", "24.11"])
def test_job_rows_alone_give_the_same_attempts_without_measured_use(shared_data: Path, version: str) -> None:
    folder = shared_data / f"slurm_{version}"
    whole = load(folder / f"sacct_gpu_fields_noconvert_{version}.txt").by_id
    alone = load(folder / f"sacct_gpu_fields_X_{version}.txt")
    usage = {*USAGE_COLUMNS, "usage_observed_at"}
    assert not any(row[name] for row in alone.attempts for name in usage)
    for key, row in seen(alone, usage | {"observed_at"}).items():
        assert row == {name: value for name, value in whole[key].items() if name in row}


@pytest.mark.parametrize("version", ["22.05", "24.11"])
def test_every_column_of_sacct_gives_the_same_attempts_as_the_chosen_ones(shared_data: Path, version: str) -> None:
    folder = shared_data / f"slurm_{version}"
    every, chosen = (load(folder / f"sacct_{kind}_{version}.txt") for kind in ("all_fields", "gpu_fields"))
    assert not every.problems
    assert seen(every, {"user_id", "energy_joules"}) == seen(chosen, {"user_id", "energy_joules"})
