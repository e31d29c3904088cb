"""The Document of the same window in bins of a minute, as the live page draws it."""

from dataclasses import replace
from pathlib import Path

from benchmarks.case import Action, Goal, seconds
from benchmarks.cases import rolling_report


def ours(data: Path, scratch: Path) -> Action:
    return lambda: rolling_report.made(data, scratch, "1min", "json")


CASE = replace(
    rolling_report.CASE,
    name="rolling_minutes",
    title="gpuledger report rolling --format json, the same in bins of a minute",
    ours=ours,
    goals=(Goal("s", seconds, "<", 4),),
    rounds=1,
)
