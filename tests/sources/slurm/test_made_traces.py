"""Traces made from whole numbers, whose totals are known without reading the text."""

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest

from tests.lab import make_sacct
from tests.sources.slurm.reading import Reading, read

NOW = 1_793_520_000
"""A day after the clocks went back in New York."""


def made(*words: str) -> tuple[str, Any]:
    """The trace and its truth."""
    out = StringIO()
    truth = make_sacct.write(make_sacct.arguments(["--jobs", "3000", "--now", str(NOW), *words]), out)
    return out.getvalue(), truth


@pytest.mark.parametrize("words", [("--steps",), ("--steps", "--odd-names", "--delimiter", "\x1f"), ("--odd-names",)])
def test_totals_equal_the_truth_the_trace_was_made_from(words: tuple[str, ...]) -> None:
    text, truth = made("--format", "gpu", *words)
    reading = read(text)
    assert not reading.problems
    assert reading.rows_read == truth.rows
    start, end = (datetime.fromtimestamp(moment, UTC) for moment in truth.window)
    held = [
        (row, (min(row["ended_at"] or end, end) - max(row["started_at"], start)).total_seconds())
        for row in reading.attempts
        if row["started_at"] and (row["ended_at"] or end) > start
    ]
    assert sum(row["gpu_count"] * seconds for row, seconds in held) == truth.gpu_seconds
    assert sum(row["cpu_count"] * seconds for row, seconds in held) == truth.cpu_seconds


def test_stamps_of_a_zone_lose_nothing_but_what_the_repeated_hour_hides() -> None:
    words = ("--format", "gpu", "--days", "3", "--steps")
    utc, _ = made(*words)
    local, _ = made(*words, "--tz", "America/New_York")
    whole, told = read(utc), read(local, zone="America/New_York")
    hidden = len(whole.attempts) - len(told.attempts)
    assert 0 < hidden == len(told.problems) < 50
    assert {problem.reason for problem in told.problems} == {
        "its times fall into the hour that occurs twice in America/New_York, and nothing tells which of the two is meant:"
        " export them again with SLURM_TIME_FORMAT=%s"
    }
    assert all(may_be_an_hour_away(problem.row.split("|")) for problem in told.problems)
    assert held(told) <= held(whole)
    assert told.rows_read == whole.rows_read
    assert any("the later reading was taken" in remark for remark in told.remarks)


def may_be_an_hour_away(values: list[str]) -> bool:
    """Whether a refused row's start, and its end where it has one, lie in the repeated hour."""
    start, *end = [value for value in values if value.startswith("2026-")][2:4]
    return all(moment.startswith("2026-11-01T01:") for moment in (start, *end))


def held(reading: Reading) -> set[tuple[Any, ...]]:
    """What each attempt held, and from when to when."""
    names = ("job_id", "started_at", "ended_at", "gpu_count", "cpu_count")
    return {tuple(row[name] for name in names) for row in reading.attempts if row["started_at"]}
