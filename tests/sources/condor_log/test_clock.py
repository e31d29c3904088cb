"""Times: every form of a header, zones given and proven, the hour that occurs twice, stamps without a year."""

import pytest

from gpuledger.model.errors import SourceError
from gpuledger.sources.condor_log import CondorLog
from tests.sources.condor_log.reading import at, execute, read, submit, terminate

PROOF = "\tJob terminated of its own accord at {} with exit-code 0.\n"


@pytest.mark.parametrize(
    ("stamp", "zone", "expected"),
    [
        ("2025-11-04 20:29:03", "UTC", "2025-11-04T20:29:03"),
        ("2025-11-04 20:29:03", "America/Chicago", "2025-11-05T02:29:03"),
        ("2025-07-04 20:29:03", "America/Chicago", "2025-07-05T01:29:03"),
        ("2025-11-04 20:29:03Z", "America/Chicago", "2025-11-04T20:29:03"),
        ("2025-11-04T20:29:03Z", None, "2025-11-04T20:29:03"),
        ("2025-11-04 20:29:03.250", "UTC", "2025-11-04T20:29:03.250"),
        ("2025-11-04 20:29:03.250Z", None, "2025-11-04T20:29:03.250"),
        ("2025-11-04 20:29:03-06:00", None, "2025-11-05T02:29:03"),
    ],
)
def test_every_form_of_a_stamp(stamp: str, zone: str | None, expected: str) -> None:
    assert read(submit(stamp), zone).only["submitted_at"] == at(expected)


def test_a_zone_is_proven_by_the_one_line_that_tells_utc() -> None:
    log = (
        submit("2025-05-06 10:00:00")
        + execute("2025-05-06 11:00:00")
        + terminate("2025-05-06 17:49:08", 0, PROOF.format("2025-05-06T22:49:06Z"))
    )
    reading = read(log, None)
    assert reading.only["submitted_at"] == at("2025-05-06T15:00:00")
    assert reading.remarks == [
        "The times of metl.log were read as UTC-05:00, because events of its access point also tell UTC."
    ]
    assert (reading.watermarks[0].until, reading.watermarks[0].is_local) == (at("2025-05-06T17:49:08"), True)


def test_a_proof_is_not_stretched_over_a_change_of_clocks_in_silence() -> None:
    log = (
        submit("2025-05-06 10:00:00")
        + execute("2025-05-06 11:00:00")
        + terminate("2025-05-06 17:49:08", 0, PROOF.format("2025-05-06T22:49:06Z"))
        + submit("2025-12-06 10:00:00", job="200.000.000")
    )
    assert "give --zone" in read(log, None).remarks[0]


def test_each_time_is_read_by_the_proof_nearest_to_it_and_that_is_said() -> None:
    summer = terminate("2025-07-06 17:49:08", 0, PROOF.format("2025-07-06T22:49:06Z"))
    winter = terminate("2025-12-06 17:49:08", 0, PROOF.format("2025-12-06T23:49:06Z"), job="200.000.000")
    reading = read(submit("2025-07-06 10:00:00") + summer + winter, None)
    assert {row["ended_at"] for row in reading.attempts} == {at("2025-07-06T22:49:08"), at("2025-12-06T23:49:08")}
    assert "UTC-05:00 and UTC-06:00" in reading.remarks[0]
    assert "give --zone" in reading.remarks[0]


def test_a_zone_that_is_given_needs_no_proof() -> None:
    log = submit("2025-05-06 10:00:00") + terminate("2025-05-06 17:49:08", 0, PROOF.format("2025-05-06T22:49:06Z"))
    reading = read(log, "America/Chicago")
    assert (reading.remarks, reading.attempts[0]["submitted_at"]) == ([], at("2025-05-06T15:00:00"))


def test_without_zone_and_proof_local_times_are_utc_and_that_is_said() -> None:
    reading = read(submit("2025-05-06 10:00:00"), None)
    assert reading.only["submitted_at"] == at("2025-05-06T10:00:00")
    assert "read as UTC (--zone tells it)" in reading.remarks[0]


def test_the_hour_that_occurs_twice_is_told_apart_by_order() -> None:
    log = (
        submit("2025-11-02 01:10:00", job="1.000.000")
        + submit("2025-11-02 01:50:00", job="2.000.000")
        + submit("2025-11-02 01:20:00", job="3.000.000")
        + submit("2025-11-02 02:05:00", job="4.000.000")
    )
    reading = read(log, "America/Chicago")
    assert [row["submitted_at"] for row in sorted(reading.attempts, key=lambda row: row["job_id"])] == [
        at(f"2025-11-02T{clock}") for clock in ("06:10:00", "06:50:00", "07:20:00", "08:05:00")
    ]
    assert "told apart by their order" in reading.remarks[0]


def test_where_order_does_not_tell_the_first_is_taken_and_said() -> None:
    reading = read(submit("2025-11-02 01:10:00"), "America/Chicago")
    assert reading.only["submitted_at"] == at("2025-11-02T06:10:00")
    assert "their order does not tell" in reading.remarks[0]


def test_an_end_in_the_hour_that_occurs_twice_is_told_apart_by_the_length_of_the_run() -> None:
    table = "\tPartitionable Resources :       Usage   Request Allocated \n\t   TimeExecute (s)      :    {:5}\n"
    for lasted, expected in ((9000, "06:30:00"), (12600, "07:30:00")):
        log = (
            submit("2025-11-01 20:00:00")
            + execute("2025-11-01 23:00:00")
            + terminate("2025-11-02 01:30:00", 0, table.format(lasted))
        )
        assert read(log, "America/Chicago").only["ended_at"] == at(f"2025-11-02T{expected}")


def test_stamps_without_a_year_take_that_of_a_line_beside_them() -> None:
    log = submit("12/31 23:00:00") + execute("01/01 01:00:00") + terminate("2025-01-01 02:00:00")
    row = read(log).only
    assert (row["submitted_at"], row["started_at"]) == (at("2024-12-31T23:00:00"), at("2025-01-01T01:00:00"))


def test_stamps_without_a_year_take_the_configured_one() -> None:
    reading = read(submit("12/31 23:00:00") + execute("01/01 01:00:00"), source=CondorLog(year=2024))
    assert (reading.only["submitted_at"], reading.only["started_at"]) == (
        at("2024-12-31T23:00:00"),
        at("2025-01-01T01:00:00"),
    )
    assert "without a year" in reading.remarks[0]


def test_stamps_without_any_year_are_refused() -> None:
    with pytest.raises(SourceError, match="no year"):
        read(submit("03/20 21:04:58"))


def ended(day: int, late_minutes: int) -> str:
    """A job that ends at 12:00 UTC of a day in May 2025, in Chicago; its event is written so much later."""
    stamp = f"2025-05-{day:02} {7 + late_minutes // 60:02}:{late_minutes % 60:02}:01"
    return terminate(stamp, 0, PROOF.format(f"2025-05-{day:02}T12:00:00Z"), job=f"{day}00.000.000")


def test_an_event_that_was_written_late_proves_no_other_offset() -> None:
    log = "".join(
        submit(f"2025-05-{day:02} 01:00:00", job=f"{day}00.000.000") + ended(day, late)
        for day, late in ((6, 0), (7, 62), (8, 0), (9, 47))
    )
    reading = read(log, None)
    assert {row["submitted_at"].hour for row in reading.attempts} == {6}
    assert "read as UTC-05:00, because" in reading.remarks[0]


def test_a_zone_that_the_log_itself_contradicts_is_said() -> None:
    log = "".join(submit(f"2025-05-{day:02} 01:00:00", job=f"{day}00.000.000") + ended(day, 0) for day in (6, 7, 8))
    assert "it is -05:00 hours off; check --zone" in read(log, "UTC").remarks[0]
    assert read(log, "America/Chicago").remarks == []


@pytest.mark.parametrize(
    ("zone", "after", "is_said"),
    [(None, "01:02:00", True), ("America/Chicago", "01:02:00", False), (None, "01:55:00", False), (None, "00:10:00", False)],
)  # fmt: skip
def test_stamps_that_run_back_prove_a_zone_that_nobody_gave(zone: str | None, after: str, is_said: bool) -> None:
    log = submit("2025-11-02 00:30:00") + execute("2025-11-02 01:56:00") + terminate(f"2025-11-02 {after}")
    said = [sentence for sentence in read(log, zone).remarks if "run back from 2025-11-02 01:56 to" in sentence]
    assert bool(said) == is_said
    assert all("give --zone" in sentence for sentence in said)
