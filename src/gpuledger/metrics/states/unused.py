"""When each GPU last held a job, in the period and before it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from gpuledger.metrics import Filter, Metric
from gpuledger.metrics.relation import instant
from gpuledger.metrics.states.ask import StateAsk
from gpuledger.metrics.states.dimensions import CLASS, column_of
from gpuledger.metrics.states.facts import facts
from gpuledger.metrics.states.held import OF_GPU
from gpuledger.metrics.states.once import Beside
from gpuledger.metrics.states.question import StateQuestion

if TYPE_CHECKING:
    import ibis.expr.types as ir

IN_USE = ("primary", "secondary")
Gpu = tuple[str, str, str]
_BY = ("cluster", "gpu", "gpu_model", "class", "part")
"""The dimensions that tell a GPU and what it was."""


@dataclass(frozen=True)
class Seen:
    """One GPU over the period: its class, part and reason are those of the last reading that found it.

    `last_use` is the end of its last job there, None without one; `first` and `last` bound when it was found.
    """

    gpu: Gpu
    model: str | None
    kind: str | None
    part: str
    reason: str | None
    first: datetime
    last: datetime
    last_use: datetime | None


@dataclass(frozen=True)
class Use:
    """The last reading that found a job on a GPU."""

    time: datetime
    user: str | None


def seen(states: StateAsk, where: Sequence[Filter] = ()) -> list[Seen]:
    """Every GPU of the question, by cluster, host and name."""
    phases: dict[Gpu, list[Mapping[str, Any]]] = defaultdict(list)
    for row in states.beside((), [Phases(states.question(_BY, where))])[1][0].to_pylist():
        phases[row["cluster"], row["host"], row["gpu"]].append(row)
    return [_seen(gpu, phases[gpu], states.around.period.start) for gpu in sorted(phases)]


@dataclass(frozen=True)
class Phases:
    """A row per GPU and what it was at any time: `OF_GPU`, model, kind, part, reason; when first, last and to when."""

    question: StateQuestion
    metrics: tuple[Metric, ...] = ()
    beside: tuple[Beside, ...] = ("first_us", "last_us", "end_us")

    def told(self, rows: "ir.Table") -> "ir.Table":
        """See `once.Part`."""
        kind = column_of(rows, CLASS, self.question.sorting)
        rows = rows.mutate(model=rows.gpu_model, kind=kind, reason=rows.prevented_reason)
        moments = {"first_us": rows.first_us.min(), "last_us": rows.last_us.max(), "end_us": rows.end_us.max()}
        told = {name: moment.cast("int64") for name, moment in moments.items()}
        return rows.group_by([*OF_GPU, "model", "kind", "part", "reason"]).agg(**told)


def _seen(gpu: Gpu, phases: Sequence[Mapping[str, Any]], start: datetime) -> Seen:
    latest = max(phases, key=lambda row: row["last_us"])
    first, last = min(row["first_us"] for row in phases), max(row["end_us"] for row in phases)
    used = [row["end_us"] for row in phases if row["part"] in IN_USE]
    return Seen(
        gpu, latest["model"], latest["kind"], latest["part"], latest["reason"], _at(start, first), _at(start, last),
        _at(start, max(used)) if used else None,
    )  # fmt: skip


def _at(start: datetime, offset_us: int) -> datetime:
    return start + timedelta(microseconds=offset_us)


def last_uses(states: StateAsk, hosts: Iterable[str]) -> dict[Gpu, Use]:
    """The last reading before the period's end that found a job on each GPU of the hosts, however long ago."""
    names = sorted(set(hosts))
    if not names:
        return {}
    rows = facts()
    rows = rows.filter(
        rows.host.isin(names), rows.time < instant(states.around.period.naive[1]), rows.part.isin(IN_USE)
    )
    last = rows.group_by(OF_GPU).agg(time=rows.time.max())
    last = last.select(c="cluster", h="host", g="gpu", t="time")
    both = rows.inner_join(last, [rows.cluster == last.c, rows.host == last.h, rows.gpu == last.g, rows.time == last.t])
    found = both.group_by(OF_GPU).agg(time=both.t.max(), user=both.occupant.max())
    told = states.around.rows(found).to_pylist()
    return {(r["cluster"], r["host"], r["gpu"]): Use(r["time"].replace(tzinfo=UTC), r["user"]) for r in told}
