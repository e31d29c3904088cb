"""For random attempts every metric equals a recount by brute force, and parts add up to the whole."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpuledger.metrics import Filter, Wanted
from gpuledger.metrics.ask import StoreAsk
from gpuledger.metrics.attempts import HELD
from gpuledger.model.period import Period, label
from tests.metrics.engines import DuckEngine
from tests.properties import recount
from tests.properties.recount import BEGIN, HOURS, ZONE, Row, attempts, instants

PERIOD = Period(BEGIN, BEGIN + timedelta(hours=HOURS), ZONE)
MARKS = {"live": BEGIN + timedelta(hours=30, minutes=1)}
SNAPSHOTS = [{"cluster": "hpc", "source": "live", "time": t, "until": t, "status": "complete"} for t in MARKS.values()]
SUMS = [metric.name for metric in HELD]
few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
near = pytest.approx


@pytest.fixture(scope="module")
def duck() -> Iterator[DuckEngine]:
    engine = DuckEngine()
    yield engine
    engine.close()


def ask_of(duck: DuckEngine, rows: list[Row], period: Period = PERIOD, **tables: list[Row]) -> StoreAsk:
    store = duck.load({"job_attempts": rows, "snapshots": SNAPSHOTS, **tables})
    return StoreAsk(store, period, BEGIN + timedelta(days=365), ZONE)


@few
@given(attempts(), st.lists(instants(), max_size=4))
def test_parts_of_a_period_add_up_to_the_whole(duck: DuckEngine, rows: list[Row], cuts: list[datetime]) -> None:
    ask = ask_of(duck, rows)
    whole = ask.ask(*SUMS).totals
    edges = sorted({PERIOD.start, PERIOD.end, *(cut for cut in cuts if PERIOD.start < cut < PERIOD.end)})
    parts = [ask.ask(*SUMS, period=Period(a, b, ZONE)).totals for a, b in zip(edges, edges[1:], strict=False)]
    for name in SUMS:
        known = [part[name] for part in parts if part[name] is not None]
        assert sum(known) == near(whole[name] or 0.0, abs=1e-9), name


@few
@given(attempts())
def test_parts_of_the_calendar_add_up_to_the_whole(duck: DuckEngine, rows: list[Row]) -> None:
    ask = ask_of(duck, rows)
    whole = ask.ask(*SUMS).totals
    for by in (["hour"], ["day", "user"], ["week", "state"]):
        answer = ask.ask(*SUMS, by=by)
        for name in SUMS:
            assert sum(row[name] or 0.0 for row in answer.records()) == near(whole[name] or 0.0, abs=1e-9), (name, by)


@few
@given(attempts())
def test_hours_by_user_equal_a_recount(duck: DuckEngine, rows: list[Row]) -> None:
    found = ask_of(duck, rows).ask("gpu_hours", by=["user"]).of("gpu_hours")
    counted = recount.gpu_hours(rows, PERIOD, MARKS, "user_name")
    assert {name: value for (name,), value in found.items()} == {n: near(v, abs=1e-9) for n, v in counted.items()}


@few
@given(attempts(), st.sampled_from([600.0, 3600.0, 7777.0, 86400.0, "hour", "day"]))
def test_a_series_integrates_to_the_hours_and_each_bin_to_its_own(duck: DuckEngine, rows: list[Row], step: Any) -> None:
    ask = ask_of(duck, rows)
    series = ask.series("gpu_hours", step, "user")
    hours = {name: value for (name,), value in ask.ask("gpu_hours", by=["user"]).of("gpu_hours").items()}
    assert dict(zip(series.names, series.hours, strict=True)) == {
        n: near(v, abs=1e-9) for n, v in hours.items() if v is not None
    }
    for start, end, mean in zip(series.edges, series.edges[1:], series.total, strict=False):
        part = Period(start, end)
        hours_of_part = recount.gpu_hours(rows, part, MARKS, "cluster").get("hpc") or 0.0
        assert mean * part.seconds / 3600 == near(hours_of_part, abs=1e-9)


TOGETHER = (
    Wanted(("gpu_hours", "jobs", "users", "peak_gpus", "attempts_ended", "wait_seconds_p90")),
    Wanted(("gpu_busy_ratio", "jobs", "wait_seconds_median"), ("user",)),
    Wanted(("gpu_hours", "attempts_started"), ("gpu_model", "queue")),
    Wanted(("attempts_started", "cpu_hours", "jobs"), ("day",)),
    Wanted(("gpu_hours", "attempts_ended"), ("state", "day"), (Filter("user", "!=", (None,)),)),
)


@few
@given(attempts())
def test_questions_asked_together_are_answered_as_each_alone(duck: DuckEngine, rows: list[Row]) -> None:
    mixed = {"cluster": "hpc", "host": "", "gpu_model": "H100", "share_ratio": 1.0, "partition_month": "2026-03"}
    gpus = [mixed | {"attempt_id": row["attempt_id"], "gpu": "slot:H100:0"} for row in rows[::2]]
    ask = ask_of(duck, rows, attempt_gpus=gpus)
    for wanted, answer in zip(TOGETHER, ask.together(*TOGETHER), strict=True):
        alone = ask.ask(*wanted.metrics, by=wanted.by, where=wanted.where)
        assert answer.records() == [near(row) for row in alone.records()]
        assert dict(answer.totals) == near(dict(alone.totals))


@few
@given(attempts())
def test_series_asked_together_are_each_as_alone(duck: DuckEngine, rows: list[Row]) -> None:
    ask = ask_of(duck, rows)
    names = ("memory_gib_hours", "gpu_hours", "attempt_hours")
    for name, series in zip(names, ask.series_of(names, "day", "user"), strict=True):
        alone = ask.series(name, "day", "user")
        assert series.names == alone.names
        assert np.array_equal(series.means, alone.means)


@few
@given(attempts())
def test_top_names_and_others_are_everybody(duck: DuckEngine, rows: list[Row]) -> None:
    series = ask_of(duck, rows).series("cpu_hours", 3600, "user")
    top = series.top(1)
    assert np.allclose(top.total, series.total)
    assert top.left_out == (len(series.names) - 1 if len(series.names) > 2 else 0)


@few
@given(attempts())
def test_counts_by_hour_equal_a_recount(duck: DuckEngine, rows: list[Row]) -> None:
    found = ask_of(duck, rows).ask("attempts", "jobs", "users", "gpu_attempts", by=["hour"])
    jobs = recount.jobs_of(rows)
    counted = []
    for part in PERIOD.split("hour"):
        active = [row for row in rows if recount.is_active(row, part, MARKS)]
        users = {row["user_name"] for row in active} - {None}
        gpus = sum((row["gpu_count"] or 0) > 0 for row in active)
        counts = [len(active), len({jobs[row["attempt_id"]] for row in active}), len(users), gpus]
        is_told = active or part.start < MARKS["live"]
        counted.append([label(part.start, "hour", ZONE), *(counts if is_told else [None] * 4)])
    assert [list(row.values()) for row in found.records()] == counted


@few
@given(attempts())
def test_jobs_and_peak_equal_a_recount(duck: DuckEngine, rows: list[Row]) -> None:
    answer = ask_of(duck, rows).ask("jobs", "peak_gpus")
    jobs = recount.jobs_of(rows)
    active = [row for row in rows if recount.is_active(row, PERIOD, MARKS)]
    assert answer.totals["jobs"] == len({jobs[row["attempt_id"]] for row in active})
    assert answer.totals["peak_gpus"] == near(recount.peak(rows, PERIOD, MARKS))


@few
@given(attempts(), st.data())
def test_models_add_up_with_attempts_of_several_models(duck: DuckEngine, rows: list[Row], data: st.DataObject) -> None:
    gpus = [
        {"cluster": "hpc", "attempt_id": row["attempt_id"], "host": "", "gpu": f"slot:{model}:{number}",
         "gpu_model": model, "share_ratio": 1.0, "partition_month": "2026-03"}
        for row in rows
        for model in data.draw(st.sampled_from([(), ("A100",), ("A100", "H100"), ("L4", None)]))
        for number in range(data.draw(st.integers(1, 2)))
    ]  # fmt: skip
    ask = ask_of(duck, rows, attempt_gpus=gpus)
    answer = ask.ask(*SUMS, by=["gpu_model"])
    whole = ask.ask(*SUMS).totals
    for name in SUMS:
        assert sum(row[name] or 0.0 for row in answer.records()) == near(whole[name] or 0.0, abs=1e-9), name
    named = [
        ask.ask("gpu_hours", where=[Filter("gpu_model", "=", (key[0],))]).totals["gpu_hours"]
        for key in answer.of("gpu_hours")
    ]
    assert sum(value or 0.0 for value in named) == near(whole["gpu_hours"] or 0.0, abs=1e-9)


@few
@given(attempts())
def test_an_open_attempt_never_grows_with_the_clock(duck: DuckEngine, rows: list[Row]) -> None:
    """A file read today tells the same of last month tomorrow."""
    far = Period(PERIOD.start, PERIOD.end + timedelta(days=400), ZONE)
    bound = max([*MARKS.values(), *(row["observed_at"] for row in rows)])
    until = Period(PERIOD.start, max(bound, PERIOD.end), ZONE)
    ask = ask_of(duck, rows)
    assert ask.ask("attempt_hours", period=far).totals == near(ask.ask("attempt_hours", period=until).totals)


@few
@given(attempts())
def test_good_lost_and_undecided_are_all(duck: DuckEngine, rows: list[Row]) -> None:
    for row in (
        ask_of(duck, rows).ask("gpu_hours", "good_gpu_hours", "lost_gpu_hours", "open_gpu_hours", by=["user"]).records()
    ):
        whole, *parts = list(row.values())[1:]
        assert sum(part or 0.0 for part in parts) == near(whole or 0.0, abs=1e-9)


@st.composite
def windows(draw: st.DrawFn) -> list[Row]:
    """What one or two clusters were told of: some windows, with gaps between and over the edges."""
    return [
        {"cluster": cluster, "source": f"acct{number}", "time": b, "since": a, "until": b, "status": "complete"}
        for cluster in draw(st.sampled_from([("hpc",), ("hpc", "other")]))
        for number in range(draw(st.integers(1, 3)))
        for a, b in [sorted((draw(instants()), draw(instants())))]
        if a < b
    ]


@few
@given(attempts(), windows(), st.sampled_from([1800.0, 7777.0, "hour", "day"]))
def test_means_are_over_what_was_observed_and_the_fullest_bin_is_no_less(
    duck: DuckEngine, rows: list[Row], told: list[Row], step: Any
) -> None:
    store = duck.load({"job_attempts": rows, "snapshots": told})
    ask = StoreAsk(store, PERIOD, BEGIN + timedelta(days=365), ZONE)
    covered = recount.covered(told, PERIOD)
    spent = sum(part.seconds for part in covered)
    held = [recount.gpu_hours(rows, part, {}, "cluster").get("hpc") or 0.0 for part in covered]
    mean = ask.ask("mean_gpus").totals["mean_gpus"]
    if not spent or mean is None:
        return
    assert mean == near(sum(held) * 3600 / spent, abs=1e-9)
    series = ask.series("gpu_hours", step)
    assert series.hours.sum() == near(ask.ask("gpu_hours").totals["gpu_hours"] or 0.0, abs=1e-9)
    assert (series.covered * series.bin_seconds).sum() == near(spent)
    assert np.array_equal(np.isnan(series.observed[0]), series.covered == 0)
    seen = np.nansum(series.observed * series.covered * series.bin_seconds)
    assert seen == near(sum(held) * 3600, abs=1e-6)
    peak = ask.ask("peak_gpus").totals["peak_gpus"] or 0.0
    assert mean - 1e-9 <= np.nanmax(series.observed) <= peak + 1e-9
