"""How far an input reaches: never past the moment Slurm was asked, never back to what nobody was told of."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sources.slurm.reading import read, sacct

TRES = "cpu=4,gres/gpu=2"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def running(job: int, start: str, elapsed: str) -> str:
    return f"{job}|{job}|ann|physics|RUNNING|{start}|{start}|{start}|Unknown|{elapsed}|{TRES}|x"


def ended(job: int, submit: str, start: str, end: str) -> str:
    elapsed = int((at(end) - at(start)).total_seconds())
    return f"{job}|{job}|ann|physics|COMPLETED|{submit}|{submit}|{start}|{end}|{elapsed}|{TRES}|x"


def span(*rows: str) -> tuple[datetime | None, datetime]:
    (mark,) = read(sacct(*rows)).watermarks
    return mark.since, mark.until


def test_a_waiting_job_that_may_begin_in_december_moves_no_watermark() -> None:
    waiting = f"2|2|bob|physics|PENDING|2026-09-21T12:00:30|2026-12-11T00:00:00|Unknown|Unknown|0|{TRES}|x"
    rows = (running(1, "2026-09-21T12:00:00", "60"), waiting)
    assert span(*rows)[1] == at("2026-09-21T12:01:00")
    assert {row["job_id"]: row["observed_at"] for row in read(sacct(*rows)).attempts} == {
        "1": at("2026-09-21T12:01:00"),
        "2": at("2026-09-21T12:00:30"),
    }
    assert span(waiting)[1] == at("2026-09-21T12:00:30")


def test_running_jobs_tell_the_moment_of_the_call_against_a_clock_gone_wrong() -> None:
    wrong = ended(8, "2099-05-01T00:00:00", "2099-05-01T01:00:00", "2099-05-01T02:00:00")
    rows = (wrong, running(9, "2026-05-01T01:00:00", "60"), running(10, "2026-05-01T00:00:00", "3665"))
    assert span(*rows) == (at("2026-05-01T01:01:05"), at("2026-05-01T01:01:05"))


def test_the_last_moment_told_stands_where_no_job_runs() -> None:
    assert span(ended(1, "2026-05-01T00:00:00", "2026-05-01T01:00:00", "2026-05-01T02:00:00"))[1] == at(
        "2026-05-01T02:00:00"
    )


def test_a_file_covers_from_its_first_end_not_from_its_first_submission() -> None:
    old = ended(1, "2026-01-05T00:00:00", "2026-05-31T00:00:00", "2026-05-31T10:00:00")
    new = ended(2, "2026-05-30T00:00:00", "2026-05-31T00:00:00", "2026-05-31T12:00:00")
    assert span(old, new) == (at("2026-05-31T10:00:00"), at("2026-05-31T12:00:00"))


def test_a_file_without_ends_covers_from_its_first_reading() -> None:
    assert span(running(1, "2026-01-05T00:00:00", "60"), running(2, "2026-05-05T00:00:00", "60")) == (
        at("2026-01-05T00:01:00"),
        at("2026-05-05T00:01:00"),
    )


@pytest.mark.parametrize("last_update", [1795146412, {"set": True, "infinite": False, "number": 1795146412}])
def test_the_controllers_own_moment_is_the_moment_of_its_answer(last_update: Any) -> None:
    job = {
        "job_id": 5, "job_state": "RUNNING", "submit_time": 1795146000, "eligible_time": 1795146000,
        "start_time": 1795146100, "end_time": 1795149999, "cluster": "hpc", "name": '"last_update": 1895146412',
    }  # fmt: skip
    (mark,) = read(json.dumps({"jobs": [job], "last_update": last_update, "errors": []})).watermarks
    assert mark.until == datetime.fromtimestamp(1795146412, UTC)


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("slurm_24.11/squeue_24.11_midrun.json", "2026-11-20T03:46:52"),
        ("slurm_22.05/squeue_22.05_midrun.json", "2026-11-20T03:42:40"),
    ],
)
def test_a_queue_in_mid_run_reaches_no_further_than_its_answer(shared_data: Path, name: str, moment: str) -> None:
    (mark,) = read((shared_data / name).read_bytes()).watermarks
    assert mark.until == at(moment)


def test_rows_that_started_before_they_were_submitted_stay_and_are_counted_in_a_remark() -> None:
    reading = read(sacct(ended(1, "2026-05-01T03:00:00", "2026-05-01T01:00:00", "2026-05-01T02:00:00")))
    assert len(reading.attempts) == 1
    assert any("1 rows started before they were submitted" in remark for remark in reading.remarks)


def test_array_tasks_known_by_jobid_alone_ask_for_jobidraw() -> None:
    fields = "JobID|State|Submit|Start|End|ElapsedRaw|AllocTRES"
    row = "COMPLETED|2026-05-01T00:00:00|2026-05-01T01:00:00|2026-05-01T02:00:00|3600|cpu=4"
    assert any("JobIDRaw" in remark for remark in read(sacct(f"18_3|{row}", fields=fields)).remarks)
    assert not any("JobIDRaw" in remark for remark in read(sacct(f"18|{row}", fields=fields)).remarks)
