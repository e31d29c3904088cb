"""collect of states: a poll is one moment with its own snapshot; failures and empty pools are told as such.

An executable script stands for `condor_status` and `condor_q`, so that it runs anywhere; a real pool is asked in
tests/sources/htcondor/test_real_pool.py.
"""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gpuledger.actions.collect import collect
from gpuledger.config import Ledger, Settings, open_ledger
from gpuledger.model.errors import SourceError
from gpuledger.model.tables import GPU_STATES, PENDING, RUNS, SNAPSHOTS, Table
from tests.sources.htcondor.telling import job, long, slot

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
COMMAND = """#!{python}
import pathlib, sys
here = pathlib.Path(__file__).parent
if (here / "down").exists():
    sys.exit("Error: communication error")
if "-schedd" in sys.argv:
    print("ap1\\nap2")
elif "-name" in sys.argv:
    name = sys.argv[sys.argv.index("-name") + 1]
    if (here / (name + ".down")).exists():
        sys.exit("Error: " + name + " is not there")
    print((here / (name + ".ads")).read_text())
else:
    print((here / "slots.ads").read_text())
"""


class Site:
    """A pool as its commands tell it."""

    def __init__(self, home: Path, ledger: Ledger) -> None:
        self.home, self.ledger = home, ledger

    def tells(self, slots: list[dict[str, Any]], **jobs: list[dict[str, Any]]) -> None:
        (self.home / "slots.ads").write_text(long(*slots))
        for name in ("ap1", "ap2"):
            (self.home / f"{name}.ads").write_text(long(*jobs.get(name, [])))

    def rows(self, table: Table) -> list[dict[str, Any]]:
        rows = self.ledger.store.matching(table, cluster="chtc").to_pylist()
        return sorted(rows, key=lambda row: [str(row[name]) for name in table.key])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    program = tmp_path / "condor"
    program.write_text(COMMAND.replace("{python}", sys.executable))
    program.chmod(0o755)
    fields = {"type": "htcondor", "way": "commands", "status_command": str(program), "queue_command": str(program)}
    settings = {"ledger": str(tmp_path / "led"), "sources": {"chtc": {**fields, "period_seconds": 900}}}
    with open_ledger(Settings.model_validate(settings)) as ledger:
        site = Site(tmp_path, ledger)
        site.tells([slot(), slot("slot1@lab1.edu", Machine="lab1.edu")], ap1=[job(1)], ap2=[job(2)])
        yield site


def test_a_poll_is_one_moment_with_one_snapshot(site: Site) -> None:
    poll = collect(site.ledger, "chtc", NOW)
    assert poll.error is None
    (snapshot,) = site.rows(SNAPSHOTS)
    assert {key: snapshot[key] for key in ("source", "status", "row_count", "period_seconds", "since", "until", "error")} == {
        "source": "chtc", "status": "complete", "row_count": 2, "period_seconds": 900.0, "since": None, "until": None, "error": None,
    }  # fmt: skip
    assert snapshot["told_tables"] == ["gpu_states", "pending"]
    assert {row["time"] for row in site.rows(GPU_STATES)} == {snapshot["time"]} == {NOW.replace(tzinfo=None)}
    assert len(site.rows(PENDING)) == 2


def test_a_poll_without_idle_jobs_is_no_missing_poll(site: Site) -> None:
    site.tells([slot()])
    collect(site.ledger, "chtc", NOW)
    assert site.rows(PENDING) == []
    assert site.rows(SNAPSHOTS)[0]["told_tables"] == ["gpu_states", "pending"]


def test_a_poll_that_finds_nothing_is_empty(site: Site) -> None:
    site.tells([])
    assert collect(site.ledger, "chtc", NOW).error is None
    (snapshot,) = site.rows(SNAPSHOTS)
    assert (snapshot["status"], snapshot["row_count"]) == ("empty", 0)


def test_a_poll_that_fails_is_a_gap_in_what_polls_tell(site: Site) -> None:
    (site.home / "down").touch()
    poll = collect(site.ledger, "chtc", NOW)
    assert isinstance(poll.error, SourceError)
    assert "communication error" in str(poll.error)
    (snapshot,) = site.rows(SNAPSHOTS)
    assert (snapshot["status"], snapshot["told_tables"]) == ("failed", ["gpu_states", "pending"])
    assert "communication error" in snapshot["error"]


def test_an_access_point_that_is_down_keeps_its_jobs_waiting(site: Site) -> None:
    collect(site.ledger, "chtc", NOW)
    (site.home / "ap2.down").touch()
    collect(site.ledger, "chtc", NOW + 15 * MINUTE)
    (site.home / "ap2.down").unlink()
    collect(site.ledger, "chtc", NOW + 30 * MINUTE)
    assert [row["status"] for row in site.rows(SNAPSHOTS)] == ["complete", "partial", "complete"]
    assert "ap2" in site.rows(SNAPSHOTS)[1]["error"]
    assert [row["last_seen_at"] - row["first_seen_at"] for row in site.rows(PENDING)] == [30 * MINUTE] * 2


def test_a_job_that_was_long_gone_waits_anew(site: Site) -> None:
    for minutes in (0, 15, 120, 135):
        collect(site.ledger, "chtc", NOW + minutes * MINUTE)
    first = [row for row in site.rows(PENDING) if row["job_id"].startswith("ap1#1.")]
    assert [row["last_seen_at"] - row["first_seen_at"] for row in first] == [15 * MINUTE, 15 * MINUTE]


def test_a_failed_poll_in_between_does_not_cut_an_interval(site: Site) -> None:
    for minutes in (0, 15, 30):
        if minutes == 15:
            (site.home / "down").touch()
        collect(site.ledger, "chtc", NOW + minutes * MINUTE)
        (site.home / "down").unlink(missing_ok=True)
    assert [row["last_seen_at"] - row["first_seen_at"] for row in site.rows(PENDING)] == [30 * MINUTE] * 2


def test_without_the_raw_bytes_of_the_last_poll_jobs_wait_anew(site: Site) -> None:
    collect(site.ledger, "chtc", NOW)
    for kept in (site.home / "led" / "raw").glob("*/*.zst"):
        kept.unlink()
    assert collect(site.ledger, "chtc", NOW + 15 * MINUTE).error is None
    assert len(site.rows(PENDING)) == 4


def test_the_same_moment_again_adds_nothing(site: Site) -> None:
    collect(site.ledger, "chtc", NOW)
    before = [site.rows(table) for table in (GPU_STATES, PENDING, SNAPSHOTS)]
    site.tells([slot(state="Claimed")], ap1=[job(1)], ap2=[job(2)])
    poll = collect(site.ledger, "chtc", NOW)
    assert [site.rows(table) for table in (GPU_STATES, PENDING, SNAPSHOTS)] == before
    assert poll.answers[0].tables["gpu_states"].inserted == 0


def test_a_bad_ad_is_a_problem_of_the_poll(site: Site) -> None:
    site.tells([slot(), slot("slot2@lab0.edu", AssignedGPUs=None, AvailableGPUs=None)])
    poll = collect(site.ledger, "chtc", NOW)
    assert [(one.rows_read, one.problems) for one in poll.answers] == [(2, 1)]
    assert site.rows(SNAPSHOTS)[0]["status"] == "complete"


def test_the_first_poll_of_a_day_puts_small_files_together(site: Site) -> None:
    for minute in range(0, 17 * 5, 5):
        assert collect(site.ledger, "chtc", NOW + minute * MINUTE).files_removed == 0
    poll = collect(site.ledger, "chtc", NOW + timedelta(days=1))
    assert poll.files_removed > 0
    assert {info.name: info.files for info in site.ledger.store.info()}["gpu_states"] <= 2


def test_each_poll_is_kept_raw_and_is_a_run(site: Site) -> None:
    for minutes in (0, 15):
        collect(site.ledger, "chtc", NOW + minutes * MINUTE)
    runs = site.ledger.store.matching(RUNS, source="chtc").to_pylist()
    assert [(run["run_kind"], run["result"]) for run in runs] == [("collect", "done")] * 2
    kept = [site.ledger.raw.open(entry).read() for entry in site.ledger.raw.entries()]
    assert sorted(json.loads(one.splitlines()[0])["time"] for one in kept) == [
        "2026-11-20T09:00:00+00:00", "2026-11-20T09:15:00+00:00",
    ]  # fmt: skip


def test_commands_that_are_not_there_say_what_to_do(site: Site) -> None:
    fields = {"type": "htcondor", "way": "commands", "status_command": "/no/such/condor_status"}
    with open_ledger(
        Settings.model_validate({"ledger": str(site.home / "led"), "sources": {"chtc": fields}})
    ) as ledger:
        error = collect(ledger, "chtc", NOW).error
    assert "pip install 'gpuledger[condor]'" in str(error)
