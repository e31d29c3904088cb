"""What stands above a figure is what the figure shows."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpuledger.demo.experiment import write_experiment
from gpuledger.model.document import Document
from gpuledger.model.period import Period
from gpuledger.reports._experiment.gpus import _fastest
from tests.reports.experiments import days, made, trial
from tests.reports.ledgers import MAY, ledger

HOUR = 3600.0


def _said(runs: dict[str, int]) -> str:
    """The finding where the groups have so many runs, each an hour longer than those of the group before."""
    found = {name: np.full(n, HOUR * (1 + place)) for place, (name, n) in enumerate(runs.items())}
    return _fastest(found, list(found))


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ({"L40S": 3, "V100": 6, "A40": 0}, "V100: median 2\u202fh of 6 successful attempts, the only group with five."),
        ({"V100": 6, "A40": 0}, "V100: median 1\u202fh of 6 successful attempts."),
        ({"L40S": 3, "V100": 6, "A40": 5}, "Of 2 groups with five or more: shortest on V100: median 2\u202fh; longest on A40: 3\u202fh."),
        ({"V100": 6, "A40": 5}, "Shortest on V100: median 1\u202fh; longest on A40: 2\u202fh."),
        ({"V100": 4, "A40": 1}, "5 successful attempts; no group has five."),
    ],
)  # fmt: skip
def test_only_groups_that_are_ranked_are_called_shortest_or_longest(runs: dict[str, int], said: str) -> None:
    assert _said(runs) == said


def _chart(document: Document, name: str) -> Any:
    return next(chart for chart in document.charts if chart.id == name)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Nine epochs on the third day of May, three on the fourth."""
    rows = [trial(n, begin=49 + n, hours=1, workflow_step=n) for n in range(9)]
    return ledger(tmp_path_factory.mktemp("runs"), [*rows, *(trial(20 + n, begin=73 + n, hours=1) for n in range(3))])


def test_half_is_reached_by_the_end_of_the_part_whose_bar_reaches_it(runs: Any) -> None:
    said = _chart(made(runs, period=days(0, 6)), "epochs-cumulative").finding
    assert said.endswith("were completed by the end of 3 May 2026.")


def test_days_that_the_period_cuts_are_said_to_be_cut(runs: Any) -> None:
    whole = days(0, 6)
    part = MAY.start.replace(hour=9)
    feet = {
        name: _chart(made(runs, period=period), "epochs-over-time").foot
        for name, period in {
            "none": whole,
            "first": Period(part, whole.end),
            "both": Period(part, whole.end.replace(hour=20)),
        }.items()
    }
    assert "not whole" not in feet["none"]
    assert "the first day is not whole" in feet["first"]
    assert "the first and last day are not whole" in feet["both"]


def test_the_made_up_experiment_uses_the_cores_that_its_table_tells(tmp_path: Path) -> None:
    """CPU time ÷ run is the table's mean number of cores, in every event of a run that ended."""
    log = write_experiment(tmp_path)[-1].read_text(encoding="utf-8")
    ends = [event for event in log.split("...\n") if "Run Remote Usage" in event]
    assert len(ends) > 16
    for event in ends:
        assert _cpu_seconds(event) / _cell(event, "TimeExecute") == pytest.approx(_cell(event, "Cpus"), abs=0.01)


def _cell(event: str, name: str) -> float:
    return float(
        next(line for line in event.splitlines() if line.strip().startswith(name)).partition(":")[2].split()[0]
    )


def _cpu_seconds(event: str) -> float:
    line = next(line for line in event.splitlines() if "Run Remote Usage" in line).partition("  -")[0]
    return sum(_seconds(part.split()) for part in line.split(","))


def _seconds(part: list[str]) -> float:
    """Of "Usr 0 03:10:00"."""
    hours, minutes, seconds = map(int, part[2].split(":"))
    return int(part[1]) * 86_400 + hours * 3600 + minutes * 60 + seconds
