"""What was observed of a period, by the rules of readings and windows."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gpuledger.metrics import Filter
from gpuledger.metrics.ask import StoreAsk
from gpuledger.metrics.coverage import by_source, readings
from gpuledger.model.period import Period
from tests.metrics.engines import DuckEngine

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
PERIOD = Period(NOON, NOON + timedelta(hours=10))


def at(hours: float) -> datetime:
    return NOON + timedelta(hours=hours)


def reading(time: float, **told: Any) -> dict[str, Any]:
    row = {
        "cluster": "hpc",
        "source": "live",
        "since": None,
        "until": None,
        "status": "complete",
        "period_seconds": None,
    }
    return row | {"time": at(time)} | told


def test_a_reading_stands_for_the_time_to_the_next_one_at_most_twice_its_period() -> None:
    told = [reading(hour, period_seconds=3600.0) for hour in (0, 1, 2, 6, 7)]
    [source] = by_source(told, PERIOD)
    assert source.gaps == ((at(4), at(6)), (at(8), at(10)))
    assert source.covered_ratio == pytest.approx(0.6)
    assert (source.expected, source.seen, source.longest_gap_seconds) == (10, 5, 7200.0)


def test_the_last_reading_before_the_period_covers_its_beginning() -> None:
    [source] = by_source([reading(-0.5, period_seconds=3600.0), reading(1, period_seconds=3600.0)], PERIOD)
    assert source.gaps == ((at(2), at(10)),)


def test_the_nominal_period_is_the_median_spacing_where_the_source_names_none() -> None:
    [source] = by_source([reading(hour) for hour in (0, 1, 2, 3, 9)], PERIOD)
    assert source.period_seconds == 3600.0
    assert source.gaps == ((at(5), at(9)),)


def test_windows_of_accounting_are_joined() -> None:
    told = [
        reading(4, since=at(0), until=at(4)),
        reading(6, since=at(3), until=at(6)),
        reading(9, since=at(8), until=at(9)),
    ]
    [source] = by_source(told, PERIOD)
    assert source.gaps == ((at(6), at(8)), (at(9), at(10)))
    assert source.newest == at(9)


def test_a_window_without_a_beginning_reaches_back_to_the_period() -> None:
    [source] = by_source([reading(5, until=at(5))], PERIOD)
    assert source.gaps == ((at(5), at(10)),)


def test_a_failed_reading_covers_nothing() -> None:
    [source] = by_source([reading(5, since=at(0), until=at(5), status="failed")], PERIOD)
    assert (source.covered_ratio, source.seen, source.newest) == (0.0, 0, None)


def test_files_of_one_cluster_are_one_source() -> None:
    told = [
        reading(4, source="file:aa", since=at(0), until=at(4)),
        reading(10, source="file:bb", since=at(4), until=at(10)),
    ]
    [source] = by_source(told, PERIOD)
    assert (source.source, source.covered_ratio, source.expected) == ("files", 1.0, None)


def test_clusters_are_told_apart() -> None:
    told = [reading(1, until=at(1)), reading(2, until=at(2), cluster="other")]
    assert [(source.cluster, source.newest) for source in by_source(told, PERIOD)] == [("hpc", at(1)), ("other", at(2))]


def two_clusters(duck: DuckEngine, where: tuple[Filter, ...] = ()) -> StoreAsk:
    told = [reading(10, since=at(0), until=at(10)), reading(10, since=at(6), until=at(10), cluster="other")]
    rows = [
        {"cluster": cluster, "attempt_id": cluster, "job_id": "1", "partition_month": "2026-05", "state": "completed",
         "submitted_at": at(0), "started_at": at(0), "ended_at": at(10), "gpu_count": 1.0}
        for cluster in ("hpc", "other")
    ]  # fmt: skip
    return StoreAsk(duck.load({"snapshots": told, "job_attempts": rows}), PERIOD, PERIOD.end, where=where)


def test_several_clusters_are_observed_while_all_of_them_are(duck: DuckEngine) -> None:
    covered = two_clusters(duck).coverage()
    assert (covered.covered_ratio, covered.gaps) == (pytest.approx(0.4), ((at(0), at(6)),))
    assert (covered.clusters, covered.oldest) == (("hpc", "other"), at(0))


def test_a_cluster_that_is_filtered_out_is_not_missed(duck: DuckEngine) -> None:
    assert two_clusters(duck, (Filter("cluster", "=", ("hpc",)),)).coverage().covered_ratio == 1
    assert two_clusters(duck, (Filter("cluster", "!=", ("hpc",)),)).coverage().covered_ratio == pytest.approx(0.4)
    assert two_clusters(duck, (Filter("cluster", "=", ("third",)),)).coverage().covered_ratio is None


def test_before_a_cluster_was_observed_at_all_it_is_not_missed(duck: DuckEngine) -> None:
    covered = two_clusters(duck).coverage(Period(at(0), at(5)))
    assert (covered.covered_ratio, covered.clusters) == (1, ("hpc",))


def test_a_mean_is_of_what_was_held_while_all_were_observed(duck: DuckEngine) -> None:
    ask = two_clusters(duck)
    assert ask.ask("mean_gpus", "gpu_hours").totals == {"mean_gpus": pytest.approx(2), "gpu_hours": 20}
    assert ask.ask("mean_gpus", by=["cluster"]).of("mean_gpus") == {("hpc",): 1, ("other",): 1}
    assert ask.ask("mean_gpus", where=[Filter("cluster", "=", ("hpc",))]).totals == {"mean_gpus": pytest.approx(1)}


def test_readings_far_from_the_period_may_be_left_out(duck: DuckEngine) -> None:
    """What is fetched for a period tells the same of every source as all readings do."""
    draw = random.Random(7)
    for _ in range(12):
        told = [_random_reading(draw) for _ in range(draw.randint(1, 40))]
        told = list({(row["cluster"], row["source"], row["time"]): row for row in told}.values())
        fetched = duck.load({"snapshots": told}).ask(readings(PERIOD)).to_pylist()
        every = sorted(told, key=lambda row: (row["cluster"], row["source"], row["time"]))
        assert by_source(fetched, PERIOD) == by_source(every, PERIOD)


def _random_reading(draw: random.Random) -> dict[str, Any]:
    time = draw.randint(-40, 60) / 2
    length = draw.choice([None, 0.5, 1, 5])
    return reading(
        time,
        cluster=draw.choice(["hpc", "pool"]),
        source=draw.choice(["live", "file:aa", "file:bb", "polled"]),
        since=None if length is None or draw.random() < 0.1 else at(time - length),
        until=None if length is None else at(time),
        status=draw.choice(["complete", "complete", "failed"]),
        period_seconds=draw.choice([None, None, 0.0, 1800.0, 3600.0]),
    )
