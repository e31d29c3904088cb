"""One reading alone: for how long it holds nobody knows, and every report of a pool says so."""

from pathlib import Path

import pyarrow as pa
import pytest

from gpuledger.model.batch import Batch
from gpuledger.model.errors import NoData
from gpuledger.model.tables import GPU_STATES, SNAPSHOTS
from gpuledger.store.lake import Lake
from tests.reports.small_pools import at, document, state


@pytest.mark.parametrize("name", ["pool", "pool-hosts", "pool-host", "pool-backfill", "pool-unused", "pool-snapshot"])
def test_a_lone_reading_of_unknown_step_is_said_to_be_one(tmp_path: Path, name: str) -> None:
    store = Lake(tmp_path)
    store.append(Batch(GPU_STATES, pa.Table.from_pylist([state(10)])), "test")
    reading = {"cluster": "pool", "source": "poll", "time": at(10), "status": "complete", "told_tables": ["gpu_states"]}
    store.append(Batch(SNAPSHOTS, pa.Table.from_pylist([reading])), "test")
    with pytest.raises(NoData, match="does not tell for how long it holds"):
        document(name, store)
