"""Runs the command, in this process or as the shell would, in a home of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import gpuledger
from gpuledger.cli.edge import run
from tests.cli.accounting import ANN, BOB, accounting


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, with a home and without any setting."""
    for name in list(os.environ):
        if name.startswith(("GPULEDGER_", "XDG_")) or name in ("DATABASE_URL", "LOG_LEVEL"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def cli(work: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """`cli("query", "--list")` in this process."""

    def call(*args: str) -> Ran:
        capsys.readouterr()
        code = run(list(args))
        caught = capsys.readouterr()
        return Ran(code, caught.out, caught.err)

    return call


@pytest.fixture
def shell(work: Path) -> Run:
    """The same as a process of its own."""

    def call(*args: str, stdin: bytes = b"") -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "gpuledger", *args], capture_output=True, input=stdin, cwd=work, check=False
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return call


@pytest.fixture(scope="session")
def two_jobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of two jobs in May 2026, to read only."""
    folder = tmp_path_factory.mktemp("two")
    accounting(folder / "sacct.txt", ANN, BOB)
    with gpuledger.open(folder / "led") as ledger:
        ledger.ingest(folder / "sacct.txt", zone="UTC")
    return folder / "led"


@pytest.fixture
def led(two_jobs: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, as GPULEDGER_LEDGER says."""
    monkeypatch.setenv("GPULEDGER_LEDGER", str(two_jobs))
    return two_jobs
