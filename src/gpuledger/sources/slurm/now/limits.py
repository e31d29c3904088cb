"""What a QoS, an account or each of their users may hold, as sacctmgr tells it, with the moment since when it is so.

scope         name            all that runs …
------------  --------------  -----------------------------------------------------------------
qos           physics         in the QoS (GrpTRES, GrpJobs)
qos_user      physics         of any one user in the QoS (MaxTRESPU, MaxJobsPU)
qos_account   physics         of any one account in the QoS (MaxTRESPA, MaxJobsPA)
account       physics         in the account and those below it (GrpTRES, GrpJobs)
account_user  physics         of any one user in the account who has no limit of their own (MaxJobs)
user          physics/ann     of the user in the account (GrpTRES, the smaller of GrpJobs and MaxJobs)
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gpuledger.sources.slurm.now.poll import Held, LimitKey, Poll
from gpuledger.sources.slurm.tres import amount

PAIRS: Mapping[str, tuple[str, ...]] = {
    "qos": ("qos", "qos_user", "qos_account"), "account": ("account", "account_user"), "user": ("user",),
}  # fmt: skip
"""What the pairs `TRES|jobs` behind the name of each kind of line bind."""
RESOURCES = ("cpu", "gpu", "memory", "node", "job")
"""Told of every QoS and account, limited or not; of the others only limits there are."""
_TRES = {"cpu": "cpu", "gres/gpu": "gpu", "mem": "memory", "node": "node"}
_TYPED = "gres/gpu:"
Bounds = dict[tuple[str, str], float | None]
"""By scope and resource; null: unlimited."""


@dataclass(frozen=True)
class Association:
    """An account of the cluster, or a user (else '') in it, with limits as sacctmgr writes them.

    `most_jobs` is what an account hands down to its users: of a user without a limit of their own it is the account's.
    """

    account: str
    user: str
    tres: str
    jobs: str
    most_jobs: str


def account_lines(told: Iterable[Association]) -> list[str]:
    """A line for each account."""
    return [f"{one.account}|{one.tres}|{one.jobs}||{one.most_jobs}" for one in told if not one.user]


def user_lines(told: Iterable[Association]) -> list[str]:
    """A line for each user with limits of their own."""
    known = list(told)
    handed = {one.account: one.most_jobs for one in known if not one.user}
    lines = []
    for one in known:
        own = {one.jobs, one.most_jobs} - {"", *([] if one.most_jobs != handed.get(one.account) else [one.most_jobs])}
        jobs = min(own, key=lambda count: int(count) if count.isdigit() else 0, default="")
        if one.user and (one.tres or jobs):
            lines.append(f"{one.account}/{one.user}|{one.tres}|{jobs}")
    return lines


def lines(poll: Poll) -> Iterator[tuple[str, str]]:
    """Every line of the poll with its kind."""
    for kind, told in (("qos", poll.qos), ("account", poll.accounts), ("user", poll.users)):
        yield from ((kind, line) for line in told)


def bounds(kind: str, line: str) -> Bounds | None:
    """`physics|cpu=64,gres/gpu=8,mem=400G|||12`; None for a line of another shape. A pair may be missing: it is not told."""
    name, *rest = line.split("|")
    if not name or len(rest) < 2:
        return None
    first, *others = PAIRS[kind]
    found: Bounds = dict.fromkeys((first, resource) for resource in RESOURCES) if kind != "user" else {}
    try:
        for scope, tres, jobs in zip((first, *others), rest[::2], rest[1::2], strict=False):
            found |= {(scope, resource): count for resource, count in _counts(tres, jobs).items()}
    except ValueError:
        return None
    return found


def _counts(tres: str, jobs: str) -> dict[str, float | None]:
    """By resource. A limit on one kind of GPU is none on all: `gpu:a100`. Raises ValueError for what is no list of TRES."""
    told = dict(_entry(part) for part in tres.split(",") if part)
    found = {resource: count for name, count in told.items() if (resource := _resource(name))}
    return found | ({"job": float(jobs)} if jobs.isdigit() else {})


def _entry(part: str) -> tuple[str, float | None]:
    name, _, value = part.partition("=")
    return name, amount(value)


def _resource(key: str) -> str | None:
    return f"gpu:{key.removeprefix(_TYPED)}" if key.startswith(_TYPED) else _TRES.get(key)


def _told(poll: Poll) -> Iterator[tuple[LimitKey, float | None]]:
    """Each limit as told now. Lines that cannot be read are left out (`parsing` tells them)."""
    for kind, line in lines(poll):
        name = line.split("|", 1)[0]
        for (scope, resource), count in (bounds(kind, line) or {}).items():
            yield (scope, name, resource), count


def carried_limits(poll: Poll, before: dict[LimitKey, Held]) -> dict[LimitKey, Held]:
    """The limits after a poll: one that is as it was holds since when it did; of a name that is gone there is none.

    Where limits were not told all are as they were.
    """
    if "limits" not in poll.told:
        return before
    told: dict[LimitKey, float | None] = {**dict.fromkeys(before), **dict(_told(poll))}
    return {
        key: there if (there := before.get(key)) and there.count == count else Held(poll.time, count, _unit(key[2]))
        for key, count in told.items()
    }


def _unit(resource: str) -> str:
    return "byte" if resource == "memory" else ""


def rows(poll: Poll, cluster: str) -> Iterator[dict[str, Any]]:
    """Rows of `limits`: those that hold."""
    for (scope, name, resource), held in poll.held.items():
        yield {
            "cluster": cluster, "scope": scope, "name": name, "resource": resource, "valid_from": held.since,
            "valid_to": None, "limit_count": held.count, "unit": held.unit,
        }  # fmt: skip
