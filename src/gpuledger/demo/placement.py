"""Which machines can hold a job now."""

from collections import Counter
from dataclasses import dataclass

from gpuledger.demo.machines import QUEUES, Node
from gpuledger.demo.workload import Job


@dataclass
class Machine:
    """A node and what is free on it. `downs` counts the reasons it is away for."""

    node: Node
    cpus: int
    memory_mb: int
    gpus: Counter[str]
    downs: int = 0

    def fits(self, job: Job) -> bool:
        has_rest = self.cpus >= job.cpus_a_node and self.memory_mb >= job.memory_mb_a_node
        return not self.downs and has_rest and all(self.gpus[kind] >= count for kind, count in job.gpus.items())

    def hold(self, job: Job, sign: int = 1) -> None:
        """Takes the job's share of this node (`sign` 1) or gives it back (-1)."""
        self.cpus -= sign * job.cpus_a_node
        self.memory_mb -= sign * job.memory_mb_a_node
        for kind, count in job.gpus.items():
            self.gpus[kind] -= sign * count


def machines() -> dict[str, Machine]:
    """Every machine of the site, by name, empty."""
    nodes = (node for queue in QUEUES.values() for node in queue.nodes)
    return {node.name: Machine(node, node.cpus, node.memory_mb, Counter(node.gpus)) for node in nodes}


def place(job: Job, fleet: dict[str, Machine]) -> tuple[str, ...] | None:
    """The fullest machines of the job's queue that can hold it, None when there are too few."""
    names = (node.name for node in QUEUES[job.habit.queue].nodes)
    fitting = sorted((fleet[name].gpus.total(), fleet[name].cpus, name) for name in names if fleet[name].fits(job))
    return tuple(sorted(name for *_, name in fitting[: job.nodes])) if len(fitting) >= job.nodes else None
