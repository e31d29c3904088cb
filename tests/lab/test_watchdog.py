"""The watchdog on a real Slurm: jobs of ours that it could not start are freed, held ones are left alone."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gpuledger.actions.ops.watchdog import stuck, watch

pytestmark = pytest.mark.lab
OURS = "gpuledger-collect-hpg"


@pytest.fixture(autouse=True)
def in_lab(slurm_lab: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CONF", slurm_lab["SLURM_CONF"])


@dataclass(frozen=True)
class Prolog:
    """A prolog that fails for the jobs listed in its file: Slurm then puts a job back and holds it."""

    failing: Path

    def fail(self, job: str) -> None:
        self.failing.write_text(f"{self.failing.read_text()}{job}\n")

    def mend(self) -> None:
        self.failing.write_text("")


@pytest.fixture
def prolog(slurm_lab: dict[str, str], tmp_path: Path) -> Iterator[Prolog]:
    config = Path(slurm_lab["SLURM_CONF"])
    before, failing, script = config.read_text(), tmp_path / "failing", tmp_path / "prolog"
    failing.touch()
    script.write_text(f'#!/bin/sh\n! grep -qx "$SLURM_JOB_ID" {failing}\n')
    script.chmod(0o755)
    for folder in (tmp_path, *tmp_path.parents):
        if folder.is_relative_to("/tmp/pytest-of-root"):
            folder.chmod(0o755)
    config.write_text(f"{before}\nProlog={script}\n")
    run("scontrol", "reconfigure")
    yield Prolog(failing)
    config.write_text(before)
    run("scontrol", "reconfigure")
    nodes_up()


def run(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def nodes_up() -> None:
    """A prolog that failed drains its node."""
    for node in run("sinfo", "--noheader", "--Node", "--states=drain", "--format=%N").split():
        subprocess.run(
            ["scontrol", "update", f"NodeName={node}", "State=RESUME"], check=False, capture_output=True
        )  # it may be back already


def waiting_reason(job: str) -> str:
    return state(job).replace("_", " ")


def submitted(name: str, *options: str) -> str:
    quick = ["--parsable", "--chdir=/tmp", "-o", "/dev/null", "-p", "cpu", f"--job-name={name}", "--time=5"]
    return run("sbatch", *quick, *options, "--wrap", "sleep 120")


def state(job: str) -> str:
    return run("squeue", "--noheader", f"--jobs={job}", "--states=all", "--format=%T|%r")


def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, run("squeue", "--states=all", "--format=%i %j %T %r")
        time.sleep(0.3)


def put_back(prolog: Prolog, name: str) -> str:
    """A job that Slurm could not start and holds."""
    job = submitted(name, "--hold")
    prolog.fail(job)
    run("scontrol", "release", job)
    until(lambda: "launch failed" in waiting_reason(job))
    nodes_up()
    return job


def watchdog(folder: Path, *options: str) -> list[dict[str, str]]:
    (folder / "gpuledger.toml").write_text('ledger = "led"\n[sources.hpg]\ntype = "slurm"\n')
    done = subprocess.run(
        [sys.executable, "-m", "gpuledger", "--log-file", "log", "ops", "watchdog", "--json", *options],
        capture_output=True, text=True, cwd=folder, env=dict(os.environ), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, str]] = json.loads(done.stdout)
    return rows


def test_stuck_jobs_of_ours_are_freed_and_no_other_is_touched(prolog: Prolog, tmp_path: Path) -> None:
    held, foreign = submitted(OURS, "--hold"), put_back(prolog, "somebody-elses")
    ours = put_back(prolog, OURS)
    assert [one.job for one in stuck([OURS])] == [ours]
    assert [row["done"] for row in watchdog(tmp_path, "--dry-run")] == ["would be released"]
    assert "launch failed" in waiting_reason(ours)
    prolog.mend()
    assert [(row["job"], row["done"]) for row in watchdog(tmp_path)] == [(ours, "released")]
    run("scontrol", "update", f"jobid={ours}", "StartTime=now")  # a job that was put back waits for two minutes
    until(lambda: state(ours).startswith("RUNNING"))
    assert state(held) == "PENDING|JobHeldUser"
    assert "launch failed" in waiting_reason(foreign)
    assert ours in (tmp_path / "log").read_text()
    run("scancel", ours, held, foreign)


def test_a_job_that_stays_stuck_is_cancelled(prolog: Prolog) -> None:
    ours = put_back(prolog, OURS)

    def stuck_again() -> None:
        run("scontrol", "update", f"jobid={ours}", "StartTime=now")  # a job that was put back waits for two minutes
        until(lambda: bool(stuck([OURS])))

    acts = list(watch([OURS], stuck_again))
    assert [(act.stuck.job, act.done) for act in acts] == [(ours, "released"), (ours, "cancelled")]
    assert state(ours).startswith("CANCELLED")
