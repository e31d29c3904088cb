"""What a QoS or an account may hold, as sacctmgr tells it, with the moment since when it is so."""

from collections.abc import Iterator
from typing import Any

from gpuledger.sources.slurm.now.poll import Held, LimitKey, Poll
from gpuledger.sources.slurm.tres import tres

RESOURCES = {"cpu": "", "gpu": "", "memory": "byte", "node": "", "job": ""}
"""What is limited, and the unit it is written in."""


def limits_of(poll: Poll) -> Iterator[tuple[LimitKey, float | None]]:
    """Each limit as told now; null where there is none. Lines that cannot be read are left out (`misread`)."""
    for scope, lines in (("qos", poll.qos), ("account", poll.accounts)):
        for line in lines:
            if (found := counts(line)) is not None:
                name = line.split("|", 1)[0]
                yield from (((scope, name, resource), found[resource]) for resource in RESOURCES)


def counts(line: str) -> dict[str, float | None] | None:
    """`physics|cpu=64,gres/gpu=8,mem=400G|` by resource; None for a line of another shape."""
    name, *rest = line.split("|")
    if not name or len(rest) < 2:
        return None
    try:
        group = tres(rest[0])
    except ValueError:
        return None
    gpus = group.gpu if group and "gres/gpu" in rest[0] else None
    held = (group.cpu, gpus, group.memory, group.node) if group else (None,) * 4
    jobs = float(rest[1]) if rest[1].isdigit() else None
    return dict(zip(RESOURCES, (*held, jobs), strict=True))


def carried_limits(poll: Poll, before: dict[LimitKey, Held]) -> dict[LimitKey, Held]:
    """The limits after a poll: one that is as it was holds since when it did; of a name that is gone there is none.

    Where limits were not told all are as they were.
    """
    if "limits" not in poll.told:
        return before
    told: dict[LimitKey, float | None] = {**dict.fromkeys(before), **dict(limits_of(poll))}
    return {
        key: there if (there := before.get(key)) and there.count == count else Held(poll.time, count, RESOURCES[key[2]])
        for key, count in told.items()
    }


def rows(poll: Poll, cluster: str) -> Iterator[dict[str, Any]]:
    """Rows of `limits`: those that hold."""
    for (scope, name, resource), held in poll.held.items():
        yield {
            "cluster": cluster, "scope": scope, "name": name, "resource": resource, "valid_from": held.since,
            "valid_to": None, "limit_count": held.count, "unit": held.unit,
        }  # fmt: skip
