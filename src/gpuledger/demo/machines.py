"""The machines of the simulated site: queues, nodes, and the GPUs each holds."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

CLUSTER = "heron"


@dataclass(frozen=True)
class Node:
    """One machine. `gpus` is type as Slurm's gres names it → count; a MIG slice is a type of its own."""

    name: str
    cpus: int
    memory_mb: int
    gpus: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Queue:
    """A partition: its nodes are its own, so that a queue's GPUs can be counted."""

    name: str
    nodes: tuple[Node, ...]
    limit_minutes: int


@dataclass(frozen=True)
class _Rack:
    queue: str
    prefix: str
    nodes: int
    cpus: int
    memory_gib: int
    gpus: tuple[tuple[str, int], ...] = ()
    limit_days: int = 7


_RACKS = (
    _Rack("h200", "hz", 2, 128, 2048, (("h200", 8),)),
    _Rack("h100", "hx", 3, 96, 1536, (("h100", 8),)),
    _Rack("a100", "ax", 4, 128, 1024, (("a100", 8),)),
    _Rack("l40s", "lx", 4, 64, 512, (("l40s", 4),)),
    _Rack("slices", "mx", 1, 64, 512, (("a100_1g.10gb", 28),), 1),
    _Rack("dev", "dx", 1, 48, 384, (("a100", 2), ("l40s", 2)), 1),
    _Rack("cpu", "cx", 12, 64, 256),
)


def _queue(rack: _Rack) -> Queue:
    names = (f"{rack.prefix}{number:02d}" for number in range(1, rack.nodes + 1))
    nodes = tuple(Node(name, rack.cpus, rack.memory_gib * 1024, dict(rack.gpus)) for name in names)
    return Queue(rack.queue, nodes, rack.limit_days * 1440)


QUEUES: Mapping[str, Queue] = {rack.queue: _queue(rack) for rack in _RACKS}


def gpus_by_type() -> Counter[str]:
    """How many GPUs of each type the site owns."""
    owned: Counter[str] = Counter()
    for queue in QUEUES.values():
        for node in queue.nodes:
            owned.update(node.gpus)
    return owned
