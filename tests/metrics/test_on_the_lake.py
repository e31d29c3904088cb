"""Metrics on the real store: what it prunes must not change a number."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from gpuledger.metrics.ask import StoreAsk
from gpuledger.model.batch import Batch
from gpuledger.model.period import named
from gpuledger.model.tables import JOB_ATTEMPTS, SNAPSHOTS
from gpuledger.store.lake import Lake


def test_a_watermark_after_the_period_still_counts(tmp_path: Path) -> None:
    """The files of snapshots that are later than the period say how far an open attempt is known to have run."""
    may, june, july = (named(f"2026-0{month}") for month in (5, 6, 7))
    attempt = {
        "cluster": "hpc", "attempt_id": "1", "job_id": "1", "partition_month": "2026-05", "state": "running",
        "submitted_at": may.start, "started_at": may.start, "observed_at": may.start, "reported_by": "acct",
        "gpu_count": 1.0,
    }  # fmt: skip
    told = {"cluster": "hpc", "source": "acct", "status": "complete"}
    store = Lake(tmp_path / "ledger")
    store.upsert(Batch(JOB_ATTEMPTS, pa.Table.from_pylist([attempt])), "i1")
    for moment in (may.start, june.end - timedelta(days=1)):
        store.append(Batch(SNAPSHOTS, pa.Table.from_pylist([told | {"time": moment, "until": moment}])), "i1")
    hours = [StoreAsk(store, period, july.end).ask("gpu_hours").totals["gpu_hours"] for period in (may, june, july)]
    store.close()
    assert hours == pytest.approx([31 * 24, 29 * 24, 0])
