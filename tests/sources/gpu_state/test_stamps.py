"""Local stamps of a collector over the nights when clocks change: told apart by the order of rows, or refused."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.sources.gpu_state.pools import Found, Row, found, slot, sqlite

CHICAGO = "America/Chicago"
NIGHT = datetime(2026, 11, 1, 4, tzinfo=UTC)
"""The clocks of Chicago go back at 7:00 UTC."""
REASON = f"its local time occurs twice or never in {CHICAGO}, and the order of the rows does not tell which is meant"


def local(moments: list[datetime]) -> list[Row]:
    zone = ZoneInfo(CHICAGO)
    return [slot(timestamp=f"{moment.astimezone(zone).replace(tzinfo=None)}") for moment in moments]


def read(moments: list[datetime]) -> Found:
    return found(local(moments), zone=CHICAGO)


def every(minutes: int, hours: int = 6, start: datetime = NIGHT) -> list[datetime]:
    return [start + timedelta(minutes=minute) for minute in range(0, hours * 60, minutes)]


@pytest.mark.parametrize("minutes", [5, 15, 20])
def test_the_repeated_hour_is_told_apart_by_the_order_of_rows(minutes: int) -> None:
    moments = every(minutes)
    told = read(moments)
    assert told.problems == []
    assert [row["time"] for row in told.states] == [row["time"] for row in told.snapshots] == moments


def test_it_is_told_apart_in_sqlite_too(tmp_path: Path) -> None:
    moments = every(10)
    assert [row["time"] for row in found(sqlite(tmp_path / "a.db", local(moments)), zone=CHICAGO).states] == moments


def test_stamps_of_one_of_the_two_hours_alone_are_problems() -> None:
    moments = [moment for moment in every(20) if moment.hour != 7]
    told = read(moments)
    assert told.reasons == [(7, REASON), (8, REASON), (9, REASON)]
    assert [row["time"] for row in told.states] == [moment for moment in moments if moment.hour != 6]
    assert told.input_rows + 3 == len(moments)


def test_rows_in_no_order_tell_nothing_about_the_repeated_hour() -> None:
    moments = every(20)
    shuffled = moments[::2] + moments[1::2]
    told = read(shuffled)
    assert {reason for _, reason in told.reasons} == {REASON}
    assert [row["time"] for row in told.states] == [moment for moment in moments if moment.hour not in (6, 7)]


def test_a_time_that_never_was_is_a_problem() -> None:
    told = found(
        [
            slot(timestamp="2026-03-08 01:55:00"),
            slot(timestamp="2026-03-08 02:30:00"),
            slot(timestamp="2026-03-08 03:00:00"),
        ],
        zone=CHICAGO,
    )
    assert told.reasons == [(2, REASON)]
    assert [row["time"].hour for row in told.states] == [7, 8]


def test_each_of_many_rows_of_a_moment_goes_with_its_moment() -> None:
    moments = every(15)
    rows = [row | {"AssignedGPUs": f"GPU-0000000{gpu}"} for row in local(moments) for gpu in range(3)]
    told = found(rows, zone=CHICAGO)
    assert [row["time"] for row in told.states] == [moment for moment in moments for _ in range(3)]
