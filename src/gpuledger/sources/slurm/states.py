"""sacct's State: `CANCELLED by 1004` → cancelled, and which states have not ended."""

from functools import lru_cache

_OURS = {
    "PENDING": "pending", "REQUEUE_HOLD": "pending", "REQUEUE_FED": "pending", "RESV_DEL_HOLD": "pending",
    "SPECIAL_EXIT": "pending", "EXPEDITING": "pending",
    "RUNNING": "running", "COMPLETING": "running", "CONFIGURING": "running", "STAGE_OUT": "running", "SIGNALING": "running",
    "POWER_UP_NODE": "running", "STOPPED": "suspended", "SUSPENDED": "suspended",
    "COMPLETED": "completed", "FAILED": "failed", "LAUNCH_FAILED": "failed", "RECONFIG_FAIL": "failed",
    "CANCELLED": "cancelled", "TIMEOUT": "timeout", "OUT_OF_MEMORY": "out_of_memory", "NODE_FAIL": "node_fail",
    "PREEMPTED": "preempted", "REQUEUED": "requeued", "BOOT_FAIL": "boot_fail", "DEADLINE": "deadline",
    "REVOKED": "revoked", "RESIZING": "resizing",
}  # fmt: skip
PENDING = frozenset({"pending"})
LIVE = frozenset({"pending", "running", "suspended"})
"""States of an attempt that has not ended; every other has."""


@lru_cache(maxsize=4096)
def state(text: str) -> str | None:
    """Our word for a State, 'other' for an unknown one, None for an empty one."""
    word = text.split(" ", 1)[0]
    return _OURS.get(word, "other") if word else None


def end_reason(text: str) -> str | None:
    """`by 1004` of `CANCELLED by 1004`."""
    _, has_more, rest = text.partition(" ")
    return rest if has_more and rest else None
