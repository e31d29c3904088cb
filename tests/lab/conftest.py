"""A real Slurm cluster on this machine, with a month of accounting in its database."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

LAB = Path(__file__).parent / "slurm_lab.sh"
PROGRAMS = ("sacct", "sreport", "slurmctld", "slurmdbd", "slurmd", "munged", "mariadbd")


def _missing() -> str | None:
    if os.geteuid() != 0:
        return "the Slurm lab needs root"
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    absent = [program for program in PROGRAMS if not shutil.which(program, path=path)]
    return f"the Slurm lab needs {', '.join(absent)} (tests/lab/slurm_lab.sh install)" if absent else None


def _free_ports(count: int) -> int:
    """The first of `count` ports in a row that nobody listens on."""
    for first in range(26800, 32000, count):
        if not any(_is_open(first + i) for i in range(count)):
            return first
    raise OSError("no free ports for the Slurm lab")


def _is_open(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.05)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def slurm_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment of the cluster's commands; 5,000 jobs over 30 days are in it. Skips, saying why, where it cannot run."""
    if reason := _missing():
        pytest.skip(reason)
    home = Path(f"/tmp/gpuledger-lab-{os.getpid()}")
    settings = {"SLURM_LAB_DIR": str(home), "SLURM_LAB_PORT": str(_free_ports(20)), "SLURM_LAB_TZ": "UTC"}
    environment = {**os.environ, **settings}
    try:
        for command in (["up"], ["seed", "5000", "30"]):
            _lab(command, environment)
        yield {**environment, "SLURM_CONF": str(home / "etc" / "slurm.conf")}
    finally:
        _lab(["purge"], environment)


def _lab(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        [str(LAB), *command], env=environment, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
