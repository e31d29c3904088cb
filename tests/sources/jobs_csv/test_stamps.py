"""Moments as files write them; an hour that occurs twice is told apart by what the row says, or refused."""

from datetime import UTC, datetime

import pytest

from tests.sources.jobs_csv.reading import COLUMNS, found

HEAD = "id,user,submit,start,end,gpus,state,took\n"
START = datetime(2026, 5, 1, 13, 30, tzinfo=UTC)


def started(cell: str, **keys: object) -> datetime | None:
    columns = {name: text for name, text in COLUMNS.items() if name not in ("submitted_at", "ended_at")}
    told = found(f"{HEAD}1,a,,{cell},,1,running,\n", columns=columns, **keys)
    assert not told.problems
    moment: datetime | None = told.rows[0]["started_at"]
    return moment


@pytest.mark.parametrize(
    "cell",
    [
        "2026-05-01 13:30:00", "2026-05-01T13:30:00", "2026-05-01T13:30:00Z", "2026-05-01 13:30", " 2026-05-01 13:30:00 ",
        "2026-05-01T08:30:00-05:00", "2026-05-01 15:30:00+02", "2026-05-01T15:30:00.000000+0200", "2026-05-01 13:30:00 UTC",
    ],
)  # fmt: skip
def test_iso_stamps_with_and_without_offset(cell: str) -> None:
    assert started(cell) == START


def test_a_date_is_its_first_moment() -> None:
    assert started("2026-05-01") == datetime(2026, 5, 1, tzinfo=UTC)


def test_local_stamps_are_of_the_zone_and_stamps_with_offset_are_as_written() -> None:
    assert started("2026-05-01 08:30:00", zone="America/Chicago") == START
    assert started("2026-05-01 13:30:00Z", zone="America/Chicago") == START
    assert started("2026-01-01 08:30:00", zone="America/Chicago") == datetime(2026, 1, 1, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "stamps"),
    [
        ("1777642200", "s"),
        ("1777642200000", "ms"),
        ("1777642200000000", "us"),
        ("1777642200.0", "s"),
        ("1.7776422e9", "s"),
    ],
)
def test_epochs(cell: str, stamps: str) -> None:
    assert started(cell, stamps=stamps, zone="America/Chicago") == START


def test_relative_seconds_count_from_the_origin() -> None:
    assert started("5400.5", stamps="relative", origin="2026-05-01T12:00:00Z") == START.replace(microsecond=500_000)


def test_an_origin_without_offset_is_of_the_zone() -> None:
    assert started("5400", stamps="relative", origin="2026-05-01T07:00:00", zone="America/Chicago") == START
    assert started("5400", stamps="relative", origin="2026-05-01T12:00:00", zone=None) == START


def test_columns_may_be_stamped_differently() -> None:
    told = found(
        "id,user,submit,start,end,gpus,state\n1,a,1777642200,2026-05-01 14:00:00,1777649400000,1,completed\n",
        stamps={"submitted_at": "s", "ended_at": "ms"},
    )
    assert [(one["submitted_at"].hour, one["started_at"].hour, one["ended_at"].hour) for one in told.rows] == [
        (13, 14, 15)
    ]


def test_milliseconds_read_as_seconds_are_told() -> None:
    told = found(f"{HEAD}1,a,,1777642200000,1777642200001,1,completed,\n", stamps="s")
    assert [reason for _, reason in told.reasons] == ["started_at is not between 1970 and 2100; is `stamps` right?"]


def test_without_a_zone_local_stamps_are_utc_and_it_is_said() -> None:
    row = "1,a,,2026-05-01 13:30:00,2026-05-01 13:40:00,1,completed,\n"
    told = found(HEAD + row, zone=None)
    assert told.rows[0]["started_at"] == START
    assert told.remarks == ["no zone was given for stamps without one: they were read as UTC"]
    assert not found(HEAD + row, zone="UTC").remarks
    assert not found(HEAD + row.replace(":00,", ":00Z,"), zone=None).remarks


def night(start: str, end: str, took: str = "", submit: str = "") -> list[tuple[str, str]] | str:
    """Start and end in UTC of a row of the night of 2026-11-01 in Chicago, or why it was refused."""
    told = found(f"{HEAD}1,a,{submit},{start},{end},1,completed,{took}\n", zone="America/Chicago", duration="took")
    if told.problems:
        return told.problems[0].reason
    return [(f"{one['started_at']:%H:%M}", f"{one['ended_at']:%H:%M}") for one in told.rows]


TWICE = "a local time occurs twice or never in America/Chicago, and nothing tells which is meant"


def test_the_hour_that_occurs_twice_is_told_by_order_or_duration() -> None:
    day = "2026-11-01"
    assert night(f"{day} 01:10:00", f"{day} 01:20:00", "600") == TWICE
    assert night(f"{day} 01:10:00", f"{day} 01:20:00", "4200") == [("06:10", "07:20")]
    assert night(f"{day} 01:50:00", f"{day} 01:20:00") == [("06:50", "07:20")]
    assert night(f"{day} 00:30:00", f"{day} 01:30:00", "7200") == [("05:30", "07:30")]
    assert night(f"{day} 01:30:00", f"{day} 02:30:00", "3600") == [("07:30", "08:30")]
    assert night(f"{day} 01:30:00", f"{day} 02:30:00") == TWICE
    assert night("", f"{day} 01:30:00") == TWICE
    assert night(f"{day} 00:30:00", f"{day} 00:40:00") == [("05:30", "05:40")]


def test_a_local_time_that_never_was_is_a_problem() -> None:
    told = found(f"{HEAD}1,a,,2026-03-08 02:30:00,2026-03-08 04:00:00,1,completed,\n", zone="America/Chicago")
    assert [reason for _, reason in told.reasons] == [TWICE]
