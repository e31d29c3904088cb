"""Which node an attempt is a try of, and why its time was lost."""

import pytest

from gpuledger.metrics.workflows.causes import End, cause_of
from gpuledger.metrics.workflows.names import Names
from gpuledger.metrics.workflows.nodes import Placing


def _node(name: str, workflow: str = "a", try_number: int = 0, **said: object) -> dict[str, object]:
    return {
        "cluster": "ap", "workflow": workflow, "workflow_run": f"run of {workflow}", "node_name": name, "try_number": try_number,
        "node_kind": None, "workflow_step": "3", "target_site": "delta", "job_id": None, "is_done_in_rescue": None, "state": "other",
        **said,
    }  # fmt: skip


def test_dagmans_own_word_places_a_job_and_not_the_name() -> None:
    placing = Placing.of([_node("n"), _node("n", "b"), _node("n", "b", 7, job_id="7.0")])
    found = placing.find("ap", "7.0", None, "n")
    assert found
    assert found.workflow == "b"


def test_every_job_of_one_submission_is_of_its_node() -> None:
    placing = Placing.of([_node("n"), _node("n", "b"), _node("n", "b", 7, job_id="7.0")])
    assert placing.find("ap", "7.3", None, "n") == placing.find("ap", "7.0", None, "n") is not None
    assert placing.find("ap", "7", None, None) is None  # of another scheduler


def test_a_name_that_two_dags_declare_places_nothing() -> None:
    placing = Placing.of([_node("n"), _node("n", "b")])
    assert placing.find("ap", "8.0", None, "n") is None
    assert placing.find("ap", "8.0", "b", "n") is not None


@pytest.mark.parametrize("job", ["6.0", "8.0"])
def test_a_job_that_dagman_did_not_tell_is_not_placed_by_its_name(job: str) -> None:
    """It tells every job that it submits: one before or after them is another DAG's, or told in a file that is gone."""
    placing = Placing.of([_node("n"), _node("m"), _node("m", try_number=7, job_id="7.0")])
    assert placing.find("ap", "7.0", None, "m") == ("a", "run of a", "m", "3", "delta")
    assert placing.find("ap", job, None, "n") is None
    assert placing.is_declared("ap", "n")


def test_a_name_is_not_placed_where_one_dag_tells_its_access_point_and_another_does_not() -> None:
    placing = Placing.of([_node("n"), _node("n", "b", cluster="condor")])
    assert placing.find("ap", "8.0", None, "n") is None


def test_a_dag_read_before_and_after_its_access_point_was_known_is_one() -> None:
    assert Placing.of([_node("n"), _node("n", cluster="condor")]).find("ap", "8.0", None, "n") is not None


def test_a_name_of_one_dag_places_its_job_with_run_step_and_target() -> None:
    found = Placing.of([_node("n")]).find("ap", "8.0", None, "n")
    assert found == ("a", "run of a", "n", "3", "delta")


def test_a_dag_without_an_access_point_belongs_to_the_only_one_that_names_its_nodes() -> None:
    assert Placing.of([_node("n", cluster="condor")]).find("ap", "8.0", None, "n") is not None


def test_service_nodes_are_no_work() -> None:
    assert Placing.of([_node("helper", node_kind="service")]).declared == 0


@pytest.mark.parametrize(
    ("end", "label"),
    [
        (End("preempted", None, None, 21, 102, ""), "memory over the request (21.102)"),
        (End("preempted", None, None, 1013, 0, ""), "execution point shut down (1013)"),
        (End("preempted", None, None, 1008, 0, ""), "connection lost past the lease (1008)"),
        (End("preempted", None, None, 77, 5, ""), "evicted (77.5)"),
        (End("preempted", None, None, None, None, ""), "evicted, not said why"),
        (End("held", None, None, 47, 0, ""), "execute duration limit exceeded (47)"),
        (End("held", None, None, 26, 102, ""), "held by a policy of the access point (26)"),
        (End("held", None, None, None, None, ""), "held"),
        (End("removed", None, None, 1023, 0, "DAG Removed: User removed scheduler job from queue."), "removed with its DAG"),
        (End("removed", None, None, None, None, "via condor_rm (by user ann)"), "removed by a user"),
        (End("removed", None, None, None, None, "The system macro SYSTEM_PERIODIC_REMOVE expression"), "removed by a policy"),
        (End("failed", 127, 0, None, None, ""), "exit code 127"),
        (End("failed", None, 9, None, None, ""), "killed by signal 9"),
        (End("requeued", 85, 0, None, None, ""), "checkpoint never used (exit code 85)"),
        (End("other", None, None, None, None, ""), "outcome not told"),
        (End("other", None, None, None, None, "", "RESCUED"), "DAGMan lost track of it"),
    ],
)  # fmt: skip
def test_every_end_has_one_cause_in_words(end: End, label: str) -> None:
    assert cause_of(end).label == label


def test_names_sum_what_is_known_and_keep_what_is_not_as_a_name() -> None:
    names = Names.of(["a", None, "a"])
    assert names.labels == ("a", "not known")
    assert names.sums([1.0, 2.0, float("nan")]).tolist() == [1.0, 2.0]  # type: ignore[arg-type]


def test_names_that_are_shown_alike_are_one() -> None:
    assert Names.of(["delta", "Delta", "aws"]).renamed(["Delta", "Delta", "AWS"]).codes.tolist() == [0, 0, 1]
