"""Worked examples of intervals of drained and prevented GPUs; on every engine, their hours equal the metrics'."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gpuledger.metrics.states.intervals import Kind, intervals
from tests.metrics.test_state_views import START, TEN_MINUTES, ask_of, gpu, told

THREE = ["duck", pytest.param("postgres", marks=pytest.mark.postgres), pytest.param("spark", marks=pytest.mark.spark)]
STATE = "occupancy | admin_state | prevented_reason"
FREE, BUSY, OUT = "unclaimed | none |", "claimed | drained |", "unclaimed | drained | fan"
STOPPED, OTHER, WORKING = "unclaimed | none | fan", "unclaimed | none | heat", "claimed | none | fan"


@pytest.fixture(params=THREE)
def store(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def minutes(moment: datetime) -> int:
    return round((moment.astimezone(UTC) - START).total_seconds() / 60)


def found(store: Any, kind: Kind, *values: str, moments: list[str] = TEN_MINUTES) -> list[tuple[Any, ...]]:
    """(since, until, minutes that count, minutes with a job, reason, still so, already so before) of one GPU."""
    ask = ask_of(store.load(told(moments, gpu(STATE, *values))))
    held = intervals(ask.states, kind)
    whole = ask.ask(f"{kind}_gpu_hours").value(f"{kind}_gpu_hours")
    assert sum(one.counted_hours for one in held) == pytest.approx(whole)
    return [
        (minutes(o.start), minutes(o.end), round(o.counted_hours * 60), round(o.busy_hours * 60), o.reason, o.is_open, o.is_earlier)
        for o in held
    ]  # fmt: skip


def test_a_drain_runs_on_while_its_job_ends_and_keeps_its_reason(store: Any) -> None:
    rows = found(store, "drained", FREE, BUSY, BUSY, OUT, FREE, FREE)
    assert rows == [(10, 40, 10, 20, "fan", False, False)]


def test_what_holds_at_both_edges_is_of_before_and_still_open(store: Any) -> None:
    assert found(store, "drained", OUT, FREE, FREE, FREE, OUT, OUT) == [
        (0, 10, 10, 0, "fan", False, True), (40, 60, 20, 0, "fan", True, False),
    ]  # fmt: skip


@pytest.mark.parametrize("store", ["duck"], indirect=True)
def test_a_reading_that_does_not_tell_of_the_gpu_ends_its_interval(store: Any) -> None:
    assert found(store, "drained", OUT, OUT, "missed", OUT, FREE, FREE) == [
        (0, 20, 20, 0, "fan", False, True), (30, 40, 10, 0, "fan", False, False),
    ]  # fmt: skip


@pytest.mark.parametrize("store", ["duck"], indirect=True)
def test_a_missed_reading_is_bridged_and_a_gap_is_not(store: Any) -> None:
    """Missing one, the reading before holds for two steps; missing two leaves ten minutes that nobody saw."""
    one = ["2026-05-01T00:00", "2026-05-01T00:20", "2026-05-01T00:30"]
    rows = told(
        one, "\n".join(["time | host | gpu | admin_state", *(f"{moment} | n1 | G0 | drained" for moment in one)])
    )
    assert [(minutes(o.start), minutes(o.end)) for o in intervals(ask_of(store.load(rows)).states, "drained")] == [
        (0, 40)
    ]
    two = ["2026-05-01T00:00", "2026-05-01T00:30", "2026-05-01T00:40"]
    rows = told(
        two, "\n".join(["time | host | gpu | admin_state", *(f"{moment} | n1 | G0 | drained" for moment in two)])
    )
    held = intervals(ask_of(store.load(rows)).states, "drained")
    assert [(minutes(o.start), minutes(o.end)) for o in held] == [(0, 20), (30, 50)]


def test_another_reason_is_another_interval(store: Any) -> None:
    assert found(store, "prevented", STOPPED, WORKING, OTHER, OTHER, FREE, STOPPED) == [
        (0, 20, 10, 10, "fan", False, True), (20, 40, 20, 0, "heat", False, False), (50, 60, 10, 0, "fan", True, False),
    ]  # fmt: skip


@pytest.mark.parametrize("store", ["duck"], indirect=True)
def test_a_drained_gpu_with_a_reason_is_not_prevented_though_the_reason_stands(store: Any) -> None:
    assert found(store, "prevented", STOPPED, OUT, OUT, STOPPED, FREE, FREE) == [(0, 40, 20, 0, "fan", False, True)]


@pytest.mark.parametrize("store", ["duck"], indirect=True)
def test_a_reason_that_is_not_collected_is_none(store: Any) -> None:
    rows = found(store, "drained", "unclaimed | drained | -", FREE)
    assert rows[0][4] is None
