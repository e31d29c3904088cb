"""The report of an experiment: what is kept, counted once, lost, and why; sites without a success stay."""

from pathlib import Path

import pytest

from gpuledger.metrics import Filter
from gpuledger.model.document import Document, Note
from gpuledger.model.errors import NoData
from gpuledger.render.html.page import page
from gpuledger.render.text import to_text
from tests.reports.experiments import days, evicted, failed, made, trial
from tests.reports.ledgers import card, hour, ledger, rows


def note(document: Document, name: str) -> Note | None:
    return next((block for block in document.blocks if isinstance(block, Note) and block.id == name), None)


@pytest.fixture
def document(tmp_path: Path) -> Document:
    """Node A failed at Anvil and succeeded; B succeeded twice; C was checkpointed, finished elsewhere; D never succeeded."""
    a, b, c, d = (f"run0-train_epoch{number}" for number in range(4))
    return made(ledger(tmp_path, [
        failed(1, a, site="anvil", hours=1), trial(2, a, begin=5, hours=4),
        trial(3, b, hours=10), trial(4, b, begin=20, hours=0.5),
        trial(5, c, state="requeued", exit_code=85, hours=8, site="delta"), trial(6, c, begin=12, hours=0.2, site="expanse"),
        failed(7, d, hours=3, site="anvil"), trial(8, d, state="removed", exit_code=None, started_at=None, ended_at=hour(3), site=None, matched_at=None),
    ]))  # fmt: skip


def test_a_node_counts_once_and_no_share_exceeds_one(document: Document) -> None:
    assert card(document, "epochs").value == 3
    assert card(document, "node-success").value == 3 / 4
    assert card(document, "attempt-success").value == 4 / 7


def test_a_site_without_success_is_there_with_zero(document: Document) -> None:
    sites = rows(document, "success-by-site")
    assert sites["Anvil"]["epochs"] == 0
    assert sites["Anvil"]["attempt_success"] == 0
    assert rows(document, "time-by-site")["Anvil"]["good_wall"] == 0
    assert rows(document, "gpu-use")["Anvil"]["reported"] == 0


def test_a_short_resume_is_credited_to_the_checkpoint_that_did_the_work(document: Document) -> None:
    sites = rows(document, "success-by-site")
    assert sites["Delta"]["epochs"] == 1
    assert sites["Expanse"]["epochs"] == 0
    assert sites["Expanse"]["nodes_done"] == 1


def test_good_checkpoints_lost_and_open_add_up_to_all(document: Document) -> None:
    found = rows(document, "time-by-site")["totals"]
    assert found["good_wall"] == pytest.approx(4 + 10 + 0.2)
    assert found["checkpoint_wall"] == pytest.approx(8)
    assert found["lost_wall"] == pytest.approx(1 + 3 + 0.5), "a success repeated is lost too"
    assert found["wall"] == pytest.approx(found["good_wall"] + found["checkpoint_wall"] + found["lost_wall"])
    told = note(document, "parts-add-up")
    assert told
    assert told.level == "ok"


def test_a_success_on_top_of_another_is_told_and_not_counted_as_a_node(document: Document) -> None:
    told = note(document, "succeeded-again")
    assert told
    assert told.sentence.startswith("1 success came on top of another")


def test_lost_time_has_one_cause_each_and_sums_to_the_loss(tmp_path: Path) -> None:
    document = made(ledger(tmp_path, [
        failed(1), failed(2, exit_code=None, signal=9), evicted(3, 21, 102), evicted(4, 1013), evicted(5, 9, 122),
        trial(6, state="removed", exit_code=None, end_reason="DAG Removed: User removed scheduler job from queue."),
        trial(7, state="removed", exit_code=None, end_reason="via condor_rm (by user ann)"),
        trial(8, state="held", exit_code=None, end_code=47), trial(9, state="other", state_raw="RESCUED", exit_code=None), trial(10),
        failed(11, exit_code=127),
    ]))  # fmt: skip
    found = rows(document, "lost-by-cause")
    totals = found.pop("totals")
    assert set(found) == {
        "exit code 1", "killed by signal 9", "memory over the request (21.102)", "execution point shut down (1013)",
        "disk quota exceeded (9.122)", "removed with its DAG", "removed by a user", "execute duration limit exceeded (47)",
        "DAGMan lost track of it", "exit code 127",
    }  # fmt: skip
    assert sum(row["wall"] for row in found.values()) == pytest.approx(totals["wall"]) == pytest.approx(20)


def test_a_hold_without_a_release_is_not_counted_and_the_table_says_how_many(tmp_path: Path) -> None:
    store = ledger(tmp_path, [trial(1, held_seconds=7200.0), trial(2, state="held", exit_code=None)])
    document = made(store)
    assert rows(document, "waits-by-site")["totals"]["held"] == pytest.approx(2)
    assert "a hold without a release is not counted: 1 attempt ended in one." in " ".join(to_text(document).split())


def test_what_a_node_kept_is_decided_before_filters(tmp_path: Path) -> None:
    store = ledger(tmp_path, [failed(1, "n1", site="aws"), trial(2, "n1", begin=5), trial(3, "n2", site="aws")])
    document = made(store, Filter("site", "=", ("AWS",)))
    assert card(document, "epochs").value == 1
    assert card(document, "wall-hours").value == pytest.approx(4)
    assert set(rows(document, "success-by-site")) == {"AWS", "totals"}


def test_a_month_counts_what_ended_in_it_and_hours_by_their_overlap(tmp_path: Path) -> None:
    store = ledger(tmp_path, [trial(1, begin=20, hours=8)])
    first, second = (made(store, period=days(n, n + 1)) for n in (0, 1))
    assert card(first, "wall-hours").value == pytest.approx(4)
    assert card(second, "wall-hours").value == pytest.approx(4)
    assert [card(one, "epochs").value for one in (first, second)] == [0, 1]


def test_a_job_outside_a_workflow_is_a_node_of_its_own(tmp_path: Path) -> None:
    alone = {"workflow": None, "node_name": None, "workflow_run": None, "kind": "batch"}
    document = made(ledger(tmp_path, [trial(1, **alone), failed(2, **alone), trial(3)]))
    assert card(document, "node-success").value == pytest.approx(2 / 3)
    assert card(document, "epochs").value == 1


def test_jobs_of_another_scheduler_are_no_part_of_the_experiment(tmp_path: Path) -> None:
    slurm = {"workflow": None, "node_name": None, "workflow_run": None, "kind": "batch", "cluster": "slurm"}
    document = made(ledger(tmp_path, [trial(1), trial(2, **slurm)]))
    assert rows(document, "success-by-site")["totals"]["attempts"] == 1


def test_attempts_of_two_gpu_models_are_split_by_their_gpus(tmp_path: Path) -> None:
    two = trial(1, gpu_count=2.0, gpu_model=None)
    gpus = [
        {"cluster": "c", "attempt_id": "1@0", "host": "gpu01", "gpu": f"GPU-0000000{n}", "gpu_model": model, "capability": "8.0",
         "share_ratio": 1.0, "partition_month": two["partition_month"], "started_at": hour(1)}
        for n, model in enumerate(("A100", "H200"))
    ]  # fmt: skip
    found = rows(made(ledger(tmp_path, [two], gpus=gpus)), "gpu-models")
    assert found["A100"]["gpu"] == found["H200"]["gpu"] == pytest.approx(2)
    assert found["totals"]["gpu"] == pytest.approx(4)


def test_hours_over_time_add_up_to_the_table(tmp_path: Path) -> None:
    document = made(ledger(tmp_path, [trial(n, begin=n * 7.0, hours=11, gpu_count=3.0) for n in range(1, 30)]))
    found = rows(document, "over-time-table")["totals"]
    assert found["gpu"] == pytest.approx(card(document, "gpu-hours").value)
    assert found["epochs"] == card(document, "epochs").value == 29


def test_what_is_not_told_is_said_and_never_zero(tmp_path: Path) -> None:
    document = made(ledger(tmp_path, [trial(1)]))
    assert card(document, "gpu-busy").value is None
    assert rows(document, "gpu-use")["OSPool"]["busy"] is None
    assert "no request for bandwidth" in to_text(document)


def test_a_step_pattern_of_ones_own_is_used(tmp_path: Path) -> None:
    store = ledger(tmp_path, [trial(1, "shard7"), trial(2, "report")])
    assert card(made(store, step_pattern=r"shard(\d+)"), "epochs").value == 1


def test_names_of_nodes_repeat_across_dags_and_stay_apart(tmp_path: Path) -> None:
    document = made(ledger(tmp_path, [trial(1, "n_epoch1"), trial(2, "n_epoch1", workflow="other")]))
    assert card(document, "epochs").value == 2


def test_nothing_to_report_is_an_error(tmp_path: Path) -> None:
    store = ledger(tmp_path, [trial(1)])
    with pytest.raises(NoData, match="No attempt ran in"):
        made(store, period=days(20, 21))


def test_only_failures_make_a_report(tmp_path: Path) -> None:
    document = made(ledger(tmp_path, [failed(1), failed(2)]))
    assert card(document, "epochs").value == 0
    assert "No epoch was completed." in to_text(document)


def test_hostile_names_reach_no_markup(tmp_path: Path) -> None:
    evil = '<img src=x onerror="alert(1)">'
    document = made(
        ledger(tmp_path, [trial(1, evil, site=evil, host_names=[evil], workflow=evil), failed(2, evil, site=evil)])
    )
    assert "<img src=x" not in page(document)


def test_gpu_hours_of_attempts_that_tell_no_gpus_are_not_known_and_not_zero(tmp_path: Path) -> None:
    document = made(
        ledger(tmp_path, [trial(1, gpu_count=None, gpu_model=None), failed(2, gpu_count=None, site="anvil")])
    )
    assert (card(document, "gpu-hours").value, card(document, "gpu-hours").reason) == (
        None,
        "no attempt tells its GPUs",
    )
    assert rows(document, "time-by-site")["Anvil"]["gpu"] is None
    assert "GPU-hours were used" not in document.finding
