"""Events of devices beside the other numbers: what they can be asked by, and what silence means."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gpuledger.metrics import Filter
from gpuledger.metrics.ask import StoreAsk
from gpuledger.metrics.filters import require_values
from gpuledger.metrics.whole import whole
from gpuledger.model.errors import UsageError
from gpuledger.model.period import Period, last
from tests.metrics.engines import DuckEngine

START = datetime(2026, 5, 1, tzinfo=UTC)
MAY = Period(START, START + timedelta(days=31))


def told(day: float, **said: Any) -> dict[str, Any]:
    row = {
        "cluster": "c",
        "host": "n1",
        "gpu": "slot:GPU_21",
        "device_event_kind": "throttled",
        "source": "s",
        "event_id": str(day),
    }
    return row | {"time": START + timedelta(days=day)} | said


def ask(duck: DuckEngine, *rows: dict[str, Any], period: Period = MAY, where: tuple[Filter, ...] = ()) -> StoreAsk:
    return StoreAsk(duck.load({"device_events": list(rows)}), period, period.end, "UTC", where)  # type: ignore[arg-type]


def test_a_part_of_the_calendar_without_events_has_no_row(duck: DuckEngine) -> None:
    """Elsewhere a part nobody looked at is null and one without use is 0; here nobody says which it was."""
    answer = ask(duck, told(0), told(2)).ask("device_events", by=["day"])
    assert answer.of("device_events") == {("2026-05-01",): 1, ("2026-05-03",): 1}


def test_no_event_is_no_number_but_counts(duck: DuckEngine) -> None:
    totals = ask(duck).ask("device_events", "gpus_with_events", "event_temperature_max", "first_event_at").totals
    assert dict(totals) == {
        "device_events": 0,
        "gpus_with_events": 0,
        "event_temperature_max": None,
        "first_event_at": None,
    }


def test_a_moment_is_shown_as_one(duck: DuckEngine) -> None:
    answer = ask(duck, told(1.5)).ask("first_event_at", "device_events", by=["host"])
    [row] = answer.records()
    moment = START + timedelta(days=1.5)
    assert row["first_event_at"] == moment.timestamp()
    assert answer.shown(row) == {"host": "n1", "first_event_at": moment, "device_events": 1}
    assert answer.shown(answer.totals)["first_event_at"] == moment


def test_the_same_place_of_two_clusters_is_two_gpus(duck: DuckEngine) -> None:
    totals = (
        ask(duck, told(0), told(0, cluster="d"), told(0, host="n2")).ask("gpus_with_events", "hosts_with_events").totals
    )
    assert dict(totals) == {"gpus_with_events": 3, "hosts_with_events": 3}


def test_nobody_says_how_far_events_were_told(duck: DuckEngine) -> None:
    covered = ask(duck, told(-40), told(2), told(3, cluster="d")).coverage(table="device_events")
    assert (covered.covered_ratio, covered.sources, covered.gaps) == (None, (), ())
    assert (covered.oldest, covered.newest) == (START - timedelta(days=40), START + timedelta(days=3))
    only = ask(duck, told(2), told(3, cluster="d"), where=(Filter("cluster", "=", ("c",)),)).coverage(
        table="device_events"
    )
    assert (only.clusters, only.newest) == (("c",), START + timedelta(days=2))


def test_people_are_no_dimension_of_events_and_it_is_said(duck: DuckEngine) -> None:
    with pytest.raises(UsageError, match="cannot be told apart by user; they can by cluster, event_kind"):
        ask(duck, told(0)).ask("device_events", by=["user"])
    with pytest.raises(UsageError, match="cannot be told apart by user"):
        ask(duck, told(0), where=(Filter("user", "=", ("ann",)),)).ask("device_events")


def test_events_and_attempts_are_not_asked_together(duck: DuckEngine) -> None:
    with pytest.raises(UsageError, match="ask for them apart"):
        ask(duck, told(0)).ask("device_events", "gpu_hours")


def test_a_name_that_was_never_seen_is_answered_with_the_near_one(duck: DuckEngine) -> None:
    """Whatever the period; a kind that there is may be asked for though it never happened."""
    with pytest.raises(UsageError, match="did you mean 'n1'"):
        require_values(ask(duck, told(-99), where=(Filter("host", "=", ("n11",)),)), "device_events")
    require_values(ask(duck, told(0), where=(Filter("event_kind", "=", ("xid",)),)), "device_events")


def test_the_period_of_everything_reaches_over_events(duck: DuckEngine) -> None:
    store = ask(duck, told(0), told(2)).store
    period = whole(store.ask, last("all", MAY.end))
    assert (period.start, period.end) == (START, START + timedelta(days=2, minutes=1))
    assert f"{period}" == "2026-05-01 00:00 to 2026-05-03 00:01 UTC"


def test_a_gpu_is_called_as_the_page_calls_it(duck: DuckEngine) -> None:
    rows = (told(0), told(1, gpu="GPU-0667ce7c"))
    assert {*ask(duck, *rows).ask("device_events", by=["gpu"]).of("device_events")} == {
        ("n1/GPU_21",),
        ("n1/GPU-0667ce7c",),
    }
    kept = ask(duck, *rows, where=(Filter("gpu", "=", ("n1/GPU_21",)),))
    assert kept.ask("device_events").value("device_events") == 1


def test_a_dimension_of_other_numbers_is_answered_with_that_of_events(duck: DuckEngine) -> None:
    with pytest.raises(UsageError, match=r"cannot be told apart by kind; did you mean event_kind\?"):
        ask(duck, told(0), where=(Filter("kind", "=", ("throttled",)),)).ask("device_events")
