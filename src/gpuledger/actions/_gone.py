"""Attempts without an end that a live source no longer tells: mended or purged there, they must not grow on.

An open attempt counts to its source's watermark. One that a complete poll up to now did not tell is written once more,
without the source's name and seen at the watermark before: it then counts to the last poll that told it. A later poll
that tells it again gives it its source back. A finished reading wins over both.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from gpuledger.model.batch import Batch
from gpuledger.model.period import Period, as_utc
from gpuledger.model.schema import arrow_schema, unbound
from gpuledger.model.tables import JOB_ATTEMPTS
from gpuledger.store import Store

Row = dict[str, Any]
MOMENT = timedelta(microseconds=1)
"""A reading as late as the stored one would not win."""


def settle(store: Store, source: str, told: set[tuple[str, str]], before: datetime, now: datetime) -> int:
    """Marks what `told` lacks and takes back marks of what it holds; returns the number of rows written.

    `told` is every (cluster, attempt_id) without an end of a complete poll up to `now`; `before` the watermark before it.
    """
    period = Period(before - timedelta(days=1), now)
    rows = [
        changed
        for row in _open(store, source, period)
        if (changed := _settled(row, source, _key(row) in told, before, now))
    ]
    if rows:
        ingest_id = f"collect-{source}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
        store.upsert(Batch(JOB_ATTEMPTS, pa.Table.from_pylist(rows, arrow_schema(JOB_ATTEMPTS))), ingest_id)
    return len(rows)


def _open(store: Store, source: str, period: Period) -> list[Row]:
    """The attempts without an end that the source told last, and those that are marked.

    An attempt without an end is in every period: `period` only leaves out files where all have ended before.
    """
    attempts = unbound(JOB_ATTEMPTS)
    is_ours = attempts.reported_by.isnull() | (attempts.reported_by == source)
    rows: list[Row] = store.ask(attempts.filter(attempts.ended_at.isnull() & is_ours), period).to_pylist()
    return [{name: as_utc(value) for name, value in row.items()} for row in rows]


def _settled(row: Row, source: str, is_told: bool, before: datetime, now: datetime) -> Row | None:
    """The row with its mark made or taken back, None where it is as it should be."""
    is_marked = row["reported_by"] is None
    if is_told != is_marked:
        return None
    seen = now if is_told else before
    return row | {
        "reported_by": source if is_told else None,
        "observed_at": max(seen, (row["observed_at"] or seen) + MOMENT),
    }


def _key(row: Row) -> tuple[str, str]:
    return row["cluster"], row["attempt_id"]
