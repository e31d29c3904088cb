"""`gpuledger --help`, against a Python that does nothing."""

import subprocess
import sys
from pathlib import Path

from benchmarks.case import Action, Case, Goal, seconds
from benchmarks.typed import typed


def make(_: Path, __: bool) -> None:
    """Needs no data."""


def ours(_: Path, __: Path) -> Action:
    typed("--help")

    def show() -> int:
        typed("--help")
        return 0

    return show


def limit(_: Path, __: Path) -> Action:
    return lambda: subprocess.run([sys.executable, "-c", "pass"], check=True).returncode


CASE = Case(
    "help_screen", "gpuledger --help", "python -c pass", make, ours, limit, (Goal("s", seconds, "<", 0.2),), rounds=7
)
