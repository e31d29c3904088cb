"""The large experiment of the budget: 20,000 jobs of three DAGs, as their event logs and DAG files."""

import subprocess
import sys
from pathlib import Path

from benchmarks.typed import typed

TOOL = Path(__file__).parents[2] / "shared" / "tools" / "make_dag_logs.py"
JOBS, QUICK_JOBS = 20_000, 1_000
ZONE = ("--zone", "America/Chicago")


def make(folder: Path, is_quick: bool) -> None:
    """Event logs, DAGs and what stands beside them."""
    if not TOOL.exists():
        raise SystemExit(f"{TOOL} makes the experiment's logs and is not there; put `shared` beside the clone.")
    command = [sys.executable, TOOL, "--out", folder, "--jobs", QUICK_JOBS if is_quick else JOBS]
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)


def write_table(data: Path, table: Path) -> int:
    """The table of attempts, by command; the number of its rows."""
    dags = ("--dag-files", *sorted(data.glob("*.dag")))
    typed("experiment", "csv", *dags, "--metl-logs", data / "metl.log", *ZONE, "-o", table)
    with table.open("rb") as lines:  # never whole: its memory would be taken for the command's
        return sum(1 for _ in lines) - 1
