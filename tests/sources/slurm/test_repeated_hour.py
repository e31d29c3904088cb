"""The hour that occurs twice: what order and elapsed time leave of it, and what is kept when only a wait is in doubt."""

import pytest

from tests.sources.slurm.reading import Reading, read, sacct

FIELDS = "JobIDRaw|State|Submit|Eligible|Start|End|ElapsedRaw|NodeList"
NIGHT = "2026-11-01T"


def told(*row: str) -> Reading:
    """A record of the night in New York; `01:52:23` is a time of it."""
    texts = [f"{NIGHT}{text}" if text.count(":") == 2 else text for text in row]
    return read(sacct("|".join(["7", *texts]), fields=FIELDS), zone="America/New_York")


def moments(reading: Reading) -> list[str | None]:
    [row] = reading.attempts
    columns = (row[name] for name in ("submitted_at", "eligible_at", "started_at", "ended_at"))
    return [moment and f"{moment:%H:%M:%S}" for moment in columns]


def is_in_doubt(reading: Reading) -> bool:
    return any(remark.startswith("1 rows were submitted or became eligible") for remark in reading.remarks)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (("01:50:00", "01:50:00", "01:52:23", "02:06:21", "838"), ["06:50:00", "06:50:00", "06:52:23", "07:06:21"]),
        (("01:50:00", "01:50:00", "01:52:23", "02:06:21", "839"), ["06:50:00", "06:50:00", "06:52:23", "07:06:21"]),
        (("01:50:00", "01:50:00", "02:10:00", "02:20:00", "600"), ["06:50:00", "06:50:00", "07:10:00", "07:20:00"]),
        (("01:40:00", "01:40:00", "01:30:00", "02:00:00", "1800"), ["05:40:00", "05:40:00", "06:30:00", "07:00:00"]),
    ],
    ids=["start by elapsed", "elapsed rounded", "only the submit", "submit before start"],
)
def test_an_attempt_whose_span_is_certain_is_kept(row: tuple[str, ...], expected: list[str]) -> None:
    reading = told("COMPLETED", *row, "n1")
    assert not reading.problems
    assert moments(reading) == expected


def test_a_submit_that_fits_twice_is_the_later_and_said_so() -> None:
    assert is_in_doubt(told("COMPLETED", "01:50:00", "01:50:00", "02:10:00", "02:20:00", "600", "n1"))


@pytest.mark.parametrize("start", ["01:20:00", "00:50:00"])
def test_a_submit_that_fits_once_is_no_doubt(start: str) -> None:
    reading = told("COMPLETED", "00:40:00", "00:45:00", start, "02:20:00", "3600" if start < "01" else "7200", "n1")
    assert not is_in_doubt(reading)


def test_a_running_job_that_started_after_the_hour_is_kept() -> None:
    reading = told("RUNNING", "01:50:00", "01:50:00", "02:10:00", "Unknown", "600", "n1")
    assert moments(reading) == ["06:50:00", "06:50:00", "07:10:00", None]


@pytest.mark.parametrize(
    ("state", "start", "end", "expected"),
    [
        ("PENDING", "Unknown", "Unknown", ["06:50:00", "06:50:00", None, None]),
        ("PENDING", "01:55:00", "Unknown", ["06:50:00", "06:50:00", None, None]),
        ("CANCELLED by 7", "01:55:00", "01:55:00", ["06:50:00", "06:50:00", None, "06:55:00"]),
        ("CANCELLED by 7", "None", "03:00:00", ["06:50:00", "06:50:00", None, "08:00:00"]),
    ],
)
def test_a_job_that_held_nothing_is_kept(state: str, start: str, end: str, expected: list[str | None]) -> None:
    reading = told(state, "01:50:00", "01:50:00", start, end, "0", "None assigned")
    assert not reading.problems
    assert moments(reading) == expected
    assert is_in_doubt(reading)


@pytest.mark.parametrize(
    ("state", "start", "end", "elapsed"),
    [("COMPLETED", "01:20:00", "01:40:00", "1200"), ("RUNNING", "01:20:00", "Unknown", "9000"),
     ("COMPLETED", "01:20:00", "02:40:00", "")],
    ids=["whole in it", "runs since it", "no elapsed time"],
)  # fmt: skip
def test_an_attempt_that_may_have_held_its_gpus_an_hour_earlier_is_refused(
    state: str, start: str, end: str, elapsed: str
) -> None:
    reading = told(state, "00:40:00", "00:40:00", start, end, elapsed, "n1")
    assert not reading.attempts
    assert [problem.reason for problem in reading.problems] == [
        "its times fall into the hour that occurs twice in America/New_York, and nothing tells which of the two is meant:"
        " export them again with SLURM_TIME_FORMAT=%s"
    ]


def test_a_clock_that_went_backwards_hides_no_attempt_of_a_certain_span() -> None:
    reading = told("COMPLETED", "01:50:00", "01:50:00", "00:30:00", "00:59:00", "1740", "n1")
    assert moments(reading) == ["05:50:00", "05:50:00", "04:30:00", "04:59:00"]
