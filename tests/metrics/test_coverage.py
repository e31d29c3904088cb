"""What was observed of a period, by the rules of readings and windows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gpuledger.metrics.coverage import by_source
from gpuledger.model.period import Period

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
