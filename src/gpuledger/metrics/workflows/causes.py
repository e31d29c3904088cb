"""Why the time of an attempt was lost: one cause each, in words, with the kind that rules look for."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

Kind = Literal[
    "exit", "signal", "memory", "disk", "quota", "time", "transfer", "eviction", "connection", "removed", "policy", "checkpoint",
    "unknown",
]  # fmt: skip


class Cause(NamedTuple):
    """`label` is shown; `kind` says what could be done about it."""

    label: str
    kind: Kind


_EVICTED: Mapping[int, Cause] = {
    1005: Cause("interrupted, not said why (1005)", "eviction"),
    1007: Cause("transfer of input stalled (1007)", "transfer"),
    1008: Cause("connection lost past the lease (1008)", "connection"),
    1013: Cause("execution point shut down (1013)", "eviction"),
    12: Cause("transfer of output failed (12)", "transfer"),
    13: Cause("transfer of input failed (13)", "transfer"),
    32: Cause("input larger than allowed (32)", "transfer"),
    33: Cause("output larger than allowed (33)", "transfer"),
    34: Cause("memory limit exceeded (34)", "memory"),
    46: Cause("job duration limit exceeded (46)", "time"),
    47: Cause("execute duration limit exceeded (47)", "time"),
}
"""Codes of evictions and holds."""
_EXACT: Mapping[tuple[int, int], Cause] = {
    (9, 122): Cause("disk quota exceeded (9.122)", "quota"),
    (21, 102): Cause("memory over the request (21.102)", "memory"),
    (21, 104): Cause("disk over the request (21.104)", "disk"),
}
_HELD: Mapping[int, Cause] = {
    1: Cause("held by its user (1)", "removed"),
    3: Cause("held by the job's own policy (3)", "policy"),
    21: Cause("held by the execution point (21)", "policy"),
    26: Cause("held by a policy of the access point (26)", "policy"),
}
NOT_TOLD = Cause("outcome not told", "unknown")
RESCUED = "RESCUED"
"""The earlier tool's word for a job that DAGMan lost track of: a rescue DAG had to bring its node back."""
LOST_TRACK = Cause("DAGMan lost track of it", "unknown")
UNUSED_CHECKPOINT = Cause("checkpoint never used (exit code 85)", "checkpoint")


class End(NamedTuple):
    """How an attempt ended, as the ledger tells it."""

    state: str
    exit_code: int | None
    signal: int | None
    code: int | None
    subcode: int | None
    reason: str
    word: str = ""
    """The state in the input's own words."""


@lru_cache(maxsize=1 << 14)
def cause_of(end: End) -> Cause:
    """The cause of an attempt whose result was not kept."""
    if end.state == "requeued":
        return UNUSED_CHECKPOINT
    if end.state == "removed":
        return _removed(end.reason)
    if end.word == RESCUED:
        return LOST_TRACK
    if end.signal:
        return Cause(f"killed by signal {end.signal}", "signal")
    if end.exit_code is not None and end.state in ("failed", "completed"):
        return Cause(f"exit code {end.exit_code}", "exit")
    if end.code is not None:
        return _coded(end)
    return _uncoded(end)


def _removed(reason: str) -> Cause:
    said = reason.lower()
    if "dag removed" in said or "dagman" in said:
        return Cause("removed with its DAG", "removed")
    if "system_periodic" in said or "periodic" in said:
        return Cause("removed by a policy", "policy")
    if "condor_rm" in said or "user" in said:
        return Cause("removed by a user", "removed")
    return Cause("removed", "removed")


def _coded(end: End) -> Cause:
    code, subcode = end.code or 0, end.subcode or 0
    known = _EXACT.get((code, subcode)) or _EVICTED.get(code)
    if known:
        return known
    if end.state == "held":
        return _HELD.get(code, Cause(f"held ({code}.{subcode})", "policy"))
    return _HELD.get(code, Cause(f"evicted ({code}.{subcode})", "eviction"))


def _uncoded(end: End) -> Cause:
    said = end.reason.lower()
    match end.state:
        case "failed":
            return Cause("failed, code not told", "exit")
        case "out_of_memory":
            return Cause("out of memory", "memory")
        case "timeout" | "deadline":
            return Cause("time limit reached", "time")
        case "held":
            return Cause("held", "policy")
        case "preempted" if "memory" in said:
            return Cause("evicted for memory", "memory")
        case "preempted" if "new match" in said:
            return Cause("replaced by a new match", "eviction")
        case "preempted" if "disconnected" in said or "reconnect" in said:
            return _EVICTED[1008]
        case "preempted" | "node_fail":
            return Cause("evicted, not said why", "eviction")
        case "cancelled":
            return Cause("removed by a user", "removed")
        case _:
            return NOT_TOLD
