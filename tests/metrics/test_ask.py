"""What the ask promises beside its numbers: names, errors, order, lists."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gpuledger.metrics import Filter, Metric
from gpuledger.metrics.ask import StoreAsk
from gpuledger.metrics.attempts import METRICS
from gpuledger.metrics.filters import parse
from gpuledger.metrics.registry import registered
from gpuledger.model.errors import ConfigError, UsageError
from gpuledger.model.period import Period, between
from tests.metrics.engines import DuckEngine

DAY = between("2026-05-01", "2026-05-02")


def moment(hour: float) -> datetime:
    return DAY.start + timedelta(hours=hour)


def attempt(number: int, **told: Any) -> dict[str, Any]:
    row = {
        "cluster": "hpc", "attempt_id": str(number), "job_id": str(number), "partition_month": "2026-05",
        "submitted_at": moment(0), "started_at": moment(1), "ended_at": moment(2), "state": "completed", "gpu_count": 1.0,
    }  # fmt: skip
    return row | told


@pytest.fixture
def ask(duck: DuckEngine) -> StoreAsk:
    rows = [
        attempt(1, user_name="ada", gpu_count=1.0),
        attempt(2, user_name="bob", gpu_count=None),
        attempt(3, user_name="cyd", gpu_count=4.0),
        attempt(4, user_name="dan", gpu_count=1.0),
        attempt(5, user_name="eve", started_at=None, state="cancelled"),
        attempt(6, user_name="zoe", gpu_count=0.0),
    ]
    return StoreAsk(duck.load({"job_attempts": rows}), DAY, DAY.end)


def test_rows_go_by_the_first_metric_and_the_unknown_comes_last(ask: StoreAsk) -> None:
    assert [name for (name,) in ask.ask("gpu_hours", by=["user"]).of("gpu_hours")] == [
        "cyd",
        "ada",
        "dan",
        "zoe",
        "bob",
    ]


def test_who_held_nothing_has_no_hours_but_an_end(ask: StoreAsk) -> None:
    answer = ask.ask("attempts_ended", "gpu_hours", "wait_seconds_median", by=["user"])
    assert answer.of("gpu_hours")["eve",] == 0.0
    assert answer.of("wait_seconds_median")["eve",] is None
    assert answer.of("gpu_hours")["bob",] is None


def test_no_attempt_at_all_is_zero_not_unknown(ask: StoreAsk) -> None:
    totals = ask.ask("gpu_hours", "jobs", "wait_seconds_p90", where=[Filter("user", "=", ("nobody",))]).totals
    assert totals == {"gpu_hours": 0.0, "jobs": 0.0, "wait_seconds_p90": None}


def test_an_unknown_name_is_answered_with_the_near_ones(ask: StoreAsk) -> None:
    with pytest.raises(UsageError, match="gpu_hours"):
        ask.ask("gpu_hour")
    with pytest.raises(UsageError, match="'user'"):
        ask.ask("gpu_hours", by=["usr"])
    with pytest.raises(UsageError, match="'queue'"):
        ask.ask("gpu_hours", where=[Filter("queu", "=", ("gpu",))])


def test_two_parts_of_the_calendar_at_once_are_refused(ask: StoreAsk) -> None:
    with pytest.raises(UsageError, match="day and hour"):
        ask.ask("gpu_hours", by=["day", "hour"])


def test_the_calendar_is_no_filter() -> None:
    with pytest.raises(UsageError, match="--from"):
        parse("day=2026-05-01")


def test_a_series_is_of_a_sum_and_of_a_step_that_cuts_the_period(ask: StoreAsk) -> None:
    with pytest.raises(UsageError, match="not a sum"):
        ask.series("wait_seconds_median", 3600)
    with pytest.raises(UsageError, match="choose a longer"):
        ask.series("gpu_hours", 0.001)
    with pytest.raises(UsageError):
        ask.series("gpu_hours", 0)


def test_a_series_of_nothing_has_no_names(ask: StoreAsk) -> None:
    series = ask.series("gpu_hours", 3600, "user", [Filter("user", "=", ("nobody",))])
    assert series.names == ()
    assert series.total.tolist() == [0.0] * 24


def test_of_many_names_a_series_may_keep_some(duck: DuckEngine) -> None:
    """What the others held is one row, the last; who held nothing is none of them."""
    rows = [attempt(n, user_name=f"u{n}", gpu_count=float(n), started_at=moment(n / 4)) for n in range(1, 7)]
    rows += [attempt(8, user_name="none", gpu_count=0.0), attempt(9, user_name="unknown", gpu_count=None)]
    many = StoreAsk(duck.load({"job_attempts": rows}), DAY, DAY.end)
    [whole] = many.series_of(["gpu_hours"], 3600, by="user")
    [few] = many.series_of(["gpu_hours"], 3600, by="user", kept=["u2", "nobody", "u5"])
    assert (few.names, few.left_out) == (("u5", "u2", "others"), 4)
    of = dict(zip(whole.names, whole.means, strict=True))
    assert few.means[0].tolist() == of["u5"].tolist()
    assert few.means[2].tolist() == pytest.approx((of["u1"] + of["u3"] + of["u4"] + of["u6"]).tolist())
    assert few.total.tolist() == pytest.approx(whole.total.tolist())
    [alike] = many.series_of(["gpu_hours"], 3600, by="user", kept=[f"u{n}" for n in range(1, 6)])
    assert (alike.names, alike.left_out) == (whole.names, 0)


def test_names_of_data_do_no_harm(duck: DuckEngine) -> None:
    evil = "x'; DROP TABLE job_attempts; --\"\\"
    ask = StoreAsk(duck.load({"job_attempts": [attempt(1, user_name=evil)]}), DAY, DAY.end)
    assert ask.ask("gpu_hours", by=["user"], where=[Filter("user", "=", (evil,))]).of("gpu_hours") == {(evil,): 1.0}


def test_filters_are_typed_as_people_write_them() -> None:
    assert parse("queue=gpu,debug") == Filter("queue", "=", ("gpu", "debug"))
    assert parse("queue!=gpu") == Filter("queue", "!=", ("gpu",))
    assert parse("account=not known") == Filter("account", "=", (None,))
    assert parse("account=") == Filter("account", "=", ("",))
    assert parse("job_name=a=b") == Filter("job_name", "=", ("a=b",))
    with pytest.raises(UsageError, match="not a filter"):
        parse("queue")


def test_two_definitions_of_one_name_are_an_error_naming_both() -> None:
    mine = Metric("gpu_hours", "Mine", "count", "Another.", "active", lambda t: t.gpu_count > 0)
    with pytest.raises(ConfigError, match="gpuledger and acme"):
        registered(("gpuledger", METRICS), ("acme", [mine]))


def test_a_metric_of_a_stranger_is_asked_like_ours(ask: StoreAsk) -> None:
    big = Metric("big_attempts", "Big", "count", "More than two GPUs.", "active", lambda t: t.gpu_count > 2)
    widened = StoreAsk(ask.store, DAY, DAY.end, metrics=registered(("gpuledger", METRICS), ("acme", [big])))
    assert widened.ask("big_attempts").totals == {"big_attempts": 1.0}


def test_runaways_are_attempts_past_their_limit_and_those_nobody_tells_of(duck: DuckEngine) -> None:
    still = {"ended_at": None, "state": "running", "observed_at": moment(2)}
    rows = [
        attempt(1, **still, reported_by="live", time_limit_seconds=3600.0),
        attempt(2, **still, reported_by="live", time_limit_seconds=86_400.0),
        attempt(3, **still, reported_by="gone"),
        attempt(4, **still, reported_by="live"),
        attempt(5, **still, reported_by=None),
    ]
    told = [{"cluster": "hpc", "source": "live", "time": moment(9), "until": moment(9), "status": "complete"}]
    found = StoreAsk(duck.load({"job_attempts": rows, "snapshots": told}), DAY, DAY.end).runaways().to_pylist()
    assert {row["attempt_id"]: (row["reason"], row["counted_seconds"]) for row in found} == {
        "1": ("past its time limit", 3600.0),
        "3": ("no longer told", 3600.0),
        "5": ("no longer told", 3600.0),
    }


def test_coverage_says_how_new_the_data_is_and_what_was_refused(duck: DuckEngine) -> None:
    told = [
        {
            "cluster": "hpc",
            "source": "acct",
            "time": moment(6),
            "since": moment(0),
            "until": moment(6),
            "status": "complete",
        }
    ]
    refused = [
        {"input_sha256": "s", "input_line": line, "problem_reason": reason, "source_type": "slurm"}
        for line, reason in enumerate(["no end", "no end", "bad count"], 1)
    ]
    ask = StoreAsk(duck.load({"snapshots": told, "problems": refused}), DAY, DAY.end)
    covered = ask.coverage()
    assert (covered.covered_ratio, covered.newest, covered.problem_count) == (0.25, moment(6), 3)
    assert covered.longest_gap_seconds == 18 * 3600


def test_an_empty_ledger_answers(duck: DuckEngine) -> None:
    ask = StoreAsk(duck.load({}), DAY, DAY.end)
    assert ask.ask("gpu_hours", "users", by=["user", "day"]).records() == []
    assert (ask.coverage().covered_ratio, ask.newest()) == (None, None)


def test_the_period_of_one_question_may_differ(ask: StoreAsk) -> None:
    half = Period(moment(1), moment(1.5))
    assert ask.ask("gpu_hours", period=half).totals["gpu_hours"] == pytest.approx(3.0)
    assert ask.period.start == datetime(2026, 5, 1, tzinfo=UTC)


def test_totals_print_as_what_they_hold(ask: StoreAsk) -> None:
    assert repr(ask.ask("gpu_hours", by=["user"]).totals) == "{'gpu_hours': 6.0}"


def test_by_the_calendar_alone_every_part_has_a_row(duck: DuckEngine) -> None:
    told = [
        {
            "cluster": "hpc",
            "source": "acct",
            "time": moment(3),
            "since": moment(0),
            "until": moment(3),
            "status": "complete",
        }
    ]
    ask = StoreAsk(duck.load({"job_attempts": [attempt(1)], "snapshots": told}), DAY, moment(24))
    names = ("gpu_hours", "attempts_started", "mean_gpus", "wait_seconds_median")
    rows = [list(row.values())[1:] for row in ask.ask(*names, by=["hour"]).records()]
    assert len(rows) == 24
    assert rows[:4] == [[0, 0, 0, None], [1, 1, 1, 3600], [0, 0, 0, None], [None, None, None, None]]
    assert len(ask.ask(*names, by=["hour", "user"]).records()) == 1
