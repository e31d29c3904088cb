"""A batch of a poll is appended once a key, in whatever order its rows come."""

import random
from pathlib import Path

import pyarrow as pa
import pytest

from gpuledger.model.batch import Batch
from gpuledger.model.tables import GPU_STATES
from gpuledger.store.lake import Lake
from tests.store.rows import gpu_states


@pytest.mark.parametrize("order", ["as it comes", "backwards", "mixed"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_key_that_comes_twice_is_one_row_in_any_order(tmp_path: Path, order: str, times: int) -> None:
    rows = [row for row in gpu_states(1, gpus=20).rows.to_pylist() for _ in range(times)]
    if order == "backwards":
        rows.reverse()
    elif order == "mixed":
        random.Random(3).shuffle(rows)
    store = Lake(tmp_path)
    written = store.append(Batch(GPU_STATES, pa.Table.from_pylist(rows)), "i1")
    assert (written.inserted, written.unchanged) == (20, 20 * (times - 1))
    assert store.append(Batch(GPU_STATES, pa.Table.from_pylist(rows)), "i2").inserted == 0
