"""The doctor names everything that should have happened and did not, who can read secrets, and what is full; nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from gpuledger.actions.ops.diagnosis import Diagnosis
from gpuledger.actions.ops.doctor import Patient, examine, nagios, worst
from gpuledger.actions.publish import publish
from gpuledger.config import Ledger, Settings, open_ledger
from gpuledger.model.batch import Batch
from gpuledger.model.tables import RUNS, SNAPSHOTS
from tests.reports.ledgers import attempt, ledger, snapshot

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)


@pytest.fixture
def led(tmp_path: Path) -> Path:
    ledger(tmp_path / "led", [attempt(1)], [snapshot(until=NOW - timedelta(hours=1))]).close()
    return tmp_path / "led"


def settings(led: Path, **said: Any) -> Settings:
    return Settings.model_validate({"ledger": str(led), "ops": {"disk_ratio": 1.0}} | said)


def examined(told: Settings, file: Path | None = None, now: datetime = NOW) -> dict[str, Diagnosis]:
    """What is not well, by part."""
    return {one.part: one for one in examine(Patient(told, file, now)) if one.level != "ok" and "disk" not in one.part}


@contextmanager
def opened(told: Settings) -> Iterator[Ledger]:
    with open_ledger(told) as ledger:
        yield ledger


def polled(
    told: Settings, at: datetime, status: str = "complete", error: str | None = None, source: str = "hpg"
) -> None:
    row = {"cluster": "hpg", "source": source, "time": at, "until": at, "status": status, "error": error}
    with opened(told) as ledger:
        ledger.store.append(Batch(SNAPSHOTS, pa.Table.from_pylist([row])), f"poll-{source}-{at:%H%M%S}")


SLURM = {"hpg": {"type": "slurm", "cluster": "hpg"}}
NIGHTLY = {
    "channels": {"f": {"type": "folder", "folder": "/nonexistent/m"}},
    "deliveries": {"nightly": {"report": "usage", "channel": "f", "at": "30 5 * * *"}},
}


def test_a_site_that_is_well_has_nothing_to_name(led: Path) -> None:
    told = settings(led, sources=SLURM)
    polled(told, NOW - timedelta(minutes=10))
    found = list(examine(Patient(told, None, NOW)))
    assert [one for one in found if one.level != "ok"] == []
    assert {"configuration", "ledger", "source hpg"} <= {one.part for one in found}


def test_a_source_that_was_not_collected_is_named(led: Path) -> None:
    told = settings(led, sources=SLURM)
    assert "never collected" in examined(told)["source hpg"].sentence
    polled(told, NOW - timedelta(hours=3))
    late = examined(told)["source hpg"]
    assert late.level == "warning"
    assert "It should have been at 2026-05-20 11:45 UTC and was not." in late.sentence
    assert examined(told, now=NOW + timedelta(days=2))["source hpg"].level == "critical"


def test_a_poll_that_failed_is_told_with_its_reason_until_one_succeeds(led: Path) -> None:
    told = settings(led, sources=SLURM)
    polled(told, NOW - timedelta(minutes=20))
    polled(told, NOW - timedelta(minutes=5), "failed", "sacct: connection refused")
    assert "connection refused" in examined(told)["source hpg"].sentence
    polled(told, NOW - timedelta(minutes=1))
    assert examined(told) == {}


@pytest.mark.parametrize("status", ["failed", "partial"])
def test_what_does_not_answer_beside_the_accounting_is_named_until_it_does(led: Path, status: str) -> None:
    told = settings(led, sources=SLURM)
    polled(told, NOW - timedelta(minutes=5))
    polled(told, NOW - timedelta(minutes=5), status, "nodes: scontrol did not answer", "hpg now")
    found = examined(told)
    assert list(found) == ["source hpg now"]
    assert found["source hpg now"].level == "warning"
    assert "nodes: scontrol did not answer" in found["source hpg now"].sentence
    polled(told, NOW - timedelta(minutes=1), source="hpg now")
    assert examined(told) == {}


def test_a_delivery_that_was_not_made_is_named_after_its_grace(led: Path) -> None:
    told = settings(led, **NIGHTLY)
    due = datetime(2026, 5, 20, 5, 30, tzinfo=UTC)
    found = examined(told, now=due + timedelta(minutes=16))["delivery nightly"]
    assert found == Diagnosis(
        "delivery nightly", "critical", "It should have been made at 2026-05-20 05:30 UTC and was not."
    )
    sent = {"ingest_id": "x", "run_kind": "send", "input_name": "nightly", "run_started_at": due, "result": "done"}
    with opened(told) as ledger:
        ledger.store.append(Batch(RUNS, pa.Table.from_pylist([sent])), "x")
    assert examined(told, now=due + timedelta(minutes=16)) == {}
    assert "delivery nightly" not in examined(told, now=due + timedelta(days=1, minutes=5))  # within its grace
    assert "delivery nightly" in examined(told, now=due + timedelta(days=1, minutes=16))


def test_a_publication_that_was_not_made_or_failed_is_named(led: Path, tmp_path: Path) -> None:
    told = settings(
        led, publish={"p": {"type": "folder", "folder": str(tmp_path / "www"), "names": "real", "reports": ["usage"]}}
    )
    assert "never made" in examined(told)["publication p"].sentence
    with opened(told) as ledger:
        publish(ledger, "p", NOW)
    assert examined(told) == {}
    assert (
        "should have been made at 2026-05-20 13:30 UTC"
        in examined(told, now=NOW + timedelta(minutes=106))["publication p"].sentence
    )
    broken = settings(
        led,
        publish={"p": {"type": "git", "repository": str(tmp_path / "no.git"), "names": "real", "reports": ["usage"]}},
    )
    with opened(broken) as ledger, pytest.raises(Exception, match="git failed"):
        publish(ledger, "p", NOW, is_forced=True)
    assert "git failed" in examined(broken)["publication p"].sentence


def test_files_with_secrets_that_all_can_read_are_named_and_only_those(led: Path, tmp_path: Path) -> None:
    file, smtp, env = tmp_path / "gpuledger.toml", tmp_path / "smtp", tmp_path / ".env"
    file.write_text('[channels.m]\ntype = "email"\npassword = "hunter2"\n')
    smtp.write_text("hunter2")
    env.write_text("GPULEDGER_CHANNELS__M__PASSWORD=hunter2\n")
    channel = {"type": "email", "host": "h", "sender": "a@b.edu", "password_file": str(smtp)}
    told = settings(led, channels={"m": channel})
    for path in (file, smtp, env):
        path.chmod(0o640)
    assert examined(told, file) == {}
    for path in (file, smtp, env):
        path.chmod(0o644)
        found = [one for one in examine(Patient(told, file, NOW)) if one.level != "ok"]
        assert [str(path) in one.sentence for one in found if one.part == "secrets"] == [True]
        assert "hunter2" not in found[0].sentence
        path.chmod(0o600)
    file.write_text('[publish.p]\nrepository = "https://bot:hunter2@git.example.edu/p.git"\n')
    file.chmod(0o644)
    assert "secrets" in examined(told, file)
    file.write_text('ledger = "x"\n')
    file.chmod(0o644)
    assert examined(told, file) == {}


def test_a_full_disk_a_missing_ledger_and_a_wrong_setting_are_named(led: Path, tmp_path: Path) -> None:
    full = settings(led, ops={"disk_ratio": 0.0001})
    assert any(one.part.startswith("disk") and one.level == "warning" for one in examine(Patient(full, None, NOW)))
    assert "There is no ledger" in examined(settings(tmp_path / "nowhere"))["ledger"].sentence
    wrong = settings(led, sources={"x": {"type": "slurm", "comand": "sacct"}})
    found = examined(wrong)
    assert "did you mean 'command'" in found["configuration"].sentence
    assert found["source x"].level == "critical"


def test_a_damaged_ledger_is_named_and_stops_nothing(led: Path) -> None:
    for file in (led / "runs", led / "snapshots"):
        if file.exists():
            for log in (file / "_delta_log").glob("*.json"):
                log.write_text("{ not json")
    found = examined(settings(led, sources=SLURM))
    assert found["ledger"].level == "critical"


def test_old_files_of_a_site_without_sources_are_stale(led: Path) -> None:
    assert examined(settings(led)) == {}
    assert (
        "newest data is of 2026-05-20 11:00 UTC"
        in examined(settings(led), now=NOW + timedelta(days=3))["data"].sentence
    )


def test_monitoring_gets_one_line_and_its_code() -> None:
    well, warned = Diagnosis("a", "ok", "Fine."), Diagnosis("b", "warning", "Late | by\nan hour.")
    bad = Diagnosis("c", "critical", "Gone.")
    assert nagios([well]) == ("GPULEDGER OK - 1 parts are well | ok=1 warning=0 critical=0", 0)
    assert nagios([well, warned]) == ("GPULEDGER WARNING - b: Late / by an hour. | ok=1 warning=1 critical=0", 1)
    line, code = nagios([well, warned, bad])
    assert line.startswith("GPULEDGER CRITICAL - c: Gone.; b: Late")
    assert code == 2
    assert worst([well, bad, warned]) == "critical"
