"""Events of devices on the command line: recognised, asked, reported; silence is not an empty report."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

EVENTS = """node,timestamp,gpu_id,temp,reason
n1,2026-05-01 10:00,GPU_21,91.5,Throttled
n1,2026-05-03 10:00,GPU_21,88,Throttled
n2,2026-05-03 11:00,GPU_22,40,Thermally Failed
n2,oops,GPU_22,40,Thermally Failed
"""


@pytest.fixture
def read(work: Path, cli: Run) -> Run:
    """A ledger that has read a file of events, recognised by itself."""
    (work / "events.csv").write_text(EVENTS, encoding="utf-8")
    told = cli("--ledger", "led", "ingest", "events.csv", "--zone", "UTC", "--cluster", "c")
    assert (told.code, told.out) == (0, "events.csv: 4 rows read = 3 accepted + 0 unchanged + 1 problem\n")
    return cli


def test_moments_are_printed_as_moments_in_every_form(read: Run) -> None:
    asked = ("--ledger", "led", "query", "last_event_at", "device_events", "--by", "host", "--month", "2026-05")
    assert [row["last_event_at"] for row in csv.DictReader(io.StringIO(read(*asked, "--csv").out))] == [
        "2026-05-03T11:00:00Z",
        "2026-05-03T10:00:00Z",
    ]
    assert json.loads(read(*asked, "--json").out)[0]["last_event_at"] == "2026-05-03T11:00:00+00:00"
    told = read(*asked)
    assert "3 May 2026 11:00" in told.out
    assert "a time without events is not known to be a healthy one" in told.err


def test_a_report_of_chosen_gpus(read: Run) -> None:
    told = read("--ledger", "led", "report", "health", "--month", "2026-05", "--gpu", "n1/GPU_21", "--format", "json")
    assert told.code == 0
    assert json.loads(told.out)["title"] == "GPU health of n1/GPU_21, May 2026"


def test_a_time_without_events_is_no_data(read: Run) -> None:
    for asked in (("report", "health"), ("query", "device_events")):
        told = read("--ledger", "led", *asked, "--month", "2026-04")
        assert told.code == 3
        assert "--to 2026-05-03T11:01" in told.err


def test_a_ledger_without_events_says_how_they_get_there(work: Path, cli: Run) -> None:
    (work / "jobs.txt").write_text(
        "JobID|State|Submit|Start|End\n1|COMPLETED|2026-05-01T00:00:00|2026-05-01T00:00:00|2026-05-01T01:00:00\n"
    )
    cli("--ledger", "led", "ingest", "slurm", "jobs.txt", "--zone", "UTC", "--cluster", "c")
    told = cli("--ledger", "led", "report", "health")
    assert told.code == 3
    assert "gpuledger ingest thermal-csv FILE" in told.err
    assert "no events of devices yet" in cli("--ledger", "led", "query", "device_events").err
