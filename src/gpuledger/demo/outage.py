"""What breaks at the simulated site: one cooling outage of a day's part, and nodes that fail now and then."""

from dataclasses import dataclass
from random import Random

from gpuledger.demo.machines import QUEUES

DAY = 86_400


@dataclass(frozen=True)
class Down:
    """A node is away in [start, end); what runs on it when it goes ends as NODE_FAIL and is requeued."""

    node: str
    start: int
    end: int


def downs(random: Random, start: int, end: int) -> list[Down]:
    """The outage (the same day of every month-long history: 11.6 days before its end) and about one failure a week."""
    return sorted([*_outage(end), *_failures(random, start, end)], key=lambda down: (down.start, down.node))


def _outage(end: int) -> list[Down]:
    """Cooling fails at 02:10 for 15 hours: every GPU node is switched off, the CPU nodes stay."""
    begin = end - end % DAY - 11 * DAY + 7800
    racks = [node for queue in QUEUES.values() for node in queue.nodes if node.gpus]
    return [Down(node.name, begin, begin + 15 * 3600) for node in racks]


def _failures(random: Random, start: int, end: int) -> list[Down]:
    names = [node.name for queue in QUEUES.values() for node in queue.nodes]
    found = []
    for _ in range(round((end - start) / (7 * DAY)) or 1):
        at = random.randrange(start, end)
        found.append(Down(random.choice(names), at, at + random.randrange(3600, 2 * DAY)))
    return found
