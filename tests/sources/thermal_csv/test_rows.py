"""One row of a file at a time: when, where, how hot, and what is refused."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gpuledger.model.errors import NoData, SourceError, UsageError
from gpuledger.sources.thermal_csv import ThermalCsv
from gpuledger.sources.thermal_csv.stamps import DOUBTFUL, FAR, UNCLEAR, UNREAD
from tests.sources.thermal_csv.reading import HEADER, found, of


def test_the_layout_with_a_mean_temperature() -> None:
    """The three kinds of cells as the earlier tool's page prints them."""
    told = found(of("10.4.21.8,2025-03-17,GPU_28,44.0,28.08,Thermally Failed,2025-03-17"))
    assert told.events == [{
        "cluster": "c", "host": "10.4.21.8", "gpu": "slot:GPU_28", "time": datetime(2025, 3, 17, 12, tzinfo=UTC),
        "device_event_kind": "thermally_failed", "source": "thermal-csv", "event_id": "44.0/28.08", "time_precision": "day", "site": None,
        "temperature_celsius": 44.0, "mean_temperature_celsius": 28.08, "message": "Thermally Failed",
    }]  # fmt: skip


def test_the_layout_without_a_mean_temperature() -> None:
    header = "node,timestamp,gpu_id,temp,reason,date"
    told = found(of("10.4.21.62,2025-02-10,GPU_22,91.31,Throttled,2025-02-10", header=header))
    [event] = told.events
    assert (event["device_event_kind"], event["temperature_celsius"], event["mean_temperature_celsius"]) == (
        "throttled",
        91.31,
        None,
    )
    assert told.problems == []


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2025-02-03", "2025-02-03 12:00:00"),
        ("2025-02-03 14:00:00", "2025-02-03 14:00:00"),
        ("2025-02-03T14:00:00.250", "2025-02-03 14:00:00"),
        ("2025-02-03T14:00:00Z", "2025-02-03 14:00:00"),
        ("2025-02-03 14:00:00 UTC", "2025-02-03 14:00:00"),
        ("2025-02-03T14:00:00+02:00", "2025-02-03 12:00:00"),
        ("2025-02-03 14:00:00-06", "2025-02-03 20:00:00"),
        ("2025/2/3 14:00", "2025-02-03 14:00:00"),
        ("1738591200", "2025-02-03 14:00:00"),
        ("1738591200.0", "2025-02-03 14:00:00"),
        ("1738591200000", "2025-02-03 14:00:00"),
        ("1738591200000000", "2025-02-03 14:00:00"),
        ("1738591200000000000", "2025-02-03 14:00:00"),
        ("2/14/2025", "2025-02-14 12:00:00"),
        ("14/2/2025", "2025-02-14 12:00:00"),
        ("14.02.2025 13:05", "2025-02-14 13:05:00"),
        ("2/14/2025 1:05 PM", "2025-02-14 13:05:00"),
        ("2/14/2025 12:05:07 a.m.", "2025-02-14 00:05:07"),
        ("3/3/2025", "2025-03-03 12:00:00"),
    ],
)
def test_each_time_is_read_in_its_own_way(written: str, moment: str) -> None:
    told = found(of(f"n1,{written},GPU_21,90,,Throttled,", "n1,2025-01-01,GPU_21,90,,Throttled,"))
    assert told.moments == [moment, "2025-01-01 12:00:00"]


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("not-a-date", UNREAD), ("2025-02-30", UNREAD), ("13/13/2025", UNREAD), ("45000.5", UNREAD), ("2/14/2025 25:00", UNREAD),
        ("2/14/2025 13:00 PM", UNREAD), ("2/30/2025", UNREAD), ("2/3/2025", UNCLEAR), ("0001-01-01", FAR), ("2200-01-01", FAR),
        ("1000000000000000000", FAR),
        ("", "it tells no time"), ("NaT", UNREAD),
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_read_is_a_problem(written: str, why: str) -> None:
    if written == "1000000000000000000":  # nanoseconds of 2001
        assert found(of(f"n1,{written},GPU_21,90,,Throttled,")).moments == ["2001-09-09 01:46:40"]
        return
    assert found(of(f"n1,{written},GPU_21,90,,Throttled,")).faults == [(2, why)]


@pytest.mark.parametrize(("order", "moment"), [("mdy", "2025-02-03 12:00:00"), ("dmy", "2025-03-02 12:00:00")])
def test_a_date_of_two_meanings_needs_to_be_told_its_order(order: str, moment: str) -> None:
    assert found(of("n1,2/3/2025,GPU_21,90,,Throttled,"), date_order=order).moments == [moment]


def test_a_declared_order_holds_for_every_date() -> None:
    told = found(of("n1,14/2/2025,GPU_21,90,,Throttled,"), date_order="mdy")
    assert told.faults == [(2, UNREAD)]


def test_times_without_an_offset_are_of_the_zone_and_others_as_written() -> None:
    told = found(
        of("n1,2025-02-03 14:00,g,90,,Throttled,", "n1,2025-02-03T14:00Z,g,90,,Throttled,"), zone="America/Chicago"
    )
    assert told.moments == ["2025-02-03 20:00:00", "2025-02-03 14:00:00"]
    assert not any("zone" in remark for remark in told.remarks)


def test_no_zone_is_utc_and_said() -> None:
    assert any("read as UTC" in remark for remark in found(of("n1,2025-02-03,g,90,,Throttled,"), zone=None).remarks)
    assert not any("UTC" in remark for remark in found(of("n1,2025-02-03T01:00Z,g,90,,Throttled,"), zone=None).remarks)


def test_an_hour_that_occurs_twice_or_never_is_a_problem_and_never_guessed() -> None:
    told = found(
        of("n1,2025-03-09 02:30,g,90,,Throttled,", "n1,2025-11-02 01:30,g,90,,Throttled,", "n1,2025-11-02 03:30,g,90,,Throttled,"),
        zone="America/Chicago",
    )  # fmt: skip
    why = DOUBTFUL.format(zone="America/Chicago")
    assert told.faults == [(2, why), (3, why)]
    assert told.moments == ["2025-11-02 09:30:00"]


ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Chicago",
    "America/Havana",
    "Asia/Tokyo",
    "Pacific/Pago_Pago",
    "Pacific/Noumea",
)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("shown", ZONES)
def test_a_day_without_a_time_is_that_day_wherever_it_is_looked_at(zone: str, shown: str) -> None:
    """Clocks of Havana skip a midnight in March and repeat one in November."""
    days = ["2025-03-09", "2025-05-01", "2025-11-02"]
    told = found(of(*(f"n1,{day},g,90,,Throttled," for day in days)), zone=zone)
    assert [f"{row['time'].astimezone(ZoneInfo(shown)):%Y-%m-%d}" for row in told.events] == days


def test_where_noon_of_utc_is_the_next_day_a_day_stands_at_its_own_noon() -> None:
    told = found(of("n1,2025-05-01,g,90,,Throttled,", "n1,2025-12-01,g,90,,Throttled,"), zone="Pacific/Auckland")
    assert told.moments == ["2025-05-01 00:00:00", "2025-11-30 23:00:00"]


def test_days_without_a_time_are_counted() -> None:
    told = found(of("n1,2025-03-09,g,90,,Throttled,", "n1,2025-11-02,g,90,,Throttled,"))
    assert [remark for remark in told.remarks if remark.startswith("Rows that tell a day")] == [
        "Rows that tell a day without a time: 2; each stands at noon (UTC) of its day, and what came first within a day is not"
        " known."
    ]


@pytest.mark.parametrize(
    ("written", "heat"), [("", None), ("N/A", None), ("nan", None), ("0", 0.0), ("0.0", 0.0), ("-3.5", -3.5)]
)
def test_a_temperature_that_is_not_told_is_not_zero(written: str, heat: float | None) -> None:
    assert [row["temperature_celsius"] for row in found(of(f"n1,2025-02-03,g,{written},,Throttled,")).events] == [heat]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("n1,2025-02-03,g,9999,,Throttled,", "the temperature is not between -50 and 200 °C"),
        ("n1,2025-02-03,g,-300,,Throttled,", "the temperature is not between -50 and 200 °C"),
        ("n1,2025-02-03,g,inf,,Throttled,", "the temperature is not between -50 and 200 °C"),
        ("n1,2025-02-03,g,hot,,Throttled,", "the temperature is not a number"),
        ("n1,2025-02-03,g,90,hot,Throttled,", "the mean temperature is not a number"),
        ("n1,2025-02-03,g,90,900,Throttled,", "the mean temperature is not between -50 and 200 °C"),
        (",2025-02-03,g,90,,Throttled,", "it names no host"),
        ("n1,2025-02-03,,90,,Throttled,", "it names no GPU"),
        ("n1,2025-02-03,nan,90,,Throttled,", "it names no GPU"),
        ("n1,2025-02-03,g,90,,,", "it tells no reason"),
        ("n1,2025-02-03,g,90,,Fan Fault,", "the reason is no known kind of event"),
        ("n1,2025-02-03,g,90", "the line has 4 fields, the header 7"),
        ("n1,2025-02-03,g,90,,Throttled,,", "the line has 8 fields, the header 7"),
    ],
)  # fmt: skip
def test_a_bad_row_is_a_problem_with_its_line_and_reason_and_stops_no_other(row: str, why: str) -> None:
    good = "n1,2025-02-03,g,90,,Throttled,"
    told = found(of(good, "", row, good))
    assert (told.faults, len(told.events)) == ([(4, why)], 2)
    assert told.problems[0].row == row


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("Throttled", "throttled"), ("THROTTLING", "throttled"), ("Thermal  throttling", "throttled"), ("failed", "thermally_failed"),
        ("Thermally Failed", "thermally_failed"), ("thermal_failure", "thermally_failed"), ("thermally-failed", "thermally_failed"),
    ],
)  # fmt: skip
def test_reasons_are_known_however_they_are_spelled_and_their_words_stay(reason: str, kind: str) -> None:
    [event] = found(of(f"n1,2025-02-03,g,90,, {reason} ,")).events
    assert (event["device_event_kind"], event["message"]) == (kind, reason)


def test_a_site_may_explain_its_own_reasons() -> None:
    told = found(of("n1,2025-02-03,g,90,,FAN  fault,"), reasons={"Fan Fault": "other"})
    assert [(row["device_event_kind"], row["message"]) for row in told.events] == [("other", "FAN  fault")]


@pytest.mark.parametrize(
    ("written", "gpu"),
    [
        ("GPU_23", "slot:GPU_23"), ("3", "index:3"), ("index:3", "index:3"), ("slot:GPU_23", "slot:GPU_23"),
        ("GPU-0667CE7C-1f2e-11ee-be56-0242ac120002", "GPU-0667ce7c"), ("MIG-a-b", "MIG-a-b"),
    ],
)  # fmt: skip
def test_a_gpu_is_named_by_the_ledgers_rule(written: str, gpu: str) -> None:
    assert [row["gpu"] for row in found(of(f"n1,2025-02-03,{written},90,,Throttled,")).events] == [gpu]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [("date_order", "ymd", "mdy or dmy"), ("reasons", {"Fan": "melted"}, "throttled, thermally_failed")],
)
def test_a_key_with_a_value_that_there_is_not_is_refused(key: str, value: object, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ThermalCsv(**{key: value})  # type: ignore[arg-type]


def test_a_zone_that_there_is_not_is_the_persons_mistake() -> None:
    with pytest.raises(UsageError, match="Mars/X"):
        found(of("n1,2025-02-03,g,90,,Throttled,"), zone="Mars/X")


def test_a_file_that_lacks_a_column_says_which_and_what_it_has() -> None:
    with pytest.raises(
        SourceError,
        match=r"No column tells the GPU \(gpu_id\) and the reason \(reason\); the columns are node, timestamp, temp",
    ):
        found("node,timestamp,temp\nn1,2025-02-03,90\n")


def test_an_empty_file_and_one_without_rows() -> None:
    with pytest.raises(NoData):
        found("")
    assert found(HEADER + "\n").remarks == ["The file has a header and no rows."]


def test_of_two_columns_that_tell_the_same_the_better_known_is_read_and_the_other_named() -> None:
    """The earlier tool stopped at a file with both."""
    told = found(of("n1,2025-02-03,g,90,40,Throttled", header="node,timestamp,gpu_id,temp,temperature,reason"))
    assert [row["temperature_celsius"] for row in told.events] == [90]
    assert "Columns from which nothing is read: temperature." in told.remarks


def test_a_file_with_a_date_alone_tells_days() -> None:
    told = found(of("n1,2025-02-03,g,90,Throttled", header="node,date,gpu_id,temp,reason"))
    assert told.moments == ["2025-02-03 12:00:00"]


def test_sites_and_clusters_of_the_file_win_over_those_given() -> None:
    told = found(
        of("n1,2025-02-03,g,90,Throttled,SEA1,b", "n1,2025-02-03,g,90,Throttled,,", header="node,timestamp,gpu_id,temp,reason,site,cluster"),
        site="DFW1",
    )  # fmt: skip
    assert [(row["site"], row["cluster"]) for row in told.events] == [("SEA1", "b"), ("DFW1", "c")]
