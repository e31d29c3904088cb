"""Waiting jobs from both layouts, and commands; nothing twice, nothing made up."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gpuledger.actions.ingest import ingest
from gpuledger.model.errors import SourceError
from gpuledger.model.schema import unbound
from gpuledger.model.tables import PENDING
from gpuledger.raw import RawZone
from gpuledger.sources import Context
from gpuledger.sources.job_pressure import JobPressure
from gpuledger.store.lake import Lake
from tests.sources.job_pressure.databases import COMMANDS, INTERVALS, JOB, POLLS, Found, Row, database, found

DAY = datetime(2026, 5, 1, tzinfo=UTC)


@dataclass
class Site:
    store: Lake
    raw: RawZone


def intervals(tmp_path: Path, *rows: Row, columns: tuple[str, ...] = INTERVALS) -> Found:
    return found(database(tmp_path / "a.db", {"job_pressure": (columns, rows)}))


def polls(tmp_path: Path, seen: dict[str, list[int]], **how: Any) -> Found:
    """Jobs and the minutes of the day at which a poll found them waiting."""
    stamps = [(minute, job) for job, minutes in seen.items() for minute in minutes]
    rows = [
        JOB | {"GlobalJobId": job, "timestamp": f"{(DAY + timedelta(minutes=at)).replace(tzinfo=None)}"}
        for at, job in sorted(stamps)
    ]
    return found(database(tmp_path / "a.db", {"job_pressure": (POLLS, rows)}), **how)


def test_an_interval_is_a_row_with_what_the_job_asks_for(tmp_path: Path) -> None:
    told = intervals(tmp_path, JOB)
    assert told.pending == [{
        "cluster": "pool", "pending_id": "ap2001#7.0#1751328000@1751328300", "job_id": "ap2001#7.0#1751328000",
        "user_name": "jin263", "account": "ISyE", "submitted_at": datetime(2025, 7, 1, tzinfo=UTC),
        "first_seen_at": datetime(2025, 7, 1, 0, 5, tzinfo=UTC), "last_seen_at": datetime(2025, 7, 1, 3, 55, tzinfo=UTC),
        "task_count": 1.0, "requested_gpu_count": 1.0, "requested_cpu_count": 4.0, "requested_memory_bytes": 32768 * 2.0**20,
        "requested_gpu_memory_bytes": 40000 * 2.0**20, "command": None,
    }]  # fmt: skip
    assert told.remarks == [
        "This layout tells when jobs waited, not when somebody looked: no poll and no job look alike."
    ]
    assert told.snapshots == []


def test_unknown_stays_unknown_and_empty_stays_empty(tmp_path: Path) -> None:
    (row,) = intervals(
        tmp_path,
        JOB | {"RequestGPUMemory": None, "RequestMemory": "undefined", "Owner": None, "ChtcProjects": "", "QDate": "x"},
    ).pending
    assert (row["requested_gpu_memory_bytes"], row["requested_memory_bytes"], row["user_name"], row["account"], row["submitted_at"]) == (
        None, None, None, "", None,
    )  # fmt: skip


def test_columns_may_be_missing_more_or_in_another_order(tmp_path: Path) -> None:
    few = intervals(tmp_path, JOB, columns=("last_seen", "New", "first_seen", "GlobalJobId"))
    assert few.intervals == intervals(tmp_path, JOB).intervals
    assert few.pending[0]["requested_gpu_count"] is None
    assert "Columns that are not known here were left out: New." in few.remarks


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"GlobalJobId": None}, "it names no job"),
        ({"GlobalJobId": " "}, "it names no job"),
        ({"first_seen": None}, "its interval is not known"),
        ({"last_seen": "soon"}, "its interval is not known"),
        ({"first_seen": float("inf")}, "its interval is not known"),
        ({"first_seen": -5}, "its interval is not known"),
        ({"last_seen": 1751328299}, "its interval ends before it begins"),
    ],
)
def test_a_row_that_tells_no_interval_is_a_problem_with_its_place(change: Row, reason: str, tmp_path: Path) -> None:
    told = intervals(tmp_path, JOB, JOB | change)
    assert [(problem.line, problem.reason) for problem in told.problems] == [(2, reason)]
    assert len(told.pending) == told.input_rows == 1


def test_the_cut_at_the_end_of_a_month_makes_two_intervals_that_share_no_moment(tmp_path: Path) -> None:
    end = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp())
    may = intervals(tmp_path, JOB | {"first_seen": end - 7200, "last_seen": end - 300})
    june = intervals(tmp_path, JOB | {"first_seen": end + 600, "last_seen": end + 3600})
    assert {row["job_id"] for row in may.pending + june.pending} == {JOB["GlobalJobId"]}
    assert len({row["pending_id"] for row in may.pending + june.pending}) == 2
    assert may.pending[0]["last_seen_at"] < june.pending[0]["first_seen_at"]


def test_a_row_a_poll_becomes_an_interval_and_a_gap_of_more_than_two_polls_another(tmp_path: Path) -> None:
    told = polls(tmp_path, {"a": [0, 15, 30, 60, 75, 135], "b": [15], "c": list(range(0, 150, 15))})
    assert sorted(told.intervals) == [
        ("a", "01 00:00", "01 01:15"), ("a", "01 02:15", "01 02:15"), ("b", "01 00:15", "01 00:15"), ("c", "01 00:00", "01 02:15"),
    ]  # fmt: skip
    assert told.input_rows == 6 + 1 + 10


def test_each_poll_of_that_layout_is_a_snapshot(tmp_path: Path) -> None:
    told = polls(tmp_path, {"a": [0, 15, 45], "b": [15]}, period_seconds=900)
    assert [(f"{row['time']:%H:%M}", row["row_count"]) for row in told.snapshots] == [
        ("00:00", 1),
        ("00:15", 2),
        ("00:45", 1),
    ]
    assert {(row["source"], row["status"], row["period_seconds"], *row["told_tables"]) for row in told.snapshots} == {
        ("job-pressure", "complete", 900.0, "pending")
    }
    assert "This layout has no row for a poll that found no job: such a poll looks like none." in told.remarks


def test_both_layouts_of_the_same_polls_tell_the_same_intervals(tmp_path: Path) -> None:
    minutes = {"a": [0, 15, 30], "b": [15, 30, 45, 60]}
    first = int(DAY.timestamp())
    rows = [
        JOB | {"GlobalJobId": job, "first_seen": first + 60 * at[0], "last_seen": first + 60 * at[-1]}
        for job, at in minutes.items()
    ]
    assert sorted(intervals(tmp_path, *rows).pending, key=str) == sorted(polls(tmp_path, minutes).pending, key=str)


def test_rows_in_any_order_make_the_same_intervals(tmp_path: Path) -> None:
    stamps = [f"{(DAY + timedelta(minutes=at)).replace(tzinfo=None)}" for at in (0, 15, 30, 45)]
    rows = [JOB | {"timestamp": stamp} for stamp in stamps]
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [1, 0, 3, 2]):
        told = found(database(tmp_path / "a.db", {"job_pressure": (POLLS, [rows[at] for at in order])}))
        assert [(first, last) for _, first, last in told.intervals] == [("01 00:00", "01 00:45")]


def test_local_polls_over_the_night_the_clocks_go_back_are_told_apart_by_their_order(tmp_path: Path) -> None:
    zone = ZoneInfo("America/Chicago")
    moments = [
        datetime(2026, 11, 1, 5, tzinfo=UTC) + timedelta(minutes=15, seconds=at) for at in range(0, 4 * 3600, 907)
    ]
    rows = [JOB | {"timestamp": f"{at.astimezone(zone).replace(tzinfo=None)}"} for at in moments]
    content = database(tmp_path / "a.db", {"job_pressure": (POLLS, rows)})
    assert [row["time"] for row in found(content, zone="America/Chicago").snapshots] == moments


def test_a_poll_in_one_of_two_hours_that_nothing_tells_apart_is_a_problem(tmp_path: Path) -> None:
    rows = [JOB | {"timestamp": stamp} for stamp in ("2026-11-01 00:50:00", "2026-11-01 01:20:00", "no time")]
    told = found(database(tmp_path / "a.db", {"job_pressure": (POLLS, rows)}), zone="America/Chicago")
    assert [(problem.line, problem.reason) for problem in told.problems] == [
        (2, "the time of its poll is not known"),
        (3, "the time of its poll is not known"),
    ]
    assert len(told.snapshots) == 1


def test_many_jobs_are_let_go_when_they_are_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpuledger.sources.job_pressure.polls.SWEPT_AT", 5)
    seen = {f"job{n}": [15 * n, 15 * n + 15] for n in range(100)}
    told = polls(tmp_path, seen)
    assert len(told.pending) == 100
    assert {(last > first) for _, first, last in told.intervals} == {True}


def test_job_info_tells_commands_of_jobs_that_nobody_saw_waiting(tmp_path: Path) -> None:
    row = {"GlobalJobId": "ap#99.0#1751328000", "Cmd": "/usr/bin/sleep", "Args": "3600", "Owner": "bob", "RequestGPUs": 1, "QDate": 1751328000,
           "first_seen": "2026-03-23T09:00:02", "InitialWaitDuration": 812}  # fmt: skip
    told = found(database(tmp_path / "a.db", {"job_info": (COMMANDS, [row, {"Cmd": "x"}])}))
    assert told.intervals == [("ap#99.0#1751328000", "never", "never")]
    assert (told.pending[0]["command"], told.pending[0]["user_name"]) == ("/usr/bin/sleep", "bob")
    assert [(problem.line, problem.reason) for problem in told.problems] == [(2, "it names no job")]


def test_a_file_with_both_tables_is_read_whole(tmp_path: Path) -> None:
    told = found(
        database(
            tmp_path / "a.db",
            {"job_pressure": (INTERVALS, [JOB]), "job_info": (COMMANDS, [{"GlobalJobId": "b", "Cmd": "sleep"}])},
        )
    )
    assert [row["command"] for row in told.pending] == [None, "sleep"]


def test_what_has_neither_table_or_is_cut_off_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="neither of the tables job_pressure and job_info"):
        found(database(tmp_path / "a.db", {"other": (("a",), [])}))
    with pytest.raises(SourceError, match="lacks GlobalJobId"):
        found(database(tmp_path / "a.db", {"job_pressure": (("first_seen", "last_seen"), [])}))
    with pytest.raises(SourceError, match="neither first_seen and last_seen nor timestamp"):
        found(database(tmp_path / "a.db", {"job_pressure": (("GlobalJobId",), [])}))
    with pytest.raises(SourceError, match="not SQLite"):
        found(b"GlobalJobId,Owner\n")
    whole = database(
        tmp_path / "a.db", {"job_pressure": (INTERVALS, [JOB | {"GlobalJobId": f"{n}"} for n in range(2000)])}
    )
    with pytest.raises(SourceError, match="damaged or cut off"):
        found(whole[: len(whole) // 2])


def test_claims_are_by_the_tables_names(tmp_path: Path) -> None:
    source = JobPressure()
    assert (
        source.claims(database(tmp_path / "a.db", {"job_pressure": (INTERVALS, [])}), "a.db")
        == "job_pressure in SQLite"
    )
    assert source.claims(database(tmp_path / "a.db", {"job_info": (COMMANDS, [])}), "a.db") == "job_info in SQLite"
    assert source.claims(database(tmp_path / "a.db", {"other": (("a",), [])}), "job_pressure.db") is None
    assert source.claims(b"job_pressure", "a.db") is None


def test_in_a_ledger_the_same_file_changes_nothing_and_an_interval_that_went_on_is_updated(tmp_path: Path) -> None:
    store, path, now = Lake(tmp_path / "ledger"), tmp_path / "job_pressure_2025-07.db", datetime(2026, 1, 1, tzinfo=UTC)
    site = Site(store, RawZone(tmp_path / "ledger" / "raw"))
    context = Context("", cluster="pool", input_name=path.name)

    def read(*rows: Row) -> tuple[int, int]:
        database(path, {"job_pressure": (INTERVALS, rows)})
        done = ingest(site, JobPressure(), path, context=context, now=now)
        return done.accepted, done.unchanged

    other = JOB | {"GlobalJobId": "b", "last_seen": JOB["first_seen"]}
    assert read(JOB, other) == (2, 0)
    version = store.version(PENDING)
    assert read(other, JOB) == (0, 2)
    assert store.version(PENDING) == version
    assert read(JOB, other | {"last_seen": JOB["last_seen"]}) == (1, 1)
    assert len({row["last_seen_at"] for row in store.ask(unbound(PENDING)).to_pylist()}) == 1
