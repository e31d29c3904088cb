"""How the numbers come about, written from the configuration in force: change it and the text changes."""

from collections.abc import Iterable, Iterator

from gpuledger.model.capacity import REST
from gpuledger.model.document import Section, Text
from gpuledger.reports import _words as words
from gpuledger.reports._pool.scene import Pool

_MOST_NAMES = 20


def method(pool: Pool) -> Section:
    """Counting, classes, tiers, memory, what is left out."""
    texts = (
        Text("counting", "\n".join(_counting(pool)), "How GPUs are counted"),
        Text("capacity-rules", "\n".join(_capacity(pool)), "Classes, tiers and memory"),
        Text("left-out-rules", "\n".join(_left_out(pool)), "What is left out"),
        Text("further", "\n".join(_further()), "Look further"),
    )
    return Section("method", "Methodology", texts)


_FURTHER = (
    ("pool-hosts", "every host by model, those left out too, with what each of its GPUs did"),
    ("pool-host", "one host or lab: its users, contention, how evenly it is used"),
    ("pool-backfill", "how long secondary slots are free, how long their jobs run, how often they are evicted"),
    ("pool-unused", "GPUs without work over days, by tier"),
    ("pool-snapshot", "a model at one moment, GPU by GPU"),
    ("pool-pressure", "who waits for GPUs, queue against supply, suspicious jobs, most GPUs of a user"),
)


def _further() -> Iterator[str]:
    """The reports that answer what this one leaves open."""
    yield "Of the same period and files:"
    yield from (f"- gpuledger report {name}: {what}" for name, what in _FURTHER)


def _counting(pool: Pool) -> Iterator[str]:
    yield (
        "- Each reading of the pool stands for the time to the next one, at most twice the usual step; the newest for one"
        " step. What no reading covers is a gap: averages divide by the time observed, sums count it, nothing is extrapolated."
    )
    for source in pool.coverage.sources:
        if source.period_seconds:
            yield f"- {source.cluster}, {source.source}: a reading every {words.duration(source.period_seconds)}."
    yield (
        "- A GPU is one GPU of one host, whatever slots offer it, and counts once. At any moment it is in the first part that"
        " holds: allocated (a job of the primary side), secondary (only a backfill job), drained (out of service), prevented"
        " (a reason set against new work), with its owner, idle, not known. The parts add up to the GPUs present."
    )
    yield "- A drained GPU on which a job still runs counts as allocated or secondary and is listed as draining."
    yield "- Allocated % is allocated ÷ present GPU-time, the same GPUs in both, in every table."
    yield "- A MIG slice counts as one GPU; slices are listed apart with their share of a GPU."


def _capacity(pool: Pool) -> Iterator[str]:
    capacity = pool.ask.capacity
    owned = _names(capacity.owned_hosts)
    yield f"- Reserved: GPUs of the hosts that the site reserves, whatever their slots say ({owned or 'none is configured'})."
    yield "- Researcher-owned: GPUs that some project owns, on other hosts."
    yield "- Open capacity: GPUs that no project owns. Interactive only: such GPUs offered for interactive work alone."
    yield "- Secondary jobs count in the class of the GPU they run on."
    for name, patterns in capacity.tiers.items():
        yield f"- Tier {name}: {_names(patterns)}."
    yield f"- Tier {REST}: every other model."
    rising = sorted(capacity.memory.items(), key=lambda pair: pair[1])
    for (name, at), after in zip(rising, [*(at for _, at in rising[1:]), None], strict=True):
        below = "" if after is None else f" to less than {after:g}"
        yield f"- GPU memory “{name}”: from {at:g}{below} GiB."


def _left_out(pool: Pool) -> Iterator[str]:
    capacity = pool.ask.capacity
    if not capacity.excluded_hosts:
        yield "- No host is excluded."
    for pattern, reason in capacity.excluded_hosts.items():
        yield f"- Hosts {pattern}: {reason or 'no reason is given'}"
    yield f"- Models {_names(capacity.hidden_models)}." if capacity.hidden_models else "- No model is hidden."
    yield "- A host's pattern stands for its whole name or its first label, a model's for the whole name; * and ? are wild."


def _names(names: Iterable[str]) -> str:
    there = list(names)
    more = f" and {len(there) - _MOST_NAMES} more" if len(there) > _MOST_NAMES else ""
    return ", ".join(there[:_MOST_NAMES]) + more
