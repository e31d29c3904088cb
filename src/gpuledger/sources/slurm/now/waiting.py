"""Since when a job waits: one that poll after poll finds waiting is one interval, from the first to the last of them.

A poll carries on the intervals of the one before it. A job that was not seen for longer than `gap` waits anew.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from gpuledger.sources.slurm.now.poll import Seen

LONGEST_GAP = timedelta(seconds=5400)
PERIODS = 3
"""A job is waited for this many polls, or for `LONGEST_GAP`, whichever is longer."""


def gap(period_seconds: float | None) -> timedelta:
    """How long a job may be missing before its interval is over."""
    return max(LONGEST_GAP, timedelta(seconds=PERIODS * (period_seconds or 0)))


def carried_on(jobs: Iterable[str], before: Mapping[str, Seen], now: datetime, allowed: timedelta) -> dict[str, Seen]:
    """The intervals after a poll at `now` that found `jobs`; those of other jobs stay as long as they may go on."""
    going_on = {job: seen for job, seen in before.items() if seen.last <= now <= seen.last + allowed}
    return going_on | {job: Seen(going_on[job].first if job in going_on else now, now) for job in jobs}
