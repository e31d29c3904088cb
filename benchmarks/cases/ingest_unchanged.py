"""The same file again, against its first ingest: nothing is new, so nothing is committed."""

import shutil
from pathlib import Path

from benchmarks.case import Action, Case, Goal, ratio
from benchmarks.cases import ingest_sacct
from benchmarks.lakes import commits
from benchmarks.typed import typed


def make(folder: Path, is_quick: bool) -> None:
    ingest_sacct.make(folder, is_quick)
    typed("--ledger", folder / "ledger", "ingest", "slurm", folder / "sacct.txt", "--zone", "UTC")


def ours(data: Path, scratch: Path) -> Action:
    ledger = Path(shutil.copytree(data / "ledger", scratch / "ledger"))
    rows, before = ingest_sacct.lines(data), commits(ledger)

    def again() -> int:
        typed("--ledger", ledger, "ingest", "slurm", data / "sacct.txt", "--zone", "UTC")
        if commits(ledger) != before:
            raise SystemExit("an unchanged file was committed to job_attempts")
        return rows

    return again


CASE = Case(
    "ingest_unchanged",
    "the same 1 M lines again, 0 commits on data tables",
    "their first ingest",
    make,
    ours,
    ingest_sacct.ours,
    (Goal("of the first ingest", ratio, "<", 0.5),),
)
