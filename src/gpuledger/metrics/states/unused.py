"""When each GPU last held a job, in the period and before it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gpuledger.metrics import Filter
from gpuledger.metrics.relation import instant
from gpuledger.metrics.states.ask import StateAsk
from gpuledger.metrics.states.facts import facts
from gpuledger.metrics.states.held import OF_GPU, held

IN_USE = ("primary", "secondary")
Gpu = tuple[str, str, str]


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
    rows = held(states, where)
    latest = {name: rows[column].argmax(rows.since_us) for name, column in _LATEST.items()}
    found = rows.group_by(OF_GPU).agg(
        **latest,
        first=rows.since_us.min(),
        last=rows.until_us.max(),
        used=rows.until_us.max(where=rows.part.isin(IN_USE)),
    )
    start = states.around.period.start
    return sorted((_seen(row, start) for row in states.fetch(found).to_pylist()), key=lambda one: one.gpu)


_LATEST = {"model": "gpu_model", "kind": "class", "part": "part", "reason": "prevented_reason"}


def _seen(row: dict[str, Any], start: datetime) -> Seen:
    first, last = (start + timedelta(microseconds=row[name]) for name in ("first", "last"))
    used = None if row["used"] is None else start + timedelta(microseconds=row["used"])
    gpu = (row["cluster"], row["host"], row["gpu"])
    return Seen(gpu, row["model"], row["kind"], row["part"], row["reason"], first, last, used)


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
