"""Questions that are answered in one pass over the readings get the answers that they get alone; on every engine."""

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from gpuledger.metrics import Wanted
from gpuledger.metrics.states.lanes import lanes, lanes_of_all
from gpuledger.model.capacity import Capacity
from gpuledger.model.period import Period
from tests.metrics.engines import DuckEngine
from tests.metrics.test_intervals import BUSY, FREE, OUT, STATE, THREE
from tests.metrics.test_state_views import START, TEN_MINUTES, ask_of, gpu, told
from tests.metrics.worked import _rows


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


def test_questions_that_cut_the_period_differently_get_the_answers_that_they_get_alone(ask: Any) -> None:
    wanted = (
        Wanted(("present_gpus", "drained_gpu_hours"), ("host",)),
        Wanted(("allocated_gpus", "allocated_ratio"), ("hour",)),
        Wanted(("allocated_gpus",), ("hour", "gpu"), with_left_out=True),
        Wanted(("present_gpus",), ("part",), with_left_out=True),
        Wanted(("observed_gpu_hours",), ("user",)),
    )
    for together, alone in zip(ask.together(*wanted), [ask.together(each)[0] for each in wanted], strict=True):
        assert together.records() == [pytest.approx(row) for row in alone.records()]
        assert together.totals == pytest.approx(alone.totals)


def test_courses_and_lanes_come_with_the_answers_that_are_asked_beside_them(ask: Any) -> None:
    wanted = Wanted(("present_gpus", "allocated_gpus", "most_gpus"), ("user",))
    [alone] = ask.together(wanted)
    [[course]], [beside] = ask.states.courses_beside([wanted], ["present_gpus"], [(ask.period, 900.0)], by="host")
    assert beside.records() == [pytest.approx(row) for row in alone.records()]
    assert course.means.tolist() == ask.series("present_gpus", 900.0, by="host").means.tolist()
    every, [beside] = lanes_of_all(ask.states, 900.0, [wanted])
    assert beside.records() == [pytest.approx(row) for row in alone.records()]
    whole = lanes(ask.with_capacity(Capacity()).states, 900.0)
    assert [lane.shown.tolist() for lane in every.lanes] == [lane.shown.tolist() for lane in whole.lanes]
    assert [(lane.host, lane.gpu) for lane in every.lanes] == [("n1", "G0"), ("n1", "G1"), ("n2", "G0")]
    assert [lane.host for lane in lanes(ask.states, 900.0).lanes] == ["n1", "n1"]


def test_readings_that_two_sources_tell_are_all_counted() -> None:
    polls = "time | source | period_seconds\n" + "\n".join(f"{at} | s{n % 2} | 600" for n, at in enumerate(TEN_MINUTES))
    states = "time | source | host | gpu | " + STATE + "\n"
    states += "\n".join(f"{at} | s{n % 2} | n1 | G0 | {BUSY if n < 3 else FREE}" for n, at in enumerate(TEN_MINUTES))
    rows = {name: list(_rows(name, text)) for name, text in (("snapshots", polls), ("gpu_states", states))}
    ask = ask_of(DuckEngine().load(rows))
    assert ask.states.readers == (("hpc", "s0"), ("hpc", "s1"))
    [found] = ask.together(Wanted(("present_gpus", "allocated_gpus"), ("cluster",)))
    assert found.records() == [{"cluster": "hpc", "present_gpus": 1.0, "allocated_gpus": pytest.approx(0.5)}]


def test_a_mean_is_over_the_time_that_each_cluster_was_read_and_totals_are_those_of_the_rows() -> None:
    """Cluster a is read for the whole hour, b for its last half: b's GPU is there for all of the time that b was read."""
    polls = [*((at, "a") for at in TEN_MINUTES), *((at, "b") for at in TEN_MINUTES[3:])]
    states = "\n".join(f"{at} | {cluster} | n1 | G0 | {FREE if at < TEN_MINUTES[3] else BUSY}" for at, cluster in polls)
    seen = "\n".join(f"{at} | {cluster} | 600" for at, cluster in polls)
    tables = {
        "snapshots": f"time | cluster | period_seconds\n{seen}",
        "gpu_states": f"time | cluster | host | gpu | {STATE}\n{states}",
    }
    ask = ask_of(DuckEngine().load({name: list(_rows(name, text)) for name, text in tables.items()}))
    names = ("present_gpus", "allocated_gpus", "allocated_gpu_hours", "allocated_ratio", "gpus_seen")
    by_cluster, whole = ask.together(Wanted(names, ("cluster",)), Wanted(names))
    assert by_cluster.of("present_gpus") == {("a",): 1.0, ("b",): 1.0}
    assert by_cluster.of("allocated_gpus") == {("a",): 0.5, ("b",): 1.0}
    assert by_cluster.totals == whole.totals
    assert whole.value("allocated_gpus") == 1.5
    assert whole.value("allocated_gpu_hours") == 1.0
    assert whole.value("gpus_seen") == 2
    [by_hour] = ask.together(Wanted(names, ("hour", "user")))
    assert by_hour.totals == whole.totals
