"""The same page in bins of a minute."""

from dataclasses import replace
from pathlib import Path

from benchmarks.case import Action, Goal, seconds
from benchmarks.cases import rolling_report


def ours(data: Path, scratch: Path) -> Action:
    return lambda: rolling_report.page(data, scratch, "1min")


CASE = replace(
    rolling_report.CASE,
    name="rolling_minutes",
    title="the same in bins of a minute",
    ours=ours,
    goals=(Goal("s", seconds, "<", 4),),
    rounds=1,
)
