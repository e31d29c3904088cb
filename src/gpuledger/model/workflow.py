"""What the name of a workflow's node tells by convention: its step (epoch) and its type. The patterns are configuration."""

import re
from functools import lru_cache

STEP = r"(?:epoch|step|iteration|iter|round|fold)[_.-]?(\d+)"
"""The first group is the step: `run0-train_epoch12` is step 12."""


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


@lru_cache(maxsize=2**16)
def step_of(node: str, pattern: str = STEP) -> str | None:
    """The step that a node's name tells, the last one where there are several; None where it tells none."""
    found = [match[1] for match in _compiled(pattern).finditer(node) if match[1] is not None]
    return str(int(found[-1])) if found and found[-1].isdecimal() else (found[-1] if found else None)


@lru_cache(maxsize=2**16)
def job_type_of(node: str) -> str:
    """A node's name without its numbers: `run0-train_epoch12` is of type `run-train_epoch`; '' never (then the name)."""
    return re.sub(r"\d+", "", node).strip("-_.+ ") or node
