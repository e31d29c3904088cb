"""The watchdog on a real Slurm: jobs of ours that it could not start are freed, held ones are left alone."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from gpuledger.actions.ops.watchdog import stuck, watch
from tests.lab.cluster import CALL_SECONDS, lines, told, tried, until

pytestmark = pytest.mark.lab
OURS = "gpuledger-collect-hpg"
TRIES = 6
"""Now and then Slurm runs or ends a job without asking the prolog: then another is tried."""
OVER = ("COMPLETED", "FAILED", "CANCELLED", "NODE_FAIL", "TIMEOUT")


@pytest.fixture(scope="module", autouse=True)
def in_lab(slurm_lab: dict[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", slurm_lab["SLURM_CONF"])
        yield


@dataclass(frozen=True)
class Prolog:
    """A prolog that fails for the jobs listed in its file: Slurm then puts a job back and holds it."""

    failing: Path

    def fail(self, job: str) -> None:
        self.failing.write_text(f"{self.failing.read_text()}{job}\n")

    def mend(self) -> None:
        self.failing.write_text("")


@pytest.fixture(scope="module")
def prolog(in_lab: None) -> Iterator[Prolog]:
    config = Path(os.environ["SLURM_CONF"])
    before, failing, script = config.read_text(), config.with_name("failing"), config.with_name("prolog")
    failing.touch()
    script.write_text(f'#!/bin/sh\n! grep -qx "$SLURM_JOB_ID" {failing}\n')
    script.chmod(0o755)
    config.write_text(f"{before}\nProlog={script}\n")
    told("scontrol", "reconfigure")
    until(lambda: set(lines("sinfo", "--noheader", "--Node", "--format=%T")) == {"idle"})
    yield Prolog(failing)
    config.write_text(before)
    told("scontrol", "reconfigure")
    nodes_up()


def nodes_up() -> None:
    """A prolog that failed drains its node."""
    for node in told("sinfo", "--noheader", "--Node", "--states=drain", "--format=%N").split():
        tried("scontrol", "update", f"NodeName={node}", "State=RESUME")  # it may be back already


def until_with_nodes(is_so: Callable[[], bool]) -> None:
    """Waits until it is so, on nodes that are up: a node is drained some time after its prolog failed."""

    def is_so_now() -> bool:
        nodes_up()
        return is_so()

    until(is_so_now)


def submitted(name: str, *options: str) -> str:
    quick = ["--parsable", "--chdir=/tmp", "-o", "/dev/null", "-p", "cpu", f"--job-name={name}", "--time=5"]
    return told("sbatch", *quick, *options, "--wrap", "sleep 1").strip()


def state(job: str) -> str:
    return told("squeue", "--noheader", f"--jobs={job}", "--states=all", "--format=%T|%r").strip()


def is_put_back(job: str) -> bool:
    return "launch failed" in state(job).replace("_", " ")


def is_over(job: str) -> bool:
    return state(job).startswith(OVER)


def is_settled(job: str) -> bool:
    """Put back and held, or over; one that was put back and only waits for its time is told to start now."""
    if "BeginTime" in state(job):
        tried("scontrol", "update", f"jobid={job}", "StartTime=now")
    return is_put_back(job) or is_over(job)


def put_back(prolog: Prolog, name: str) -> str:
    """A job that Slurm could not start and holds."""
    for _ in range(TRIES):
        job = submitted(name, "--hold")
        prolog.fail(job)
        told("scontrol", "release", job)
        until_with_nodes(partial(is_settled, job))
        if is_put_back(job):
            return job
    raise AssertionError(f"Slurm asked the prolog for none of {TRIES} jobs")


def watchdog(folder: Path, *options: str) -> list[dict[str, str]]:
    (folder / "gpuledger.toml").write_text('ledger = "led"\n[sources.hpg]\ntype = "slurm"\n')
    done = subprocess.run(
        [sys.executable, "-m", "gpuledger", "--log-file", "log", "ops", "watchdog", "--json", *options],
        capture_output=True, text=True, cwd=folder, env=dict(os.environ), check=False, timeout=CALL_SECONDS,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, str]] = json.loads(done.stdout)
    return rows


def test_stuck_jobs_of_ours_are_freed_and_no_other_is_touched(prolog: Prolog, tmp_path: Path) -> None:
    held, foreign = submitted(OURS, "--hold"), put_back(prolog, "somebody-elses")
    ours = put_back(prolog, OURS)
    assert [one.job for one in stuck([OURS])] == [ours]
    assert [row["done"] for row in watchdog(tmp_path, "--dry-run")] == ["would be released"]
    assert is_put_back(ours)
    prolog.mend()
    assert [(row["job"], row["done"]) for row in watchdog(tmp_path)] == [(ours, "released")]
    told("scontrol", "update", f"jobid={ours}", "StartTime=now")  # a job that was put back waits for two minutes
    until_with_nodes(lambda: state(ours).startswith(("RUNNING", "COMPLETED")))
    assert state(held) == "PENDING|JobHeldUser"
    assert is_put_back(foreign)
    assert ours in (tmp_path / "log").read_text()
    for job in (ours, held, foreign):
        tried("scancel", job)


def test_a_job_that_stays_stuck_is_cancelled(prolog: Prolog) -> None:
    done: list[tuple[str, str]] = []
    for _ in range(TRIES):
        ours = put_back(prolog, OURS)
        done = [(act.stuck.job, act.done) for act in watch([OURS], partial(stuck_again, ours))]
        if len(done) > 1:
            break
        tried("scancel", ours)
    assert done == [(ours, "released"), (ours, "cancelled")]
    assert state(ours).startswith("CANCELLED")


def stuck_again(job: str) -> None:
    """Lets a released job start, and fail, once more."""
    before = starts(job)
    until_with_nodes(lambda: is_settled(job) and (starts(job) > before or is_over(job)))


def starts(job: str) -> int:
    """How often Slurm has put a job back."""
    return int(told("squeue", "--noheader", f"--jobs={job}", "--states=all", "--Format=RestartCnt"))
