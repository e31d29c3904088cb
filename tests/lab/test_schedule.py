"""What `ops schedule` prints is run: by Slurm as a batch job that is given no environment, and by a shell as cron starts one."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.lab.cluster import CALL_SECONDS, accounted, lines, until

pytestmark = pytest.mark.lab
CONFIG = """
ledger = "led"
[sources.lab]
type = "slurm"
history_days = 1
[ops]
disk_ratio = 1.0
[channels.post]
type = "folder"
folder = "post"
[deliveries.nightly]
report = "usage"
channel = "post"
last = "6h"
at = "{at}"
[publish.pages]
type = "folder"
folder = "www"
names = "real"
reports = ["rolling"]
windows = ["24h"]
"""
NAMES = ["collect-lab", "send-nightly", "send-due", "publish-pages", "watchdog"]


@pytest.fixture(scope="module", autouse=True)
def in_lab(slurm_lab: dict[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", slurm_lab["SLURM_CONF"])
        patch.delenv("TZ", raising=False)
        yield


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configured site whose delivery was due a few minutes ago, in a folder with an odd name."""
    folder = tmp_path_factory.mktemp("site") / "100%j of 'it'"
    folder.mkdir()
    due = datetime.now(UTC) - timedelta(minutes=3)
    (folder / "gpuledger.toml").write_text(CONFIG.format(at=f"{due.minute} {due.hour} * * *"))
    return folder


def gpuledger(site: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "gpuledger", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=site, check=False, timeout=CALL_SECONDS)


def examined(site: Path) -> dict[str, Any]:
    """What the doctor says of each part, and its exit code."""
    done = gpuledger(site, "ops", "doctor", "--json")
    return {row["part"]: row for row in json.loads(done.stdout)} | {"code": done.returncode}


def scripts(scrontab: str) -> Iterator[str]:
    """Each entry as a batch script: Slurm reads the options of both in the same way."""
    options: list[str] = []
    for line in scrontab.splitlines():
        if line.startswith("#SCRON "):
            options.append(line.replace("#SCRON ", "#SBATCH "))
        elif line and not line.startswith("#"):
            yield "\n".join(["#!/bin/sh", *options, line.split(" ", 5)[5], ""])
            options = []


def test_a_folder_that_is_missing_is_named_and_may_be_made(site: Path) -> None:
    printed = gpuledger(site, "ops", "schedule", "scrontab")
    assert f"Make the folder {site / 'led'} first" in printed.stderr
    assert examined(site)["ledger"]["level"] == "critical"
    (site / "led").mkdir()


def test_each_scrontab_entry_runs_as_a_job_without_an_environment(site: Path) -> None:
    """One after the other: of two sends at once the second ends with 75."""
    jobs: list[str] = []
    for script in scripts(gpuledger(site, "ops", "schedule", "scrontab").stdout):
        (site / "job.sh").write_text(script)
        after = [f"--dependency=afterany:{jobs[-1]}"] if jobs else []
        jobs += lines("sbatch", "--parsable", "--chdir=/", "-p", "cpu", *after, str(site / "job.sh"))
    until(lambda: not {*ends(jobs)} & {"", "PENDING", "RUNNING"}, 120)
    assert ends(jobs) == ["COMPLETED"] * len(NAMES), said(site)
    assert (site / "www" / "index.html").is_file()
    assert list((site / "post").rglob("*"))
    assert (site / "led" / "gpuledger.jsonl").stat().st_size
    assert {file.name for file in (site / "led").glob("*.out")} == {f"gpuledger-{name}.out" for name in NAMES}


def ends(jobs: list[str]) -> list[str]:
    return [accounted(job) for job in jobs]


def said(site: Path) -> str:
    return "".join(f"{file.name}: {file.read_text()}\n" for file in site.rglob("*.out"))


def test_after_them_the_doctor_is_content(site: Path) -> None:
    found = examined(site)
    assert {part: row for part, row in found.items() if part != "code" and row["level"] != "ok"} == {}
    assert found["code"] == 0
    assert {"source lab", "delivery nightly", "publication pages", "watchdog"} <= found.keys()


def test_a_line_of_cron_runs_in_an_empty_shell(site: Path) -> None:
    text = gpuledger(site, "ops", "schedule", "cron").stdout
    [line] = [line for line in text.splitlines() if "collect lab" in line and not line.startswith("#")]
    command = line.split(" ", 5)[5].replace(r"\%", "%")
    done = subprocess.run(
        ["/bin/sh", "-c", command], env={}, cwd="/", capture_output=True, check=False, timeout=CALL_SECONDS
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
