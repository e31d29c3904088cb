"""Final Status of the earlier tool → our state and, where the word stands for one code only, the exit code."""

from collections.abc import Mapping

CHECKPOINTED = 85

_STATES: Mapping[str, str] = {
    "completed": "completed",
    "checkpointed": "requeued",
    "failed": "failed",
    "evicted": "preempted",
    "aborted": "removed",
    "held": "held",
    "released": "held",
    "rescued": "other",
    "": "other",
}
_CODES: Mapping[str, int] = {"failed": 1, "checkpointed": CHECKPOINTED}
"""The earlier tool calls return value 1 failed, 85 checkpointed and every other one, 0 or not, completed."""

TERMINATED = frozenset({"completed", "checkpointed", "failed"})


def state(status: str) -> str:
    """Our word. `RESCUED` (DAGMan lost track) and no word at all tell no result: other."""
    return _STATES.get(status.strip().lower(), "other")


def exit_code(status: str) -> int | None:
    """The return value that the word stands for, None for words that stand for several or none."""
    return _CODES.get(status.strip().lower())


def is_known(status: str) -> bool:
    """Is it a word of the earlier tool?"""
    return status.strip().lower() in _STATES


def has_terminated(status: str) -> bool:
    """Did the job come to its own end, so that its bytes were written?"""
    return status.strip().lower() in TERMINATED
