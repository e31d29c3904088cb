"""What each GPU was over time: per bin the state it was in longest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from gpuledger.metrics import Answer, Filter, Metric, Wanted
from gpuledger.metrics.bins import Bins, coverage_of
from gpuledger.metrics.coverage import by_cluster
from gpuledger.metrics.events import Floats, Key, Whole, names_of, numbers, whole
from gpuledger.metrics.states.ask import StateAsk
from gpuledger.metrics.states.dimensions import CLASS, column_of
from gpuledger.metrics.states.facts import PARTS
from gpuledger.metrics.states.once import Beside
from gpuledger.metrics.states.question import StateQuestion

if TYPE_CHECKING:
    import ibis.expr.types as ir

NO_DATA, ABSENT = "no_data", "absent"
SHOWN = (*PARTS, NO_DATA, ABSENT)
"""What a lane may show: the part a GPU counts as, that nobody looked, that who looked did not find it. First wins a tie."""
Codes = np.ndarray[Any, np.dtype[np.int8]]
_OF_GPU = ("cluster", "host", "gpu")
_BY = ("cluster", "gpu", "gpu_model", "class", "part")
"""The dimensions that tell it."""


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
    told = Told(states.question(_BY, where, step))
    return told.lanes(states, states.beside((), [told])[1][0])


def lanes_of_all(states: StateAsk, step: float, wanted: Sequence[Wanted]) -> tuple[Lanes, list[Answer]]:
    """The lanes of every GPU, of hosts and models that the site leaves out too; and answers from the same pass."""
    told = Told(replace(states.question(_BY, (), step), with_left_out=True))
    answers, [found] = states.beside(wanted, [told])
    return told.lanes(states, found), answers


@dataclass(frozen=True)
class Told:
    """A row per GPU, bin, model and class: how long the GPU was what (m0 … in the order of `PARTS`, in microseconds), and
    when the last reading of it was."""

    question: StateQuestion
    metrics: tuple[Metric, ...] = ()
    beside: tuple[Beside, ...] = ("last_us",)

    def told(self, rows: "ir.Table") -> "ir.Table":
        """See `once.Part`."""
        weight = rows.weight_us.cast("float64")
        sums = {f"m{number}": weight.sum(where=rows.part == part).fill_null(0.0) for number, part in enumerate(PARTS)}
        keys = {f"d{number}": rows[name] for number, name in enumerate(_OF_GPU)}
        keys |= {"d3": rows.gpu_model, "d4": column_of(rows, CLASS, self.question.sorting)}
        return rows.group_by(**keys, bin=rows.bin).agg(**sums, last_us=rows.last_us.max().cast("int64"))

    def lanes(self, states: StateAsk, found: pa.Table) -> Lanes:
        """The rows as lanes."""
        assert self.question.bins is not None
        bins = self.question.bins
        keys, gpu = names_of(found, len(_OF_GPU))
        cells, cell = np.unique(gpu * len(bins) + whole(found["bin"]), return_inverse=True)
        sums = [np.bincount(cell, numbers(found, f"m{number}"), len(cells)) for number in range(len(PARTS))]
        parts: Floats = np.stack(sums).astype(np.float64)
        covered = _covered(bins, states, [str(key[0]) for key in keys])
        shown = np.where(covered * 2 > bins.lengths_us, SHOWN.index(ABSENT), SHOWN.index(NO_DATA)).astype(np.int8)
        seen = divmod(cells, len(bins))
        shown[seen] = _longest(parts, bins.lengths_us[seen[1]], covered[seen])
        latest = found.take(pa.array(_latest(gpu, whole(found["last_us"]), len(keys))))
        named = zip(keys, latest["d3"].to_pylist(), latest["d4"].to_pylist(), shown, strict=True)
        return Lanes(bins.edges, tuple(_lane(*each) for each in sorted(named, key=lambda each: each[0])))


def _latest(series: Whole, last: Whole, count: int) -> Whole:
    """The row of each series that comes last."""
    order = np.lexsort((last, series))
    return order[np.searchsorted(series[order], np.arange(count), side="right") - 1]


def _lane(key: Key, model: str | None, capacity: str, shown: Codes) -> Lane:
    cluster, host, gpu = map(str, key)
    return Lane(cluster, host, gpu, model, capacity, shown)


def _covered(bins: Bins, states: StateAsk, clusters: Sequence[str]) -> Floats:
    """[GPU, bin]: for how many microseconds anybody looked at the GPU's cluster."""
    spans = by_cluster(states.sources, states.around.period)
    seen = {cluster: coverage_of(bins, spans.get(cluster, ())) * bins.lengths_us for cluster in set(clusters)}
    return np.array([seen[cluster] for cluster in clusters]).reshape(len(clusters), len(bins))


def _longest(parts: Floats, lengths: Whole, covered: Floats) -> Codes:
    """`parts` is [part, cell]."""
    nobody, missed = lengths - covered, covered - parts.sum(axis=0)
    longest: Codes = np.argmax(np.vstack([parts, nobody, missed]), axis=0).astype(np.int8)
    return longest
