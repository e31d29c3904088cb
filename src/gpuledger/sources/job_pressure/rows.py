"""What a row says of one waiting job, in canonical columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from gpuledger.model.problems import Problem
from gpuledger.sources.job_pressure.database import NUMBER

Row = dict[str, Any]
MIB = 2**20
JOB, OWNER, SUBMITTED, GPUS = "GlobalJobId", "Owner", "QDate", "RequestGPUs"
FIRST, LAST, POLL, COMMAND = "first_seen", "last_seen", "timestamp", "Cmd"
READ = (JOB, OWNER, SUBMITTED, GPUS, "RequestCPUs", "RequestMemory", "RequestGPUMemory", "ChtcProjects", FIRST, LAST, POLL, COMMAND)  # fmt: skip
NOT_KEPT = ("ScheddName", "Args", "InitialWaitDuration")
"""The access point is in the job's id; arguments may hold what nobody should read."""
NEVER = 2**33
"""Seconds since 1970 that no clock of a pool has shown (the year 2242)."""


@dataclass(frozen=True)
class Interval:
    """From the first to the last poll that found a job waiting, in seconds since 1970; `rows` of the file tell it."""

    first: float
    last: float
    rows: int = 1


def pending(row: Mapping[str, Any], interval: Interval | None) -> Row:
    """A row of pending, less its cluster. Without an interval nobody saw the job wait: its queue told of it."""
    job = str(row[JOB])
    return {
        "pending_id": f"{job}@{int(interval.first)}" if interval else job,
        "job_id": job,
        "user_name": text(row.get(OWNER)),
        "account": text(row.get("ChtcProjects")),
        "submitted_at": _instant(number(row.get(SUBMITTED))),
        "first_seen_at": _instant(interval.first if interval else None),
        "last_seen_at": _instant(interval.last if interval else None),
        "task_count": 1.0,
        "requested_gpu_count": number(row.get(GPUS)),
        "requested_cpu_count": number(row.get("RequestCPUs")),
        "requested_memory_bytes": _mib(row.get("RequestMemory")),
        "requested_gpu_memory_bytes": _mib(row.get("RequestGPUMemory")),
        "command": text(row.get(COMMAND)),
    }


def refused(row: Mapping[str, Any], reason: str) -> Problem:
    cells = (value for name, value in row.items() if name != NUMBER)
    return Problem(row[NUMBER], reason, ",".join("" if cell is None else str(cell) for cell in cells)[:2000])


def number(value: Any) -> float | None:
    """A number, written as one or as text; None for all else."""
    try:
        told = float(value)
    except (TypeError, ValueError):
        return None
    return told if isfinite(told) else None


def text(value: Any) -> str | None:
    """Text, None where an attribute was not defined."""
    said = None if value is None else str(value).strip()
    return None if said is None or said.lower() in ("undefined", "error") else said


def _mib(value: Any) -> float | None:
    told = number(value)
    return None if told is None else told * MIB


def _instant(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None and 0 < seconds < NEVER else None
