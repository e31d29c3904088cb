"""Questions that are answered in one pass over the readings get the answers that they get alone; on every engine."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from gpuledger.metrics import Wanted
from gpuledger.model.capacity import Capacity
from gpuledger.model.period import Period
from tests.metrics.test_intervals import BUSY, FREE, OUT, STATE, THREE
from tests.metrics.test_state_views import START, TEN_MINUTES, ask_of, gpu, told


@pytest.fixture(params=THREE)
def ask(request: pytest.FixtureRequest) -> Any:
    """Two GPUs of n1, one of n2, which the site leaves out."""
    texts = [gpu(STATE, FREE, BUSY, BUSY, OUT, FREE, BUSY), gpu(STATE, BUSY, FREE, FREE, BUSY, OUT, OUT, name="G1")]
    second = gpu(STATE, BUSY, BUSY, FREE, FREE, FREE, FREE).replace("n1", "n2")
    lines = [texts[0], *(text.split("\n", 1)[1] for text in (texts[1], second))]
    store = request.getfixturevalue(request.param).load(told(TEN_MINUTES, "\n".join(lines)))
    return ask_of(store).with_capacity(Capacity(excluded_hosts={"n2": "of the lab"}))


def test_what_is_left_out_is_counted_where_it_is_asked_for_and_only_there(ask: Any) -> None:
    wanted = Wanted(("present_gpus", "allocated_gpus"), ("host",))
    every = Wanted(("present_gpus", "allocated_gpus"), ("host", "gpu"), with_left_out=True)
    counted, whole = ask.together(wanted, every)
    assert [(row["host"], row["present_gpus"]) for row in counted.records()] == [("n1", 2.0)]
    assert counted.value("present_gpus") == 2
    assert {row["gpu"] for row in whole.records()} == {"n1/G0", "n1/G1", "n2/G0"}
    assert whole.value("present_gpus") == 3
    assert whole.value("allocated_gpus") == pytest.approx(counted.value("allocated_gpus") + 1 / 3)


def test_courses_of_parts_are_the_series_of_those_parts(ask: Any) -> None:
    names, half = ["present_gpus", "drained_gpus"], Period(START + timedelta(minutes=30), START + timedelta(hours=1))
    cuts = [(half, 900.0), (ask.period, [START, half.start, ask.period.end])]
    late, both = ask.states.courses(names, cuts, by="host")
    for mine, alone in zip(late, ask.of_period(half).series_of(names, 900.0, by="host"), strict=True):
        assert (mine.names, mine.edges) == (alone.names, alone.edges)
        assert np.allclose(mine.observed, alone.observed)
        assert np.allclose(mine.means, alone.means)
    assert [round(float(mean), 6) for mean in both[1].total] == [0.0, 1.0]
