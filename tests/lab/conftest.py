"""A real Slurm cluster on this machine, with a month of accounting in its database."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.debian.packages import unpacked
from tests.lab.cluster import BEGAN

LAB = Path(__file__).parent / "slurm_lab.sh"
PROGRAMS = ("sacct", "sreport", "slurmctld", "slurmdbd", "slurmd", "munged", "mariadbd")
UP_SECONDS = 180
DOWN_SECONDS = 60


def _missing() -> str | None:
    if os.geteuid() != 0:
        return "the Slurm lab needs root"
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    absent = [program for program in PROGRAMS if not shutil.which(program, path=path)]
    return f"the Slurm lab needs {', '.join(absent)} (tests/lab/slurm_lab.sh install)" if absent else None


def _free_ports(count: int) -> int:
    """The first of `count` ports in a row that nobody listens on."""
    for first in range(26800, 32000, count):
        if all(_is_free(first + i) for i in range(count)):
            return first
    raise OSError("no free ports for the Slurm lab")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


@pytest.fixture(scope="session")
def rest_packages() -> Path:
    """Debian's slurmrestd and tokens for it, unpacked."""
    return unpacked("slurmrestd", "slurm-wlm-jwt-plugin")


@pytest.fixture(scope="session")
def slurm_lab(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """Environment of the cluster's commands; 5,000 jobs over 30 days are in it. Skips, saying why, where it cannot run."""
    if reason := _missing():
        pytest.skip(reason)
    home = Path(f"/tmp/gpuledger-lab-{os.getpid()}")
    began = datetime.now(UTC)
    settings = {"SLURM_LAB_DIR": str(home), "SLURM_LAB_PORT": str(_free_ports(20)), "SLURM_LAB_TZ": "UTC"}
    environment = {**os.environ, **settings, **_packages(request)}
    guard = _guard(environment)
    try:
        for command in (["up"], ["seed", "5000", "30"]):
            lab(command, environment)
        yield {**environment, "SLURM_CONF": str(home / "etc" / "slurm.conf"), BEGAN: began.isoformat()}
    finally:
        guard.communicate(timeout=DOWN_SECONDS)


def _packages(request: pytest.FixtureRequest) -> dict[str, str]:
    """Without them the cluster has no slurmrestd; the tests that ask one skip and say so."""
    try:
        return {"SLURM_LAB_DEBS": str(request.getfixturevalue("rest_packages"))}
    except pytest.skip.Exception:
        return {}


def _guard(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Ends the cluster when our end of its pipe closes: when the tests are over, and when they were killed."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(
        [str(LAB), "guard"], stdin=subprocess.PIPE, env=environment, start_new_session=True, **quiet
    )


def lab(command: list[str], environment: dict[str, str]) -> None:
    """Tells the lab to do something. What it starts holds none of our pipes."""
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(
            [str(LAB), *command], env=environment, stdout=said, stderr=said, timeout=UP_SECONDS, check=False
        )
        said.seek(0)
        assert done.returncode == 0, said.read()[-2000:].decode("utf-8", "replace")
