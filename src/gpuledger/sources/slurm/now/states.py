"""Machines and the jobs on them as rows of host_states and gpu_states.

A machine numbers its GPUs from 0 over all kinds, in the order in which it lists them. Where Slurm does not tell which of
them are held (no IDX), as many as are held count as held, the lowest first: numbers are right, places are not known.

    machine                    | occupancy of its GPU | admin_state
    ---------------------------+----------------------+------------------------------------
    draining or drained        | claimed              | draining: it goes when its job ends
                               | unclaimed            | drained
    down, not responding       | either               | down
    in maintenance             | either               | maintenance
    reserved                   | either               | reserved
    powered down, rebooting …  | either               | other
    else                       | either               | none

What people or Slurm say of a machine out of service (its Reason) prevents work on each of its GPUs.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gpuledger.model.devices import gpu_model
from gpuledger.sources.slurm.now.gres import Gpus
from gpuledger.sources.slurm.now.nodes import Node

OUT = ("drained", "down", "maintenance", "reserved", "other")


@dataclass(frozen=True)
class Holder:
    """A job on a GPU."""

    job_id: str
    user: str | None
    account: str | None


Holders = Mapping[tuple[str, int], Sequence[Holder]]
"""By machine and number of the GPU."""


def host_row(node: Node) -> dict[str, Any]:
    """A row of host_states, less cluster, source and time."""
    return {
        "host": node.name,
        "host_state": node.state,
        "reason": node.reason,
        "total_cpu_count": node.cpus,
        "total_gpu_count": float(_count(node.gpus)),
        "total_memory_bytes": node.memory_bytes,
        "allocated_cpu_count": node.allocated_cpus,
        "allocated_gpu_count": float(_count(node.used)),
        "allocated_memory_bytes": node.allocated_bytes,
    }


def gpu_rows(node: Node, holders: Holders) -> Iterator[dict[str, Any]]:
    """A row of gpu_states for each GPU of the machine, less cluster, source and time."""
    held = claimed(node, holders)
    for index, kind in enumerate(_kinds(node.gpus)):
        model = gpu_model(kind) if kind else None
        here = holders.get((node.name, index), ())
        holder = here[0] if here else None
        yield {
            "host": node.name, "gpu": f"index:{index}", "owner_projects": "",
            "occupancy": "claimed" if index in held else "unclaimed",
            "admin_state": _admin(node, is_claimed=index in held),
            "primary_user": holder and holder.user, "primary_account": holder and holder.account,
            "primary_job_id": holder and holder.job_id, "is_interactive": False,
            "prevented_reason": node.reason if node.admin in OUT else "",
            "occupant_count": max(len(here), int(index in held)),
            "gpu_model": model and model.name, "gpu_memory_bytes": model and model.memory_bytes,
        }  # fmt: skip


def claimed(node: Node, holders: Holders) -> set[int]:
    """The numbers of the GPUs that are held."""
    total = _count(node.gpus)
    told = {index for gpus in node.used for index in gpus.indices or ()}
    told |= {index for index in range(total) if (node.name, index) in holders}
    held = {index for index in told if index < total}
    free = (index for index in range(total) if index not in held)
    missing = min(_count(node.used), total) - len(held)
    return held | {index for index, _ in zip(free, range(missing), strict=False)}


def holders_of(placed: Iterable[tuple[Holder, str, int]]) -> Holders:
    """Who holds what, of (job, machine, number of the GPU)."""
    found: dict[tuple[str, int], list[Holder]] = defaultdict(list)
    for holder, host, index in placed:
        found[host, index].append(holder)
    return found


def _admin(node: Node, *, is_claimed: bool) -> str:
    return "draining" if node.admin == "drained" and is_claimed else node.admin


def _kinds(gpus: Iterable[Gpus]) -> Iterator[str]:
    for one in gpus:
        yield from [one.kind] * one.count


def _count(gpus: Iterable[Gpus]) -> int:
    return sum(one.count for one in gpus)
