"""Attempts without an end: told apart from the sums, no longer than the log that tells of them."""

from pathlib import Path
from typing import Any

import pytest

from gpuledger.render.text import to_text
from tests.reports.experiments import made, trial
from tests.reports.ledgers import card, hour, ledger, rows
from tests.reports.test_experiment import note


def left(number: int, log_ends: float, **said: Any) -> dict[str, Any]:
    """An attempt from hour 1 on of which a log that ends at that hour tells no end."""
    row = trial(number, state="running", exit_code=None, ended_at=None, **said)
    return row | {"observed_at": hour(log_ends), "reported_by": "logs"}


def test_what_still_runs_when_the_log_ends_is_in_no_sum(tmp_path: Path) -> None:
    document = made(ledger(tmp_path, [trial(1, hours=2), left(2, 11, gpu_count=4.0)]))
    assert card(document, "wall-hours").value == pytest.approx(2)
    assert card(document, "gpu-hours").value == pytest.approx(2)
    assert "without 1 that has no end" in str(card(document, "wall-hours").reason)
    time = rows(document, "time-by-site")["totals"]
    assert (time["open_count"], time["open_wall"]) == (1, pytest.approx(10))
    assert rows(document, "over-time-table")["totals"]["gpu"] == pytest.approx(2)
    told = note(document, "still-open")
    assert told
    assert told.sentence == (
        "No end is told of 1 attempt: up to 10.0 wall hours and 40.0 GPU-hours until the end of what was read, which no sum counts."
    )


def test_an_open_attempt_reaches_to_the_end_of_its_own_log_and_not_of_a_later_one(tmp_path: Path) -> None:
    """A log of April that ends while a job runs, and one of June of the same access point."""
    snapshots = [
        {
            "cluster": "c",
            "source": "logs",
            "time": hour(400),
            "since": hour(0),
            "until": hour(400),
            "status": "complete",
        }
    ]
    document = made(ledger(tmp_path, [left(1, 3), trial(2, begin=390)], snapshots=snapshots))
    assert rows(document, "time-by-site")["totals"]["open_wall"] == pytest.approx(2)


def test_where_all_is_over_nothing_is_said_of_open_attempts(tmp_path: Path) -> None:
    document = made(ledger(tmp_path, [trial(1)]))
    assert note(document, "still-open") is None
    assert "No end is told" not in to_text(document)
