"""How things stand as the ledger was told last: its age by source, what is held, what each GPU does."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gpuledger.actions.query import ask_of
from gpuledger.config import Ledger
from gpuledger.model.period import Period
from gpuledger.model.schema import unbound
from gpuledger.model.tables import SNAPSHOTS

if TYPE_CHECKING:
    import ibis.expr.types as ir

OTHERS = "others"
_MOST_QUEUES = 100
_SPAN = timedelta(days=1)


@dataclass(frozen=True)
class Age:
    """The newest moment that a source has told of."""

    cluster: str
    source: str
    newest: datetime


@dataclass(frozen=True)
class Held:
    """What running attempts of a queue held."""

    cluster: str
    queue: str
    attempts: float
    gpus: float
    cpus: float


@dataclass(frozen=True)
class Current:
    """`gpus` counts them by (cluster, class, part)."""

    ages: tuple[Age, ...]
    held: tuple[Held, ...]
    gpus: dict[tuple[str, str, str], int]


def ages(ledger: Ledger) -> tuple[Age, ...]:
    """Every source with its newest moment, the newest first."""
    polls = unbound(SNAPSHOTS)
    told = polls.filter(polls.status != "failed").group_by(["cluster", "source"])
    found = ledger.store.ask(told.agg(newest=polls.until.fill_null(polls.time).max())).to_pylist()
    known = (Age(row["cluster"], row["source"], row["newest"].replace(tzinfo=UTC)) for row in found if row["newest"])
    return tuple(sorted(known, key=lambda age: age.newest, reverse=True))


def current(ledger: Ledger, now: datetime) -> Current:
    """How things stood at the newest moment the ledger knows, at the latest now; nothing of an empty ledger."""
    known = ages(ledger)
    if not known:
        return Current((), (), {})
    at = min(now, known[0].newest)
    return Current(known, _held(ledger, at, now), _gpus(ledger, at, now))


def _held(ledger: Ledger, at: datetime, now: datetime) -> tuple[Held, ...]:
    from gpuledger.metrics.now import holding

    period = Period(at - _SPAN, at)
    rows = holding(at - timedelta(microseconds=1), period)
    counted: ir.Table = rows.group_by(["cluster", "queue"]).agg(
        attempts=rows.count(), gpus=rows.gpu_count.sum(), cpus=rows.cpu_count.sum()
    )
    found = ask_of(ledger, period, now).rows(counted, period).to_pylist()
    held = [Held(r["cluster"], r["queue"] or "", r["attempts"], r["gpus"] or 0.0, r["cpus"] or 0.0) for r in found]
    held.sort(key=lambda one: (-one.gpus, -one.cpus, one.cluster, one.queue))
    return (*held[:_MOST_QUEUES], *_rest(held[_MOST_QUEUES:]))


def _rest(left: list[Held]) -> list[Held]:
    """Many queues are one: labels stay bounded."""
    if not left:
        return []
    sums = (sum(getattr(one, name) for one in left) for name in ("attempts", "gpus", "cpus"))
    return [Held(OTHERS, OTHERS, *sums)]


def _gpus(ledger: Ledger, at: datetime, now: datetime) -> dict[tuple[str, str, str], int]:
    from gpuledger.metrics.states.moment import TICK, states_at, told_of

    ask = ask_of(ledger, Period(at - _SPAN, at), now)
    moment = told_of(ask, at - TICK)
    if moment is None:
        return {}
    rows = states_at(ask.of_period(Period(moment, moment + TICK)).states).to_pylist()
    return dict(Counter((row["cluster"], row["class"], row["part"]) for row in rows))
