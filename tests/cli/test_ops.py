"""ops: entries for three schedulers, a doctor with exit codes for monitoring; what is missing is one sentence."""

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run

CONFIGURED = """
ledger = "led"
[sources.hpg]
type = "slurm"
cluster = "hpg"
[publish.pages]
type = "folder"
folder = "www"
names = "real"
"""


@pytest.fixture
def site(led: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("GPULEDGER_LEDGER")
    (work / "gpuledger.toml").write_text(CONFIGURED.replace('"led"', f'"{led}"'))
    return work


@pytest.mark.parametrize("form", ["cron", "scrontab", "systemd"])
def test_entries_name_everything_by_absolute_paths(form: str, site: Path, cli: Run) -> None:
    ran = cli("ops", "schedule", form)
    assert ran.code == 0
    for name in ("gpuledger-collect-hpg", "gpuledger-publish-pages", "gpuledger-watchdog"):
        assert name in ran.out
    assert f"--config {site / 'gpuledger.toml'}" in ran.out
    assert "publish pages --publish" in ran.out


def test_units_are_written_where_asked(site: Path, cli: Run) -> None:
    ran = cli("ops", "schedule", "systemd", "--out", "units")
    assert sorted(ran.out.split()) == sorted(f"units/{path.name}" for path in (site / "units").iterdir())
    assert {path.suffix for path in (site / "units").iterdir()} == {".service", ".timer"}


@pytest.mark.usefixtures("site")
def test_what_only_this_shell_says_is_warned_of(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPULEDGER_DISPLAY_ZONE", "Europe/Berlin")
    assert "Only this shell says display_zone" in cli("ops", "schedule", "cron").err


def test_a_site_that_configures_nothing_is_told_so(work: Path, cli: Run) -> None:
    (work / "gpuledger.toml").write_text('ledger = "led"\n')
    ran = cli("ops", "schedule", "cron")
    assert ran.code == 2
    assert "Nothing runs by itself yet" in ran.err


@pytest.mark.usefixtures("site")
def test_the_doctor_ends_with_4_and_names_what_was_missed(cli: Run) -> None:
    ran = cli("ops", "doctor", "--json")
    assert ran.code == 4
    bad = {row["part"]: row["sentence"] for row in json.loads(ran.out) if row["level"] == "critical"}
    assert "never collected" in bad["source hpg"]
    assert "never made" in bad["publication pages"]
    assert "parts need a look" in ran.err


def test_monitoring_gets_its_own_codes(site: Path, work: Path, cli: Run) -> None:
    ran = cli("ops", "doctor", "--nagios")
    assert ran.code == 2
    assert ran.out.startswith("GPULEDGER CRITICAL - ")
    assert len(ran.out.splitlines()) == 1
    (site / "gpuledger.toml").write_text("ledger = [")
    ran = cli("ops", "doctor", "--nagios")
    assert ran.code == 3
    assert ran.out.startswith("GPULEDGER UNKNOWN - ")
    assert "is not TOML" in ran.out


@pytest.mark.usefixtures("site")
def test_a_watchdog_without_slurm_is_one_sentence(cli: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    ran = cli("ops", "watchdog")
    assert ran.code == 1
    assert ran.err == "gpuledger: Slurm cannot be asked: squeue cannot be run: No such file or directory.\n"


def test_a_site_without_data_is_no_failure_of_the_publication(work: Path, cli: Run) -> None:
    (work / "gpuledger.toml").write_text(
        'ledger = "led"\n[publish.pages]\ntype = "folder"\nfolder = "www"\nreports = ["usage"]\nnames = "real"\n'
    )
    (work / "led").mkdir()
    assert cli("publish", "pages", "--publish").code == 3
    told = {row["part"]: row for row in json.loads(cli("ops", "doctor", "--json").out)}["publication pages"]
    assert told["level"] == "warning"
    assert re.fullmatch(
        r"There was nothing to publish \d+ min ago: the ledger holds no data of its periods\.", told["sentence"]
    )
