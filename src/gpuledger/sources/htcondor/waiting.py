"""Idle GPU jobs as intervals: a job that poll after poll finds waiting is one row, from the first to the last of them.

A poll carries on the intervals of the one before it (`Seen`), so it costs what it shows, not what has been. A job that
was not seen for longer than `gap` waits anew.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gpuledger.sources.htcondor.attributes import group, number, text

MIB = 2**20
IDLE = 1
"""JobStatus of a job that waits."""
LONGEST_GAP = timedelta(seconds=5400)
PERIODS = 3
"""A job is waited for this many polls, or for `LONGEST_GAP`, whichever is longer."""


@dataclass(frozen=True)
class Seen:
    """When a job was first and last found waiting, in the interval that may still go on."""

    first: datetime
    last: datetime


def gap(period_seconds: float) -> timedelta:
    """How long a job may be missing before its interval is over."""
    return max(LONGEST_GAP, timedelta(seconds=PERIODS * period_seconds))


def carried_on(jobs: Iterable[str], before: Mapping[str, Seen], now: datetime, allowed: timedelta) -> dict[str, Seen]:
    """The intervals after a poll at `now` that found `jobs`; those of other jobs stay as long as they may go on."""
    going_on = {job: seen for job, seen in before.items() if seen.last <= now <= seen.last + allowed}
    return going_on | {job: Seen(going_on[job].first if job in going_on else now, now) for job in jobs}


def is_waiting(ad: Mapping[str, Any]) -> bool:
    """Is it an idle job that asks for a GPU?"""
    return ad.get("JobStatus") == IDLE and (number(ad, "RequestGPUs") or 0) >= 1


def rows(waiting: Iterable[tuple[Mapping[str, Any], Seen]]) -> Iterator[dict[str, Any]]:
    """Rows of pending, less the cluster."""
    for ad, seen in waiting:
        job = str(ad["GlobalJobId"])
        yield {
            "pending_id": f"{job}@{int(seen.first.timestamp())}",
            "job_id": job,
            "job_name": text(ad, "JobBatchName"),
            "command": text(ad, "Cmd"),
            "user_name": text(ad, "User") or text(ad, "Owner"),
            "account": _account(ad),
            "submitted_at": _moment(ad.get("QDate")),
            "first_seen_at": seen.first,
            "last_seen_at": seen.last,
            "task_count": 1.0,
            "requested_gpu_count": number(ad, "RequestGPUs"),
            "requested_cpu_count": number(ad, "RequestCpus"),
            "requested_memory_bytes": _bytes(ad, "RequestMemory"),
            "requested_gpu_memory_bytes": _bytes(ad, "GPUsMinMemory", "RequestGPUMemory"),
        }


def _bytes(ad: Mapping[str, Any], *names: str) -> float | None:
    """The first of these amounts (MiB) that is told."""
    return next((told * MIB for name in names if (told := number(ad, name)) is not None), None)


def _account(ad: Mapping[str, Any]) -> str | None:
    """The projects a slot's owners are named by, else what the job is charged to."""
    named = (text(ad, name) for name in ("ChtcProjects", "ProjectName", "AcctGroup"))
    return next(filter(None, named), None) or group(ad, text(ad, "Owner"))


def _moment(seconds: Any) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) and 0 < seconds < 2**33 else None
