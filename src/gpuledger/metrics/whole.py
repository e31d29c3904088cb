"""The period of everything: from the first to the last moment that a ledger tells of."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import ibis

from gpuledger.model.period import Period
from gpuledger.model.schema import unbound
from gpuledger.model.tables import DEVICE_EVENTS, JOB_ATTEMPTS, SNAPSHOTS

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

_NOTHING = timedelta(days=30)
_LAST_SECOND = timedelta(seconds=1)


def whole(fetch: "Callable[[ir.Table], pa.Table]", everything: Period) -> Period:
    """`everything` cut to what is known, its last second (of events: minute) included; of an empty ledger the last 30 days."""
    row = fetch(_known()).to_pylist()[0]
    firsts = [row[name].replace(tzinfo=UTC) for name in ("first", "read_first", "event_first") if row[name]]
    lasts = [_second(row[name].replace(tzinfo=UTC)) for name in ("last", "read_last") if row[name]]
    lasts += [after(row["event_last"].replace(tzinfo=UTC))] if row["event_last"] else []
    if not firsts or not lasts or min(firsts) >= everything.end:
        return Period(everything.end - _NOTHING, everything.end, everything.zone, "all")
    end = min(everything.end, max(lasts))
    return Period(min(firsts), max(end, min(firsts) + _LAST_SECOND), everything.zone, "all")


def after(event: datetime) -> datetime:
    """The minute after an event: a period that ends here holds it, and says a later time than it."""
    return event.replace(second=0, microsecond=0) + timedelta(minutes=1)


def _second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0) + _LAST_SECOND


def _known() -> "ir.Table":
    attempts, read, events = unbound(JOB_ATTEMPTS), unbound(SNAPSHOTS), unbound(DEVICE_EVENTS)
    first = ibis.least(
        attempts.submitted_at.min(), attempts.eligible_at.min(), attempts.matched_at.min(), attempts.started_at.min(),
        attempts.ended_at.min(),
    )  # fmt: skip
    told = attempts.agg(
        first=first, last=ibis.greatest(attempts.ended_at.max(), attempts.started_at.max(), attempts.observed_at.max())
    )
    good = read.filter(read.status != "failed")
    seen = good.agg(
        read_first=good.since.coalesce(good.time).min(),
        read_last=good.until.coalesce(good.time).max(),
    )
    happened = events.agg(event_first=events.time.min(), event_last=events.time.max())
    return told.cross_join(seen).cross_join(happened)
