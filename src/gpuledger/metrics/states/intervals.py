"""From when to when a GPU was drained, or had a reason set against new work: runs of readings that all say so.

A run goes on from one reading of the cluster's timeline to the next; a gap in what was observed ends it, and so does a
reading that does not tell of the GPU. It ends where its last reading ceases to hold. Its hours add up to the metrics'.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.metrics import Filter
from gpuledger.metrics.events import Whole
from gpuledger.metrics.relation import MICRO, instant
from gpuledger.metrics.states.ask import StateAsk
from gpuledger.metrics.states.facts import OUT_OF_SERVICE, facts
from gpuledger.metrics.states.question import StateQuestion
from gpuledger.metrics.states.readings import Readings, moment
from gpuledger.model.period import Period

if TYPE_CHECKING:
    import ibis.expr.types as ir

Kind = Literal["drained", "prevented"]
KINDS: tuple[Kind, ...] = ("drained", "prevented")
HOUR = 3600 * MICRO
_GPU = ("cluster", "host", "gpu")
_STATE = ("occupancy", "backfill_occupancy", "admin_state", "prevented_reason")
"""The stored columns that tell what a GPU counts as."""
_FACT: Mapping[Kind, str] = {"drained": "is_out", "prevented": "has_reason"}
_BUSY = ("primary", "secondary")


@dataclass(frozen=True)
class Interval:
    """One GPU was out of service, or had a reason set, from `start` to `end` inside the period.

    `counted_hours` are those it counted as drained (prevented), `busy_hours` those in which a job still ran on it; under
    a reason it may also be drained, which is neither. `is_open`: the newest reading of its cluster still says so.
    `is_earlier`: it was so when the period began, so its true beginning is not known. `reason` is '' for none,
    None where the source does not tell reasons.
    """

    cluster: str
    host: str
    gpu: str
    reason: str | None
    start: datetime
    end: datetime
    counted_hours: float
    busy_hours: float
    is_open: bool
    is_earlier: bool


def intervals(states: StateAsk, kind: Kind, where: Sequence[Filter] = ()) -> tuple[Interval, ...]:
    """Every interval of the ask's period, by host, GPU and start."""
    return intervals_of(states, (kind,), where)[kind]


def intervals_of(
    states: StateAsk, kinds: Sequence[Kind] = KINDS, where: Sequence[Filter] = ()
) -> Mapping[Kind, tuple[Interval, ...]]:
    """The same of several kinds: one pass over the readings."""
    told = list(_states(states.fetch(_told(states.question((), where))), states.readings))
    return {kind: tuple(sorted(_intervals(kind, told, states), key=_by_gpu)) for kind in kinds}


def _by_gpu(one: Interval) -> tuple[object, ...]:
    return one.cluster, one.host, one.gpu, one.start, one.reason or ""


def _told(question: StateQuestion) -> "ir.Table":
    """GPUs out of service or with a reason: a row per GPU, what was told of it and by whom, with all its moments.

    Runs are made of them in numpy: an engine would put every reading in order for it, once for each kind.
    """
    rows = question.told(_may_matter)
    rows = rows.mutate(at_us=rows.time.delta(instant(question.period.naive[0]), unit="microsecond").cast("int64"))
    few = rows.group_by([*_GPU, "gpu_model", *_STATE, "source"]).agg(at_us=rows.at_us.collect(), size=rows.count())
    return facts(question.counted_of(few, few["size"]), ("part", *_FACT.values()))


def _may_matter(rows: "ir.Table") -> "ir.BooleanValue":
    """Few readings are of such GPUs; the others are not looked at."""
    return rows.admin_state.isin(OUT_OF_SERVICE) | (rows.prevented_reason != "")


@dataclass(frozen=True, eq=False)
class _State:
    """What was told of a GPU, and in which readings of its cluster."""

    gpu: tuple[str, str, str]
    part: str
    reason: str | None
    is_kind: Mapping[Kind, bool]
    readings: Whole


def _states(found: pa.Table, known: Mapping[str, Readings]) -> Iterator[_State]:
    """The rows of `_told`."""
    if not found.num_rows:
        return
    lists = found["at_us"].combine_chunks()
    ends = np.cumsum(np.from_dlpack(pc.list_value_length(lists)))
    moments = np.split(np.from_dlpack(lists.flatten()), ends)
    for row, at_us in zip(found.drop_columns(["at_us"]).to_pylist(), moments, strict=False):
        if held := known.get(row["cluster"]):
            cluster, host, gpu, part, reason = (row[name] for name in (*_GPU, "part", "prevented_reason"))
            is_kind = {kind: row[fact] for kind, fact in _FACT.items()}
            yield _State((cluster, host, gpu), part, reason, is_kind, held.those(row["source"], at_us))


def _intervals(kind: Kind, told: Sequence[_State], states: StateAsk) -> Iterator[Interval]:
    """A drain keeps the last of its reasons; another reason is another run of the other kind."""
    found: dict[tuple[object, ...], list[_State]] = defaultdict(list)
    for one in told:
        if one.is_kind[kind]:
            found[one.gpu, one.reason if kind == "prevented" else ""].append(one)
    for those in found.values():
        held = states.readings[those[0].gpu[0]]
        for readings, whose in _runs(those, held):
            yield _interval(kind, readings, [those[place] for place in whose.tolist()], held, states.around.period)


def _runs(those: Sequence[_State], held: Readings) -> Iterator[tuple[Whole, Whole]]:
    """Readings that follow each other, and which of the states each of them told."""
    readings = np.concatenate([one.readings for one in those])
    whose = np.repeat(np.arange(len(those)), [len(one.readings) for one in those])
    order = np.argsort(readings)
    ends = np.flatnonzero(np.diff(held.places[readings[order]]) > 1) + 1
    runs = zip(np.split(readings[order], ends), np.split(whose[order], ends), strict=True)
    return (run for run in runs if len(run[0]))


def _interval(kind: Kind, run: Whole, told: Sequence[_State], held: Readings, period: Period) -> Interval:
    """`told`: the state that each reading of the run told."""
    lengths = (held.until_us - held.since_us)[run]
    counted, busy = (lengths[[one.part in parts for one in told]].sum() / HOUR for parts in ((kind,), _BUSY))
    first, last = int(run[0]), int(run[-1])
    start, end = moment(period, int(held.since_us[first])), moment(period, int(held.until_us[last]))
    reason = max((one.reason for one in told if one.reason is not None), default=None)
    is_open, is_earlier = last == len(held) - 1, first == 0 and int(held.since_us[0]) == 0
    # Stripped here: Spark takes the \f and \v of Ibis' strip for letters.
    return Interval(
        *told[0].gpu, reason and reason.strip(), start, end, float(counted), float(busy), is_open, is_earlier
    )
