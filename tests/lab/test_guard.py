"""A lab never outlives who started it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.cluster import until
from tests.lab.conftest import LAB

pytestmark = pytest.mark.lab
HOLDER = """
import os, subprocess, sys
environment = {**os.environ, "SLURM_LAB_DIR": sys.argv[2]}
subprocess.Popen([sys.argv[1], "guard"], stdin=subprocess.PIPE, env=environment, start_new_session=True)
daemon = subprocess.Popen(["sleep", "600"], env={"SLURM_LAB_MARK": sys.argv[2]}, start_new_session=True)
print(daemon.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.usefixtures("slurm_lab")
def test_a_lab_ends_when_who_holds_it_is_killed() -> None:
    home = Path(f"/tmp/gpuledger-lab-{os.getpid()}-held")
    home.mkdir()
    command = [sys.executable, "-c", HOLDER, str(LAB), str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        daemon = Path("/proc") / holder.stdout.readline().strip()
        assert daemon.is_dir()
        holder.send_signal(signal.SIGKILL)
    until(lambda: not daemon.is_dir() and not home.exists())
