"""Period algebra: whatever the zone does to its clocks, the parts are the whole."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import get_args
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gpuledger.model.errors import UsageError
from gpuledger.model.period import By, Period, between, label, last, midnight, named, next_edge, parse_instant

ODD = ["Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Asia/Beirut", "America/St_Johns", "America/Havana",
       "America/Santiago", "Africa/Casablanca", "Pacific/Chatham", "America/Chicago", "Europe/Berlin", "UTC"]  # fmt: skip
zones = st.sampled_from(ODD) | st.sampled_from(sorted(available_timezones()))
bys = st.sampled_from(get_args(By))
instants = st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1)).map(lambda t: t.replace(tzinfo=UTC))
lengths = {"hour": 100, "day": 2000, "week": 10_000, "month": 30_000, "quarter": 90_000, "year": 100_000}
"""Hours a period may have, so that a split stays below 100 parts."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(instants, zones, bys, st.data())
@example(utc("2010-11-07T03:00"), "America/St_Johns", "day", None)
@example(utc("2011-12-29T00:00"), "Pacific/Apia", "day", None)
@example(utc("2026-04-04T00:10"), "Australia/Lord_Howe", "hour", None)
@example(utc("2026-10-24T00:10"), "Asia/Beirut", "day", None)
def test_the_parts_of_a_period_are_the_whole(start: datetime, zone: str, by: By, data: st.DataObject | None) -> None:
    hours = data.draw(st.integers(1, lengths[by])) if data else min(lengths[by], 24 * 40)
    period = Period(start, start + timedelta(hours=hours), zone)
    parts = list(period.split(by))
    assert (parts[0].start, parts[-1].end) == (period.start, period.end)
    assert all(one.end == two.start for one, two in pairwise(parts))
    assert sum(part.seconds for part in parts) == pytest.approx(period.seconds, abs=1e-6)


@given(instants, zones, bys)
def test_parts_have_names_of_their_own(start: datetime, zone: str, by: By) -> None:
    """Over a DST night too: the repeated hour has two names."""
    parts = Period(start, start + timedelta(hours=min(lengths[by], 24 * 40)), zone).split(by)
    names = [label(part.start, by, zone) for part in parts]
    assert len(names) == len(set(names))


@given(instants, zones, bys)
def test_an_edge_is_ahead_and_begins_the_next_part(moment: datetime, zone: str, by: By) -> None:
    edge = next_edge(moment, by, zone)
    assert edge > moment
    assert label(edge, by, zone) != label(moment, by, zone)


@given(instants, zones, bys)
@example(utc("2010-11-07T02:45"), "America/St_Johns", "day")
@example(utc("2000-10-29T03:31"), "America/Goose_Bay", "day")
@example(utc("2010-03-04T15:30"), "Antarctica/Casey", "day")
def test_every_moment_of_a_part_has_its_name(moment: datetime, zone: str, by: By) -> None:
    if midnight(moment.astimezone(ZoneInfo(zone)).date() + timedelta(days=1), zone) <= moment:
        return  # clocks went back over midnight: the next day has begun already
    edge = next_edge(moment, by, zone)
    if (
        moment.astimezone(ZoneInfo(zone)).utcoffset()
        == (edge - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).utcoffset()
    ):
        assert label(moment, by, zone) == label(edge - timedelta(microseconds=1), by, zone)


@given(st.dates(datetime(2000, 1, 1).date(), datetime(2034, 12, 30).date()), zones)
def test_a_day_begins_at_its_first_instant(day: datetime, zone: str) -> None:
    start = midnight(day, zone)
    assert (start - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() <= day
    assert start.astimezone(ZoneInfo(zone)).date() >= day


@pytest.mark.parametrize(("text", "zone", "start", "hours"), [
    ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00", 23),
    ("2026-10-25", "Europe/Berlin", "2026-10-24T22:00", 25),
    ("2026-03-29", "Asia/Beirut", "2026-03-28T22:00", 23),
    ("2026-04-05", "Australia/Lord_Howe", "2026-04-04T13:00", 24.5),
    ("2026-05-01", "Asia/Kathmandu", "2026-04-30T18:15", 24),
    ("2026-W01", "UTC", "2025-12-29T00:00", 168),
    ("2026-05", "UTC", "2026-05-01T00:00", 744),
    ("2026-Q2", "UTC", "2026-04-01T00:00", 91 * 24),
    ("2026", "UTC", "2026-01-01T00:00", 8760),
    ("FY2026", "UTC", "2025-10-01T00:00", 8760),
    ("fy2026", "UTC", "2025-10-01T00:00", 8760),
])  # fmt: skip
def test_a_calendar_period_has_the_length_its_zone_gives_it(text: str, zone: str, start: str, hours: float) -> None:
    period = named(text, zone)
    assert (period.start, period.seconds / 3600) == (utc(start), hours)


def test_a_fiscal_year_that_begins_in_january_is_the_year() -> None:
    assert named("FY2026", fiscal_start_month=1).start == utc("2026-01-01")


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-02-30", "2026-W54", "2026-Q5", "0000", "9999", "May", "", "2026-5", "٢٠٢٦-"]
)
def test_what_is_no_calendar_period_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="is not a period"):
        named(text)


def test_a_day_the_zone_left_out_is_refused() -> None:
    with pytest.raises(UsageError):
        named("2011-12-30", "Pacific/Apia")


@pytest.mark.parametrize(("text", "before"), [
    ("2026-03-01", "2026-02-28"), ("2026-W01", "2025-W52"), ("2026-03", "2026-02"), ("2026-Q1", "2025-Q4"),
    ("2026", "2025"), ("FY2026", "FY2025"),
])  # fmt: skip
@pytest.mark.parametrize("zone", ODD)
def test_the_previous_period_is_of_the_same_kind_and_ends_where_this_begins(text: str, before: str, zone: str) -> None:
    assert named(text, zone).previous() == named(before, zone)


def test_the_day_before_the_left_out_day_is_the_one_before_it() -> None:
    assert named("2011-12-31", "Pacific/Apia").previous() == named("2011-12-29", "Pacific/Apia")


@given(instants, st.integers(1, 10_000))
def test_the_period_before_a_span_has_its_length(start: datetime, hours: int) -> None:
    period = Period(start, start + timedelta(hours=hours))
    assert (period.previous().end, period.previous().seconds) == (period.start, period.seconds)


@pytest.mark.parametrize(("text", "hours"), [("24h", 24), ("7d", 168), ("2w", 336), ("90min", 1.5), (" 1 d ", 24)])
def test_the_last_days_end_now(text: str, hours: float) -> None:
    now = utc("2026-06-01T12:00")
    period = last(text, now)
    assert (period.end, period.seconds) == (now, hours * 3600)


@pytest.mark.parametrize(
    "text", ["", "d", "0d", "-1d", "7 days", "1.5h", "999999999d", "9" * 5000 + "d", "7d; drop table"]
)
def test_what_is_no_length_of_time_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UsageError):
        last(text, utc("2026-06-01"))


def test_a_stamp_with_an_offset_is_as_written_and_one_without_is_local() -> None:
    assert parse_instant("2026-05-01T08:00+02:00", "America/Chicago") == utc("2026-05-01T06:00")
    assert parse_instant("2026-05-01T08:00Z", "America/Chicago") == utc("2026-05-01T08:00")
    assert parse_instant("2026-05-01", "America/Chicago") == utc("2026-05-01T05:00")


@pytest.mark.parametrize("text", ["yesterday", "", "2026-02-30", "0001-01-01T00:00+14:00", "2026-05-01T25:00"])
def test_what_is_no_date_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="is not a date"):
        parse_instant(text)


def test_a_period_must_end_after_it_begins_and_know_its_zone() -> None:
    for start, end in [("2026-05-02", "2026-05-01"), ("2026-05-01", "2026-05-01")]:
        with pytest.raises(UsageError, match="before it begins"):
            between(start, end)
    with pytest.raises(UsageError, match="zone"):
        Period(datetime(2026, 5, 1), datetime(2026, 5, 2))


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "Europe", "a\0b"])
def test_a_zone_nobody_knows_is_refused_in_a_sentence(zone: str) -> None:
    with pytest.raises(UsageError, match="no time zone"):
        between("2026-05-01", "2026-05-02", zone)


def test_length_is_of_real_time_even_when_spoken_in_wall_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = Period(datetime(2026, 10, 25, tzinfo=berlin), datetime(2026, 10, 26, tzinfo=berlin), "Europe/Berlin")
    assert night.seconds == 25 * 3600
    assert night.naive == (datetime(2026, 10, 24, 22), datetime(2026, 10, 25, 23))


@given(instants, st.lists(st.integers(1, 500), min_size=1, max_size=6), st.integers(-500, 500), st.integers(1, 900))
def test_a_job_belongs_to_each_part_by_its_overlap(start: datetime, steps: list[int], offset: int, length: int) -> None:
    whole = Period(start, start + timedelta(hours=sum(steps)))
    edges = [start + timedelta(hours=sum(steps[:i])) for i in range(len(steps) + 1)]
    job = (start + timedelta(hours=offset), start + timedelta(hours=offset + length))
    parts = sum(Period(a, b).overlap_seconds(*job) for a, b in pairwise(edges))
    assert parts == whole.overlap_seconds(*job)


def test_a_period_prints_its_zone() -> None:
    assert str(named("2026-05-01", "Europe/Berlin")) == "2026-05-01 00:00 to 2026-05-02 00:00 Europe/Berlin"
