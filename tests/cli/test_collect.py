"""collect: since the watermark with overlap; a failed poll is a gap that is told; two never overlap."""

import fcntl
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from gpuledger.actions.collect import collect
from gpuledger.config import Settings, open_ledger
from gpuledger.metrics.ask import StoreAsk
from gpuledger.model.errors import SourceError
from gpuledger.model.period import Period
from gpuledger.model.schema import unbound
from gpuledger.model.tables import JOB_ATTEMPTS, SNAPSHOTS
from tests.cli.conftest import Run

NOW = datetime(2026, 5, 12, 12, tzinfo=UTC)
SACCT = """#!{python}
import json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
with open(here + "/calls", "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + chr(10))
if os.path.exists(here + "/down"):
    print("sacct: error: slurmdbd is down", file=sys.stderr)
    sys.exit(1)
fields = "JobIDRaw JobID Cluster User Account Partition State Submit Eligible Start End ElapsedRaw AllocTRES ExitCode NCPUS JobName"
if "-e" in sys.argv:
    print(fields)
    sys.exit()
given = dict(zip(sys.argv[1:], sys.argv[2:]))
wanted = given["-o"].split(",")
print(chr(31).join(wanted))
for row in json.load(open(here + "/rows")):
    print(chr(31).join(row[name] for name in wanted))
"""
RUNNING = {
    "JobIDRaw": "7", "JobID": "7", "Cluster": "hpg", "User": "ann", "Account": "physics", "Partition": "gpu",
    "State": "RUNNING", "Submit": "1778578200", "Eligible": "1778578200", "Start": "1778578200", "End": "Unknown",
    "ElapsedRaw": "3600", "AllocTRES": "cpu=8,gres/gpu=2", "ExitCode": "0:0", "NCPUS": "8", "JobName": "a",
}  # fmt: skip
ENDED = RUNNING | {"State": "COMPLETED", "End": "1778585400", "ElapsedRaw": "7200"}
"""Submitted 2026-05-12 09:30 UTC; ended two hours later."""


@pytest.fixture
def site(work: Path) -> Path:
    (work / "sacct").write_text(SACCT.replace("{python}", sys.executable))
    (work / "sacct").chmod(0o755)
    (work / "rows").write_text(json.dumps([RUNNING]))
    (work / "gpuledger.toml").write_text(
        f'ledger = "led"\n[sources.hpg]\ntype = "slurm"\ncommand = "{work}/sacct"\nhistory_days = 1\noverlap_hours = 6\n'
    )
    return work


def settings(site: Path) -> Settings:
    fields = {"type": "slurm", "command": f"{site}/sacct", "history_days": 1, "overlap_hours": 6}
    return Settings.model_validate({"ledger": str(site / "led"), "sources": {"hpg": fields}})


def snapshots(site: Path) -> list[dict[str, Any]]:
    with open_ledger(settings(site)) as ledger:
        rows: pa.Table = ledger.store.ask(unbound(SNAPSHOTS).order_by("time"))
        return list(rows.to_pylist())


def windows(site: Path) -> list[str]:
    calls = [json.loads(line) for line in (site / "calls").read_text().splitlines()]
    return [dict(zip(call, call[1:], strict=False))["-S"] for call in calls if "-S" in call]


def test_a_poll_reads_what_is_new_and_notes_how_far_it_came(site: Path) -> None:
    with open_ledger(settings(site)) as ledger:
        poll = collect(ledger, "hpg", NOW)
    assert poll.error is None
    assert sum(answer.accepted for answer in poll.answers) == 1
    told = snapshots(site)
    assert {(row["cluster"], row["source"], row["status"]) for row in told} == {("hpg", "hpg", "complete")}
    assert max(row["until"] for row in told) == NOW.replace(tzinfo=None)


def test_the_next_poll_asks_from_the_watermark_less_the_overlap(site: Path) -> None:
    later = NOW + timedelta(hours=1)
    with open_ledger(settings(site)) as ledger:
        collect(ledger, "hpg", NOW)
        (site / "rows").write_text(json.dumps([ENDED]))
        (site / "calls").unlink()
        poll = collect(ledger, "hpg", later)
    assert windows(site) == ["2026-05-12T06:00:00"] * 2
    assert sum(answer.accepted for answer in poll.answers) == 1
    assert max(row["until"] for row in snapshots(site)) == later.replace(tzinfo=None)


def test_a_poll_that_fails_is_a_gap_and_moves_no_watermark(site: Path) -> None:
    with open_ledger(settings(site)) as ledger:
        collect(ledger, "hpg", NOW)
        (site / "down").touch()
        poll = collect(ledger, "hpg", NOW + timedelta(hours=1))
        (site / "down").unlink()
        (site / "calls").unlink()
        assert collect(ledger, "hpg", NOW + timedelta(hours=2)).error is None
    assert isinstance(poll.error, SourceError)
    failed = [row for row in snapshots(site) if row["status"] == "failed"]
    assert [(row["cluster"], row["until"]) for row in failed] == [("hpg", None)]
    assert "slurmdbd is down" in failed[0]["error"]
    assert windows(site)[0] == "2026-05-12T06:00:00"


def test_the_first_poll_of_a_day_puts_small_files_together(site: Path) -> None:
    with open_ledger(settings(site)) as ledger:
        for minute in range(17):
            assert collect(ledger, "hpg", NOW + timedelta(minutes=minute)).files_removed == 0
        before = {info.name: info.files for info in ledger.store.info()}["snapshots"]
        poll = collect(ledger, "hpg", NOW + timedelta(days=1))
        after = {info.name: info.files for info in ledger.store.info()}["snapshots"]
    assert poll.files_removed > 0
    assert (before, after) == (17, 1)


def test_the_command_collects_every_configured_source(site: Path, cli: Run) -> None:
    ran = cli("collect", "--json")
    assert ran.code == 0
    [row] = json.loads(ran.out)
    assert (row["source"], row["result"], row["problems"]) == ("hpg", "done", 0)


def test_a_failed_poll_exits_with_1_and_says_why(site: Path, cli: Run) -> None:
    (site / "down").touch()
    ran = cli("collect", "hpg")
    assert ran.code == 1
    assert "gpuledger: hpg: " in ran.err
    assert "slurmdbd is down" in ran.err
    assert "failed" in ran.out


def test_two_polls_of_one_source_never_overlap(site: Path, cli: Run) -> None:
    assert cli("collect").code == 0
    with (site / "led" / "locks" / "hpg").open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = cli("collect")
    assert ran.code == 75
    assert "Another collect of hpg is running" in ran.err


def test_a_source_there_is_not_is_a_usage_error(site: Path, cli: Run) -> None:
    ran = cli("collect", "hgp")
    assert ran.code == 2
    assert "did you mean 'hpg'" in ran.err


def test_nothing_configured_says_what_to_do(cli: Run) -> None:
    ran = cli("collect")
    assert ran.code == 2
    assert "gpuledger init" in ran.err


WAITING = RUNNING | {"JobIDRaw": "8", "JobID": "8", "State": "PENDING", "Start": "Unknown", "ElapsedRaw": "0"}


def polled(site: Path, rows: list[dict[str, str]], hours: int) -> None:
    (site / "rows").write_text(json.dumps(rows))
    with open_ledger(settings(site)) as ledger:
        collect(ledger, "hpg", NOW + timedelta(hours=hours))


def held(site: Path) -> dict[str, tuple[str | None, datetime]]:
    """Who tells each attempt, and when it was last seen."""
    with open_ledger(settings(site)) as ledger:
        rows = ledger.store.matching(JOB_ATTEMPTS, cluster="hpg").to_pylist()
    return {row["job_id"]: (row["reported_by"], row["observed_at"].replace(tzinfo=UTC)) for row in rows}


def hours_of_job(site: Path, hours: int) -> float:
    period = Period(NOW - timedelta(days=1), NOW + timedelta(days=9))
    with open_ledger(settings(site)) as ledger:
        answer = StoreAsk(ledger.store, period, NOW + timedelta(hours=hours), "UTC").ask("gpu_hours")
    return float(answer.rows["gpu_hours"][0].as_py())


def test_an_attempt_that_is_no_longer_told_counts_to_the_last_poll_that_told_it(site: Path) -> None:
    for hours in (0, 1):
        polled(site, [RUNNING, WAITING], hours)
    for hours in (2, 3, 50):
        polled(site, [], hours)
    assert held(site) == {"7": (None, NOW + timedelta(hours=1)), "8": (None, NOW + timedelta(hours=1))}
    assert hours_of_job(site, 50) == pytest.approx(2 * 3.5)


def test_an_attempt_that_is_told_again_or_has_ended_counts_again(site: Path) -> None:
    polled(site, [RUNNING, WAITING], 0)
    polled(site, [], 1)
    polled(site, [RUNNING, WAITING], 2)
    assert {told for told, _ in held(site).values()} == {"hpg"}
    assert hours_of_job(site, 2) == pytest.approx(2 * 4.5)
    polled(site, [], 3)
    polled(site, [ENDED], 4)
    assert hours_of_job(site, 4) == pytest.approx(2 * 2)


def test_a_poll_that_fails_says_nothing_of_what_it_did_not_tell(site: Path) -> None:
    polled(site, [RUNNING], 0)
    (site / "down").touch()
    polled(site, [], 1)
    assert {told for told, _ in held(site).values()} == {"hpg"}
