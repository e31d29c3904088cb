"""Builders of rows for the stores' tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from gpuledger.model.batch import Batch
from gpuledger.model.schema import arrow_schema
from gpuledger.model.tables import GPU_STATES, JOB_ATTEMPTS, Table

START = datetime(2026, 5, 1, tzinfo=UTC)


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def attempt(number: int, **told: Any) -> dict[str, Any]:
    """A finished attempt of one hour on one GPU; every column can be told otherwise."""
    submitted = told.get("submitted_at", at(number))
    row = {
        "cluster": "hpg",
        "attempt_id": f"{number}@{int(at(number).timestamp())}",
        "job_id": str(number),
        "user_name": f"user{number % 3}",
        "submitted_at": submitted,
        "started_at": at(number + 0.5),
        "ended_at": at(number + 1.5),
        "observed_at": at(number + 1.5),
        "state": "completed",
        "gpu_count": 1.0,
    }
    return {**row, **told}


def running(number: int, reported_by: str = "hpg", seen_after: float = 1.0, **told: Any) -> dict[str, Any]:
    return attempt(
        number,
        **{
            "state": "running",
            "ended_at": None,
            "observed_at": at(number + 0.5 + seen_after),
            "reported_by": reported_by,
            **told,
        },
    )


def batch_of(table: Table, rows: list[dict[str, Any]], input_rows: list[int] | None = None) -> Batch:
    names = {name for row in rows for name in row}
    schema = pa.schema([field for field in arrow_schema(table) if field.name in names])
    counts = pa.array(input_rows) if input_rows is not None else None
    return Batch(table, pa.Table.from_pylist(rows, schema), counts)


def attempts(*rows: dict[str, Any], input_rows: list[int] | None = None) -> Batch:
    return batch_of(JOB_ATTEMPTS, list(rows), input_rows)


def gpu_states(hours: float, gpus: int = 3, **told: Any) -> Batch:
    rows = [
        {"cluster": "hpg", "source": "poll", "time": at(hours), "host": f"c{n}", "gpu": "index:0", **told}
        for n in range(gpus)
    ]
    return batch_of(GPU_STATES, rows)
