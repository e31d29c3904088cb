"""JobID: `18_[5-9%2]` are five waiting tasks of array 18, `27+1` is part 1 of a heterogeneous job."""

import re
from typing import NamedTuple


class Place(NamedTuple):
    """Where a job stands in an array or a heterogeneous job."""

    array_id: str | None = None
    het_id: str | None = None
    het_index: int | None = None
    task_count: float | None = 1.0


_PIECE = re.compile(r"(\d+)(?:-(\d+)(?::(\d+))?)?")


def place(job_id: str) -> Place:
    """What the JobID (not the raw one) of a waiting array or a heterogeneous job tells."""
    if "_" in job_id:
        array, _, task = job_id.partition("_")
        return Place(array_id=array, task_count=tasks(task))
    leader, _, offset = job_id.partition("+")
    return Place(het_id=leader, het_index=int(offset) if offset.isdigit() else None)


def tasks(text: str) -> float | None:
    """How many tasks `[5-9,12%2]` names; None when sacct cut the list short (`...`)."""
    if "..." in text:
        return None
    count = 0
    for piece in text.strip("[]").split("%", 1)[0].split(","):
        if match := _PIECE.fullmatch(piece):
            low, high, step = int(match[1]), int(match[2] or match[1]), int(match[3] or 1)
            count += max(0, (high - low) // max(step, 1) + 1)
    return float(count) if count else None
