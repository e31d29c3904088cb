"""The report of an experiment is of workflows and HTCondor; another scheduler's jobs are none."""

from pathlib import Path

import pytest

from gpuledger.model.errors import NoData
from tests.reports.experiments import made, trial
from tests.reports.ledgers import attempt, card, ledger


def test_a_ledger_of_batch_jobs_alone_is_no_experiment(tmp_path: Path) -> None:
    store = ledger(
        tmp_path, [attempt(1, gpu_busy_ratio=0.5, gpu_busy_source="slurm gpuutil"), attempt(2, kind="array")]
    )
    with pytest.raises(NoData, match="no workflow and no attempt of HTCondor"):
        made(store)


@pytest.mark.parametrize("said", [{"kind": "batch"}, {"workflow": "train"}, {"node_name": "a"}])
def test_a_workflow_or_an_attempt_of_htcondor_is_one(tmp_path: Path, said: dict[str, str]) -> None:
    assert made(ledger(tmp_path, [attempt(1, **said)])).name == "experiment"


def test_jobs_of_another_scheduler_are_not_counted_among_attempts_of_htcondor(tmp_path: Path) -> None:
    both = [
        attempt(1, cluster="slurm"),
        attempt(2, cluster="pool", kind="batch"),
        attempt(3, cluster="pool", kind="batch"),
    ]
    table = next(table for table in made(ledger(tmp_path, both)).tables if table.id == "success-by-site")
    assert table.totals is not None
    assert dict(zip((column.key for column in table.columns), table.totals, strict=True))["attempts"] == 2


@pytest.mark.parametrize(
    ("source", "words", "reason"),
    [
        ("htcondor", "HTCondor", "Usage ÷ Allocated of the job's table"),
        ("jobstats", "jobstats", "as told of each job"),
        ("slurm gpuutil", "Slurm", "as told of each job"),
    ],
)
def test_what_measured_the_gpus_is_named(tmp_path: Path, source: str, words: str, reason: str) -> None:
    busy = card(made(ledger(tmp_path, [trial(1, gpu_busy_ratio=0.5, gpu_busy_source=source)])), "gpu-busy")
    assert (busy.measured and busy.measured.source, busy.reason) == (words, reason)
