"""The readings of a timeline in numpy: what they cover, which follow each other, which of them a source told."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa

from gpuledger.metrics.bins import cut
from gpuledger.metrics.states.readings import Readings, readings_of
from gpuledger.model.period import Period

START = datetime(2026, 5, 1, tzinfo=UTC)
HOUR = Period(START, START + timedelta(hours=1))
MINUTE = 60_000_000


def of(*rows: tuple[str, str, int, int]) -> "dict[str, Readings]":
    """From (cluster, source, minute it was, minute until it held), every ten minutes by its own word."""
    told = [
        {
            "cluster": cluster,
            "source": source,
            "time": START.replace(tzinfo=None) + timedelta(minutes=at),
            "step_us": 10.0 * MINUTE,
            "since_us": max(at, 0) * MINUTE,
            "until_us": until * MINUTE,
        }
        for cluster, source, at, until in rows
    ]
    return dict(readings_of(pa.Table.from_pylist(told), HOUR))


def test_what_a_cluster_covers_of_each_bin_is_counted_to_the_microsecond() -> None:
    found = of(("a", "s", 30, 45), ("a", "s", -4, 6), ("a", "s", 6, 16), ("b", "s", 50, 60))
    quarters = cut(HOUR, 900.0, "UTC").edges_us
    assert (found["a"].covered_us(quarters) / MINUTE).tolist() == [15, 1, 15, 0]
    assert (found["b"].covered_us(quarters) / MINUTE).tolist() == [0, 0, 0, 10]
    assert found["a"].covered_us(quarters[[0, -1]]).tolist() == [31 * MINUTE]
    assert found["a"].covered_us(np.array([1, 7 * MINUTE + 3])).tolist() == [7 * MINUTE + 2]


def test_spans_are_those_of_readings_that_follow_each_other_at_once() -> None:
    found = of(("a", "s", 0, 10), ("a", "s", 10, 20), ("a", "s", 21, 31))
    minutes = [[(edge - START) // timedelta(minutes=1) for edge in span] for span in found["a"].spans(HOUR)]
    assert minutes == [[0, 20], [21, 31]]


def test_a_place_is_one_more_than_the_last_and_two_more_after_a_gap_but_not_after_jitter() -> None:
    found = of(("a", "s", 0, 10), ("a", "s", 11, 21), ("a", "s", 23, 33), ("a", "s", 33, 43))
    assert found["a"].places.tolist() == [0, 1, 3, 4]


def test_readings_are_found_by_who_told_them_and_when() -> None:
    [both] = of(("a", "s", 0, 10), ("a", "t", 10, 20), ("a", "s", 20, 30)).values()
    moments = np.array([20, 10, 0, 15, 99, -5]) * MINUTE
    assert both.those("s", moments).tolist() == [2, 0]
    assert both.those("t", moments).tolist() == [1]
    assert both.those("nobody", moments).tolist() == []
    assert both.of("s").at_us.tolist() == [0, 20 * MINUTE]
    assert both.told_by == ("s", "t")


def test_of_no_readings_there_is_no_cluster() -> None:
    kinds = {"cluster": pa.string(), "source": pa.string(), "time": pa.timestamp("us"), "step_us": pa.float64()}
    kinds |= dict.fromkeys(("since_us", "until_us"), pa.int64())
    assert readings_of(pa.schema(list(kinds.items())).empty_table(), HOUR) == {}
