"""What each GPU was over time: per bin the state it was in longest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from gpuledger.metrics import Filter
from gpuledger.metrics.bins import Bins, coverage_of
from gpuledger.metrics.coverage import by_cluster
from gpuledger.metrics.events import Floats, Key, Whole, names_of, numbers, whole
from gpuledger.metrics.states.ask import StateAsk
from gpuledger.metrics.states.dimensions import CLASS, column_of
from gpuledger.metrics.states.facts import PARTS
from gpuledger.metrics.states.question import StateQuestion

if TYPE_CHECKING:
    import ibis.expr.types as ir

NO_DATA, ABSENT = "no_data", "absent"
SHOWN = (*PARTS, NO_DATA, ABSENT)
"""What a lane may show: the part a GPU counts as, that nobody looked, that who looked did not find it. First wins a tie."""
Codes = np.ndarray[Any, np.dtype[np.int8]]
_OF_GPU = ("cluster", "host", "gpu")


@dataclass(frozen=True)
class Lane:
    """One GPU: per bin its state's place in `SHOWN`; `capacity` is the class it was in last (`model.capacity.CLASSES`)."""

    cluster: str
    host: str
    gpu: str
    model: str | None
    capacity: str
    shown: Codes


@dataclass(frozen=True)
class Lanes:
    """Every GPU of the question, by cluster, host and name. `edges` are one more than the bins."""

    edges: tuple[datetime, ...]
    lanes: tuple[Lane, ...]


def lanes(states: StateAsk, step: float, where: Sequence[Filter] = ()) -> Lanes:
    """The lanes in bins of `step` seconds from the period's start."""
    question = states.question((), where, step)
    assert question.bins is not None
    bins, found = question.bins, states.fetch(held(question))
    keys, gpu = names_of(found, len(_OF_GPU))
    covered = _covered(bins, states, [str(key[0]) for key in keys])
    shown = np.where(covered * 2 > bins.lengths_us, SHOWN.index(ABSENT), SHOWN.index(NO_DATA)).astype(np.int8)
    place = whole(found["bin"])
    shown[gpu, place] = _longest(found, bins.lengths_us[place], covered[gpu, place])
    models, classes = (dict(zip(gpu.tolist(), found[name].to_pylist(), strict=True)) for name in ("model", "capacity"))
    order = sorted(range(len(keys)), key=lambda number: [str(name) for name in keys[number]])
    named = ((keys[number], models[number], classes[number], shown[number]) for number in order)
    return Lanes(bins.edges, tuple(_lane(*each) for each in named))


def _lane(key: Key, model: str | None, capacity: str, shown: Codes) -> Lane:
    cluster, host, gpu = map(str, key)
    return Lane(cluster, host, gpu, model, capacity, shown)


def held(question: StateQuestion) -> "ir.Table":
    """A row per GPU and bin in which it was seen: how long it was what (p0 … in the order of `PARTS`), and
    its model and class at the bin's last reading; the latest bins last."""
    rows = question.moments()
    weight = rows.weight_us.cast("float64")
    sums = {f"p{number}": weight.sum(where=rows.part == part).fill_null(0.0) for number, part in enumerate(PARTS)}
    keys = {f"d{number}": rows[name] for number, name in enumerate(_OF_GPU)}
    told = {"model": rows.gpu_model, "capacity": column_of(rows, CLASS, question.sorting)}
    latest = {name: column.argmax(rows.time) for name, column in told.items()}
    return rows.group_by(**keys, bin=rows.bin).agg(**sums, **latest).order_by("bin")


def _covered(bins: Bins, states: StateAsk, clusters: Sequence[str]) -> Floats:
    """[GPU, bin]: for how many microseconds anybody looked at the GPU's cluster."""
    spans = by_cluster(states.sources, states.around.period)
    seen = {cluster: coverage_of(bins, spans.get(cluster, ())) * bins.lengths_us for cluster in set(clusters)}
    return np.array([seen[cluster] for cluster in clusters]).reshape(len(clusters), len(bins))


def _longest(found: pa.Table, lengths: Whole, covered: Floats) -> Codes:
    parts = np.stack([numbers(found, f"p{number}") for number in range(len(PARTS))])
    nobody, missed = lengths - covered, covered - parts.sum(axis=0)
    longest: Codes = np.argmax(np.vstack([parts, nobody, missed]), axis=0).astype(np.int8)
    return longest
