"""The lab's Slurm as tests speak to it: every call and every wait has an end."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from datetime import datetime

CALL_SECONDS = 60
PATIENCE_SECONDS = 120
"""Slurm schedules and accounts within seconds; a loaded machine takes longer."""


BEGAN = "SLURM_LAB_BEGAN"


def rolled_up_to(lab: Mapping[str, str]) -> datetime:
    """The midnight up to which Slurm has summed whole days: the last one before the lab began, whenever this is asked."""
    return datetime.fromisoformat(lab[BEGAN]).replace(hour=0, minute=0, second=0, microsecond=0)


def told(*command: str) -> str:
    """What a command says; an error that holds all it said where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=CALL_SECONDS)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout


def lines(*command: str) -> list[str]:
    return told(*command).splitlines()


def tried(*command: str) -> None:
    """A command that may fail: what it asks for may be so already."""
    subprocess.run(command, capture_output=True, check=False, timeout=CALL_SECONDS)


def submit(user: str, work: str, *options: str) -> str:
    """A job of one of the lab's users; its id."""
    environment = ["env", f"SLURM_CONF={os.environ['SLURM_CONF']}", "TZ=UTC"]
    command = ["sbatch", "--parsable", "--chdir=/tmp", "-o", "/dev/null", *options, "--wrap", work]
    [job] = lines("runuser", "-u", user, "--", *environment, *command)
    return job


def until(is_so: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Waits until it is so; an error that shows the queue where it does not come so far."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, told("squeue", "--states=all", "--format=%i %j %T %r")
        time.sleep(0.25)


def accounted(job: str) -> str:
    """The states of a job and its tasks as the accounting has them."""
    return " ".join(lines("sacct", "-X", "-n", "-P", "-j", job, "-o", "State"))
