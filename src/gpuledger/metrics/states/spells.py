"""Spells of secondary capacity: how long a GPU was offered and free, how long a secondary job ran on it, what came next.

A spell is a run of readings of one GPU in which the same holds, from the first to the moment the next reading tells
otherwise. Where the period begins or ends, where nobody looked, or where a reading missed the GPU, it is cut: its
length is at least what was seen, and it did not end there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import ibis

from gpuledger.metrics import Filter
from gpuledger.metrics.relation import MICRO, length_us
from gpuledger.metrics.states.ask import StateAsk
from gpuledger.metrics.states.facts import OUT_OF_SERVICE
from gpuledger.metrics.states.held import OF_GPU, held
from gpuledger.metrics.states.timeline import spans
from gpuledger.model.period import Period

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    from gpuledger.metrics import Ask

FREE, RUNNING = "free", "running"
"""free: a secondary slot is offered on a GPU in service without any job. running: one secondary job holds the GPU."""
_HOUR = 3600 * MICRO
_Key = tuple[str, str, str]
AT_ONCE = 1050
"""Readings taken at once: half a week of one every five minutes, which takes 250 MB of a pool of 850 GPUs."""


@dataclass(frozen=True, slots=True)
class Spell:
    """One spell: microseconds since the period's start.

    `is_begun` and `is_ended` tell whether its beginning and end were seen; `next` is the part the GPU counted as after
    the end (`facts.PARTS`), None where the end was not seen.
    """

    kind: str
    capacity_class: str
    gpu_model: str | None
    user: str | None
    since_us: int
    until_us: int
    is_begun: bool
    is_ended: bool
    next: str | None

    @property
    def seconds(self) -> float:
        return (self.until_us - self.since_us) / MICRO


def spells(ask: "Ask", where: Sequence[Filter] = ()) -> list[Spell]:
    """Every spell of the ask's period. Readings are taken so many at a time: memory does not grow with the period."""
    found: list[Spell] = []
    going_on: dict[_Key, Spell] = {}
    for start_us, part in _parts(ask):
        states = StateAsk(ask.of_period(part))
        rows = _told(held(states, where))
        told = states.fetch(_with_ends(_joined(_edges(rows)), rows)).to_pylist()
        going_on = _stitched(told, start_us, start_us + length_us(part), going_on, found)
    return [*found, *going_on.values()]


def _parts(ask: "Ask") -> Iterator[tuple[int, Period]]:
    """The period in parts with its offset, cut while readings hold: so no spell begins or ends at a cut."""
    rows = sorted(ask.rows(spans(ask.period)).to_pylist(), key=lambda row: row["since_us"])
    taken = {row["since_us"] for row in rows}
    middles = [(row["since_us"] + row["until_us"]) // 2 for row in rows[AT_ONCE::AT_ONCE]]
    cuts = [0, *(middle for middle in middles if middle not in taken), length_us(ask.period)]
    for start, end in pairwise(cuts):
        since, until = (ask.period.start + timedelta(microseconds=edge) for edge in (start, end))
        yield start, Period(since, until, ask.period.zone)


def _stitched(
    rows: Sequence[Mapping[str, Any]], start_us: int, end_us: int, before: "dict[_Key, Spell]", found: list[Spell]
) -> "dict[_Key, Spell]":
    """Adds the spells of a part that are over to `found`; gives those that go on beyond it, by GPU."""
    going_on: dict[_Key, Spell] = {}
    for row in rows:
        key = (row["cluster"], row["host"], row["gpu"])
        spell = Spell(
            row["kind"], row["class"], row["gpu_model"], row["user"], row["since_us"] + start_us,
            row["until_us"] + start_us, row["is_begun"], row["is_ended"], row["next"],
        )  # fmt: skip
        if row["since_us"] == 0 and (earlier := before.pop(key, None)):
            spell = replace(spell, since_us=earlier.since_us, is_begun=earlier.is_begun)
        if spell.until_us == end_us:
            going_on[key] = spell
        else:
            found.append(spell)
    found.extend(before.values())
    return going_on


def _edges(rows: "ir.Table") -> "ir.Table":
    """The first and the last reading of each spell (which may be one): `is_first`."""
    rows = rows.filter(rows.kind.notnull())
    order = ibis.window(group_by=OF_GPU, order_by="since_us")
    rows = rows.mutate(
        is_going_on=(rows.until_us.lag().over(order) == rows.since_us) & (rows.spell.lag().over(order) == rows.spell),
        goes_on=(rows.since_us.lead().over(order) == rows.until_us) & (rows.spell.lead().over(order) == rows.spell),
    )
    rows = rows.mutate(is_first=~rows.is_going_on.fill_null(False))
    return rows.filter(rows.is_first | ~rows.goes_on.fill_null(False))


def _told(rows: "ir.Table") -> "ir.Table":
    """Each GPU-moment with its kind and the name of the spell it is in (null outside of any)."""
    kind = _kind(rows)
    return rows.select(
        *OF_GPU, "gpu_model", "class", "part", "since_us", "until_us",
        kind=kind, spell=kind.concat(" ", _who(rows)), user=rows.backfill_user,
    )  # fmt: skip


def _kind(rows: "ir.Table") -> "ir.StringValue":
    is_offered = (rows.backfill_occupancy == "unclaimed").fill_null(False)
    is_out = rows.admin_state.isin(OUT_OF_SERVICE).fill_null(False)
    is_free = is_offered & (rows.part != "primary") & ~is_out
    return ibis.cases((rows.part == "secondary", RUNNING), (is_free, FREE), else_=ibis.null("string"))


def _who(rows: "ir.Table") -> "ir.StringValue":
    """One job; where its id is not known, one user."""
    who = ibis.coalesce(rows.backfill_job_id, rows.backfill_user, "")
    return (rows.part == "secondary").ifelse(who, "")


def _joined(edges: "ir.Table") -> "ir.Table":
    """One row a spell."""
    order = ibis.cumulative_window(group_by=OF_GPU, order_by="since_us")
    rows = edges.mutate(number=edges.is_first.ifelse(1, 0).sum().over(order))
    return rows.group_by([*OF_GPU, "number"]).agg(
        since_us=rows.since_us.min(), until_us=rows.until_us.max(),
        **{name: rows[name].max() for name in ("kind", "user", "gpu_model", "class")},
    )  # fmt: skip


def _with_ends(spells: "ir.Table", rows: "ir.Table") -> "ir.Table":
    """Adds what the readings just before and just after a spell say of its GPU, where they found it."""
    before = rows.select(b0="cluster", b1="host", b2="gpu", b_until="until_us")
    after = rows.select(a0="cluster", a1="host", a2="gpu", a_since="since_us", next="part")
    found = spells.left_join(before, [*_same(spells, before, "b"), spells.since_us == before.b_until])
    found = found.left_join(after, [*_same(found, after, "a"), found.until_us == after.a_since])
    return found.select(*spells.columns, is_begun=found.b0.notnull(), is_ended=found.a0.notnull(), next=found.next)


def _same(left: "ir.Table", right: "ir.Table", letter: str) -> "list[ir.BooleanValue]":
    return [left[name] == right[f"{letter}{number}"] for number, name in enumerate(OF_GPU)]


def offered(states: StateAsk, where: Sequence[Filter] = ()) -> "pa.Table":
    """GPU-hours by cluster, host and model: `free_of_primary` (in service, no primary job), of those `offered` (with a
    secondary slot) and `running` (with a secondary job)."""
    rows = states.question((), where).moments()
    is_out = rows.admin_state.isin(OUT_OF_SERVICE).fill_null(False)
    rows = rows.filter(rows.part != "primary", ~is_out)
    hours = rows.weight_us.cast("float64") / _HOUR
    return states.fetch(
        rows.group_by(["cluster", "host", "gpu_model"]).agg(
            free_of_primary=hours.sum(),
            offered=hours.sum(where=rows.backfill_occupancy.notnull()).fill_null(0.0),
            running=hours.sum(where=rows.part == "secondary").fill_null(0.0),
        )
    )
