"""Files as sites really have them: every accounting file loads, every unusable line is reported."""

import json
from pathlib import Path

import pytest

from tests.sources.slurm.reading import read


@pytest.mark.parametrize(("name", "jobs"), [("one", 2), ("multiple", 4)])
def test_names_with_newlines_read_like_the_answer_made_by_hand(shared_data: Path, name: str, jobs: int) -> None:
    folder = shared_data / "slurm_broken_sacct"
    broken, answer = (
        read((folder / f"sample-sacct-{name}-multiline{end}").read_bytes()) for end in (".txt", "-expected.txt")
    )
    assert broken.by_id == answer.by_id
    assert broken.rows_read == answer.rows_read == jobs + 2
    assert [problem.reason for problem in broken.problems] == ["a step without its job's row before it"] * 2


def test_a_line_with_too_few_columns_is_reported(shared_data: Path) -> None:
    reading = read((shared_data / "slurm_broken_sacct/sample-sacct-output-with-invalid-lines.txt").read_bytes())
    assert not reading.attempts
    assert [(problem.line, problem.reason) for problem in reading.problems] == [(2, "93 columns instead of 109")]
    assert reading.problems[0].row.startswith("lpha-0.0-ed|volta32gb|")


def test_steps_alone_are_reported_row_by_row(shared_data: Path) -> None:
    reading = read((shared_data / "slurm_broken_sacct/sample-sacct-output.txt").read_bytes())
    assert not reading.attempts
    assert reading.rows_read == len(reading.problems) == 68


@pytest.mark.parametrize("suffix", ["", "-expected"])
def test_a_file_with_no_times_but_the_end_loads(shared_data: Path, suffix: str) -> None:
    name = f"sample-sacct-output-midnight-edge-case-small{suffix}.txt"
    reading = read((shared_data / "slurm_broken_sacct" / name).read_bytes())
    assert [row["job_id"] for row in reading.attempts] == ["39125549", "39125551", "39125552"]
    assert {row["state"] for row in reading.attempts} == {"cancelled"}
    assert all(row["started_at"] is None and row["gpu_count"] is None for row in reading.attempts)


GPU_REQUESTS = ("gres", "multi-nodes", "multi-types", "per-node", "per-task", "running", "type", "per-socket")


@pytest.mark.parametrize("version", ["24.05_0.0.41", "25.11_0.0.43"])
@pytest.mark.parametrize("name", GPU_REQUESTS)
def test_gpus_of_a_running_job_are_told_by_its_details(shared_data: Path, version: str, name: str) -> None:
    path = shared_data / f"slurm_rest_json/slurmweb_{version}_slurm-job-gpus-{name}.json"
    details = json.loads(path.read_text())["jobs"][0]["gres_detail"]
    held = sum(int(detail.split("(")[0].rsplit(":", 1)[1]) for detail in details)
    (row,) = read(path.read_bytes()).attempts
    assert held > 0
    assert row["gpu_count"] == held
    assert row["ended_at"] is None


def test_every_jobs_answer_of_slurmrestd_loads(shared_data: Path) -> None:
    for path in sorted((shared_data / "slurm_rest_json").glob("slurmweb*job*.json")):
        reading = read(path.read_bytes())
        assert not reading.problems, path.name
        if "archived" in path.name or "unfound" in path.name:
            assert not reading.attempts
            assert reading.remarks[0].startswith("Slurm answered with an error: Unable to query JobId=")
        else:
            assert reading.rows_read == len(reading.attempts) > 0


@pytest.mark.parametrize("name", ["slurm_22.05/squeue_22.05.json", "slurm_24.11/squeue_24.11_midrun.json"])
def test_the_queue_as_json_gives_attempts_that_later_accounting_continues(shared_data: Path, name: str) -> None:
    version = name.split("/")[0].removeprefix("slurm_")
    queue = read((shared_data / name).read_bytes())
    accounting = read((shared_data / f"slurm_{version}/sacct_D_{version}.json").read_bytes())
    shared = queue.by_id.keys() & accounting.by_id.keys()
    assert len(shared) >= 3
    for key in shared:
        now, later = queue.by_id[key], accounting.by_id[key]
        for column in ("job_id", "submitted_at", "user_name", "account", "partition_month"):
            assert now[column] == later[column]


def test_a_running_job_of_the_queue_has_no_end_though_slurm_prints_an_estimate(shared_data: Path) -> None:
    queue = read((shared_data / "slurm_24.11/squeue_24.11_midrun.json").read_bytes())
    live = [row for row in queue.attempts if row["state"] in ("running", "pending")]
    assert len(live) == 6
    assert all(row["ended_at"] is None for row in live)
    assert all(row["started_at"] is None for row in live if row["state"] == "pending")


def test_gpu_use_of_a_seeded_month_lies_between_idle_and_busy(shared_data: Path) -> None:
    reading = read((shared_data / "slurm_24.11/sacct_seeded_gpuutil_24.11.txt").read_bytes())
    measured = [row for row in reading.attempts if row["gpu_busy_ratio"] is not None]
    assert len(measured) > 300
    assert all(0 <= row["gpu_busy_ratio"] <= 1 and row["gpu_count"] > 0 for row in measured)
    assert {row["gpu_busy_source"] for row in measured} == {"slurm gpuutil"}
