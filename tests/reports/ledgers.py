"""Small ledgers built from rows, for reports to be made of."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from gpuledger.metrics import Filter
from gpuledger.metrics.ask import StoreAsk
from gpuledger.model.batch import Batch
from gpuledger.model.document import Document, Number, Table
from gpuledger.model.period import Period
from gpuledger.model.tables import ATTEMPT_GPUS, JOB_ATTEMPTS, SNAPSHOTS
from gpuledger.reports.usage import UsageParameters, build
from gpuledger.store.lake import Lake

START = datetime(2026, 5, 1, tzinfo=UTC)
END = START + timedelta(days=30)
MAY = Period(START, END)


def hour(number: float) -> datetime:
    """An instant, in hours since the period's start."""
    return START + timedelta(hours=number)


def attempt(number: int, **said: Any) -> dict[str, Any]:
    """One finished attempt of two hours on one GPU, unless said otherwise."""
    row: dict[str, Any] = {
        "cluster": "c", "attempt_id": f"{number}@0", "job_id": str(number), "user_name": "ada", "account": "math", "queue": "gpu",
        "qos": "normal", "state": "completed", "submitted_at": hour(0), "started_at": hour(1), "ended_at": hour(3),
        "gpu_count": 1.0, "gpu_model": "A100", "cpu_count": 8.0, "memory_bytes": 2.0**30, "node_count": 1.0, "job_name": "train",
    } | said  # fmt: skip
    first = next(filter(None, (row["submitted_at"], row["started_at"], row["ended_at"])), None)
    ended = row["ended_at"]
    return row | {
        "partition_month": first.strftime("%Y-%m") if first else "unknown",
        "observed_at": ended or row["started_at"] or row["submitted_at"],
        "usage_observed_at": ended if "gpu_busy_ratio" in said else None,
        "reported_by": None if ended else "sacct",
    }


def snapshot(since: datetime = START - timedelta(days=90), until: datetime = END) -> dict[str, Any]:
    """A source that told everything of a window."""
    return {"cluster": "c", "source": "sacct", "time": until, "since": since, "until": until, "status": "complete"}


def ledger(
    root: Path,
    attempts: Iterable[Mapping[str, Any]],
    snapshots: Iterable[Mapping[str, Any]] = (snapshot(),),
    gpus: Iterable[Mapping[str, Any]] = (),
) -> Lake:
    store = Lake(root)
    for table, rows in ((JOB_ATTEMPTS, attempts), (ATTEMPT_GPUS, gpus)):
        if held := list(rows):
            names = dict.fromkeys(name for row in held for name in row)
            store.upsert(Batch(table, pa.table({name: [row.get(name) for row in held] for name in names})), "test")
    if told := list(snapshots):
        store.append(Batch(SNAPSHOTS, pa.Table.from_pylist(told)), "test")
    return store


def usage(
    store: Lake, period: Period = MAY, now: datetime = END, where: tuple[Filter, ...] = (), **chosen: Any
) -> Document:
    return build(StoreAsk(store, period, now, period.zone, where), UsageParameters(**chosen))


def table(document: Document, name: str) -> Table:
    return next(block for block in document.tables if block.id == name)


def card(document: Document, name: str) -> Number:
    return next(
        item
        for block in document.blocks
        if hasattr(block, "items")
        for item in block.items
        if getattr(item, "id", "") == name
    )


def rows(document: Document, name: str) -> dict[Any, dict[str, Any]]:
    """A table's rows by their first cell, cells by column key; `totals` and `others` under their own names."""
    found = table(document, name)
    keys = [column.key for column in found.columns]
    named = {row[0]: dict(zip(keys, row, strict=True)) for row in found.rows}
    extra = {"totals": found.totals, "others": found.others}
    return named | {key: dict(zip(keys, row, strict=True)) for key, row in extra.items() if row}
