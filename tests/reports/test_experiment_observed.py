"""What a report of files says it observed and read."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from gpuledger.metrics.ask import StoreAsk
from gpuledger.model.document import Document
from gpuledger.model.period import Period
from gpuledger.reports.experiment import ExperimentParameters, build
from tests.reports.experiments import days, trial
from tests.reports.ledgers import hour, ledger


def _told(folder: Path, period: Period, until: float) -> Document:
    """A log that tells from hour 0 to `until`."""
    told = {
        "cluster": "c",
        "source": "logs",
        "time": hour(until),
        "since": hour(0),
        "until": hour(until),
        "status": "complete",
    }
    store = ledger(folder, [trial(1)], snapshots=[told])
    return build(StoreAsk(store, period, period.end), ExperimentParameters())


def test_everything_is_observed_to_its_last_stamp(tmp_path: Path) -> None:
    """The period of everything ends with the second of the last stamp: its rest is no gap."""
    everything = replace(days(0, 1), end=hour(10) + timedelta(seconds=1), kind="all")
    assert _told(tmp_path, everything, 10).coverage.sentence == "100\u202f% of the period was observed."


def test_a_gap_at_the_end_of_a_period_that_was_asked_for_is_one(tmp_path: Path) -> None:
    sentence = _told(tmp_path, days(0, 1), 12).coverage.sentence
    assert sentence == "50.0\u202f% of the period was observed; the longest gap is 12\u202fh."
