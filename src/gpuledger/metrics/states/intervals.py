"""From when to when a GPU was drained, or had a reason set against new work: runs of readings that all say so.

A run goes on from one reading of the cluster's timeline to the next; a gap in what was observed ends it, and so does a
reading that does not tell of the GPU. It ends where its last reading ceases to hold. Its hours add up to the metrics'.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

import ibis

from gpuledger.metrics import Filter
from gpuledger.metrics.relation import MICRO
from gpuledger.metrics.states.ask import StateAsk
from gpuledger.metrics.states.facts import OUT_OF_SERVICE, facts
from gpuledger.metrics.states.question import StateQuestion
from gpuledger.metrics.states.timeline import spans
from gpuledger.model.period import Period

if TYPE_CHECKING:
    import ibis.expr.types as ir

Kind = Literal["drained", "prevented"]
_GPU = ("cluster", "host", "gpu")
KINDS: tuple[Kind, ...] = ("drained", "prevented")
_HELD = ("since_us", "until_us", "place", "is_newest", "is_oldest")
_FOUND = ("reason", "since_us", "until_us", "counted_us", "busy_us", "is_newest", "is_oldest")
_FACT = {"drained": "is_out", "prevented": "has_reason"}
HOUR = 3600 * MICRO
JITTER_US = 60 * MICRO
"""A pause this short between readings is no gap: a collector that missed one comes back a few seconds late."""


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
    made: dict[Kind, list[Interval]] = {kind: [] for kind in kinds}
    for row in states.fetch(runs(states.question((), where), kinds)).to_pylist():
        made[row["kind"]].append(_interval(row, states.around.period))
    return {kind: tuple(sorted(those, key=_by_gpu)) for kind, those in made.items()}


def _by_gpu(one: Interval) -> tuple[object, ...]:
    return one.cluster, one.host, one.gpu, one.start, one.reason or ""


def _interval(row: dict[str, Any], period: Period) -> Interval:
    start, end = (period.start + timedelta(microseconds=row[name]) for name in ("since_us", "until_us"))
    counted, busy = row["counted_us"] / HOUR, row["busy_us"] / HOUR
    cluster, host, gpu, reason = (row[name] for name in (*_GPU, "reason"))
    # Stripped here: Spark takes the \f and \v of Ibis' strip for letters.
    return Interval(
        cluster, host, gpu, reason and reason.strip(), start, end, counted, busy, row["is_newest"], row["is_oldest"]
    )


def runs(question: StateQuestion, kinds: Sequence[Kind]) -> "ir.Table":
    """A row per run of readings. A drain keeps the last of its reasons; another reason is another run of the other kind."""
    rows = facts(question.at(_numbered(question.period), _may_matter), ("part", *_FACT.values()))
    rows = rows.select(
        *_GPU, *_FACT.values(), *_HELD, "part",
        reason=rows.prevented_reason,
        is_busy=rows.part.isin(["primary", "secondary"]),
        length_us=(rows.until_us - rows.since_us).cast("float64"),
    )  # fmt: skip
    return ibis.union(*(_runs(rows, kind) for kind in kinds)) if len(kinds) > 1 else _runs(rows, kinds[0])


def _may_matter(rows: "ir.Table") -> "ir.BooleanValue":
    """Few readings are of GPUs out of service or with a reason: the rest goes before anything is joined to it."""
    return rows.admin_state.isin(OUT_OF_SERVICE).fill_null(False) | (rows.prevented_reason != "").fill_null(False)


def _runs(rows: "ir.Table", kind: Kind) -> "ir.Table":
    rows = rows.filter(rows[_FACT[kind]])
    keys = [*_GPU, "reason"] if kind == "prevented" else [*_GPU]
    rows = rows.mutate(order=ibis.row_number().over(ibis.window(group_by=keys, order_by="since_us")))
    rows = rows.mutate(run=rows.place - rows.order)
    found = rows.group_by([*keys, "run"]).agg(
        since_us=rows.since_us.min(),
        until_us=rows.until_us.max(),
        counted_us=rows.length_us.sum(where=rows.part == kind).fill_null(0.0),
        busy_us=rows.length_us.sum(where=rows.is_busy).fill_null(0.0),
        is_newest=rows.is_newest.any(),
        is_oldest=rows.is_oldest.any(),
        **({} if kind == "prevented" else {"reason": rows.reason.max()}),
    )
    return found.select(*_GPU, *_FOUND, kind=ibis.literal(kind))


def _numbered(period: Period) -> "ir.Table":
    """Readings with `place`: that of the next is one more, after a gap two more."""
    held = spans(period)
    order = ibis.window(group_by="cluster", order_by="since_us")
    jitter = ibis.least(held.step_us / 2, JITTER_US)
    after_gap = (held.since_us > held.until_us.lag().over(order) + jitter).fill_null(False)
    held = held.mutate(number=ibis.row_number().over(order), gap=after_gap.ifelse(1, 0))
    until_now = ibis.cumulative_window(group_by="cluster", order_by="since_us")
    of_cluster = ibis.window(group_by="cluster")
    return held.mutate(
        place=held.number + held.gap.sum().over(until_now),
        is_newest=held.since_us == held.since_us.max().over(of_cluster),
        is_oldest=(held.since_us == 0) & (held.number == 0),
    )
