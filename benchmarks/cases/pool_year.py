"""The pool report of 300 days: ten times the rows of a month in the same memory."""

from dataclasses import replace
from pathlib import Path

from benchmarks import pools
from benchmarks.case import Action, Goal, megabytes
from benchmarks.cases import pool_numbers
from benchmarks.typed import typed


def ours(data: Path, scratch: Path) -> Action:
    span = ("--last", f"{10 * pools.DAYS}d", "--to", f"{pools.END:%Y-%m-%dT%H:%MZ}")

    def report() -> int:
        typed(
            "--config", data / "gpuledger.toml", "report", "pool", *span, "--format", "html", "--out", scratch / "out"
        )
        return 0

    return report


CASE = replace(
    pool_numbers.CASE,
    name="pool_year",
    title="gpuledger report pool --format html over 300 days (73 M GPU states)",
    make=pools.make_year,
    ours=ours,
    goals=(Goal("MB", megabytes, "<", 500),),
    rounds=1,
    data="pool_year",
)
"""DESIGN §15: memory that does not grow with the period."""
