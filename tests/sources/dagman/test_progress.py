"""Which job was a try of which node, by dagman.out, and what rescue files and metrics add."""

from pathlib import Path

import pytest

from tests.sources.dagman.dags import Told, packed, together, told, written

DAG = "".join(f'JOB n{i} n.sub\nVARS n{i} run_uuid="u1"\n' for i in range(3)) + "RETRY ALL_NODES 2\n"
STAMP = "04/14/26 15:52:50 "
SUBMITS = (
    "Submitting HTCondor Node n0 job(s)...\n"
    "Submitting node n0 from inline description using direct job submission\n"
    "	assigned HTCondor ID (100.0.0)\n"
    "Submitting HTCondor Node n1 job(s)...\n"
    "Submitting node n1 from file n.sub using direct job submission\n"
    "	assigned HTCondor ID (101.0.0)\n"
)


def stamped(text: str) -> str:
    return "".join(STAMP + line for line in text.splitlines(keepends=True))


def with_out(folder: Path, out: str, **beside: str) -> Told:
    files = {"x.dag": DAG, "x.dag.dagman.out": stamped(out)}
    return together(folder, files | {f"x.dag.{name}": text for name, text in beside.items()})


def test_an_assigned_id_is_of_the_node_before_it_never_of_the_next(tmp_path: Path) -> None:
    tries = with_out(tmp_path, SUBMITS).tries
    assert {number: row["node_name"] for number, row in tries.items()} == {100: "n0", 101: "n1"}
    assert (tries[100]["job_id"], tries[100]["workflow_run"]) == ("100.0", "u1")


def test_a_failed_submission_leaves_its_id_to_nobody(tmp_path: Path) -> None:
    out = "Submitting HTCondor Node n0 job(s)...\nERROR: submit attempt failed, errno=2 No such file or directory\n"
    answer = with_out(tmp_path, out + "	assigned HTCondor ID (100.0.0)\n")
    assert answer.tries == {}
    assert any("1 attempts to submit" in sentence for sentence in answer.remarks)


@pytest.mark.parametrize("word", ["HTCondor", "Condor"])
def test_events_map_jobs_to_nodes_in_old_and_new_words(tmp_path: Path, word: str) -> None:
    out = f"Event: ULOG_SUBMIT for {word} Node n2 (102.0.0) {{04/14/26 15:52:50}}\n"
    assert with_out(tmp_path, out).tries[102]["node_name"] == "n2"


@pytest.mark.parametrize(
    ("line", "state", "reason"),
    [
        ("Node n0 job proc (100.0.0) completed successfully.", "completed", "exit code 0"),
        ("Node n0 job proc (100.0.0) failed with status 1.", "failed", "exit code 1"),
        ("Node n0 job proc (100.0.0) failed with signal 9.", "failed", "killed by signal 9"),
        ("Event: ULOG_EXECUTE for HTCondor Node n0 (100.0.0) {04/14/26 15:52:50}", "running", None),
        ("Event: ULOG_JOB_HELD for HTCondor Node n0 (100.0.0) {04/14/26 15:52:50}", "held", "held"),
        ("Event: ULOG_JOB_ABORTED for HTCondor Node n0 (100.0.0) {04/14/26 15:52:50}", "removed", "aborted"),
        ("ERROR: DAGMan lost track of node n0 (ClusterId=100)", "other", "DAGMan lost track of it"),
        ("ERROR: event for unknown Node (100.0.0)", "other", "DAGMan lost track of it"),
    ],
)
def test_a_try_ends_as_dagman_says(tmp_path: Path, line: str, state: str, reason: str | None) -> None:
    row = with_out(tmp_path, SUBMITS + line + "\n").tries[100]
    assert (row["state"], row["end_reason"]) == (state, reason)


def test_a_node_is_as_its_last_try_and_its_post_script_leave_it(tmp_path: Path) -> None:
    out = (
        SUBMITS
        + "Node n0 job proc (100.0.0) failed with status 1.\n"
        + "Event: ULOG_SUBMIT for HTCondor Node n0 (105.0.0) {04/14/26 15:52:50}\n"
        + "Node n0 job proc (105.0.0) completed successfully.\n"
        + "Node n1 job proc (101.0.0) failed with status 2.\n"
        + "POST Script of node n1 completed successfully.\n"
    )
    answer = with_out(tmp_path, out)
    assert {name: row["state"] for name, row in answer.nodes.items()} == {
        "n0": "completed", "n1": "completed", "n2": "pending",
    }  # fmt: skip
    assert answer.nodes["n0"]["job_id"] == "105.0"
    assert answer.tries[100]["state"] == "failed"


def test_a_number_no_job_can_have_is_no_try(tmp_path: Path) -> None:
    assert with_out(tmp_path, "Node n1, HTCondor ID 99999999999999999999, status STATUS_SUBMITTED\n").tries == {}


@pytest.mark.parametrize("year", ["0001", "1600", "9999"])
def test_a_stamp_that_no_clock_shows_is_not_the_last_moment_told(tmp_path: Path, year: str) -> None:
    beside = {
        "x.dag": DAG,
        "x.dag.rescue001": f"# Rescue DAG file\n# Created 4/15/{year} 16:45:05 UTC\nDONE n0\n",
        "x.dag.metrics": '{"end_time": 99999999999.0, "dagman_id": "1", "nodes": 3, "nodes_succeeded": 3}',
    }
    rows = together(
        tmp_path, beside | {"x.dag.dagman.out": f"{year}-04-14 15:52:50 Parsing x.dag ...\n" + stamped(SUBMITS)}
    ).rows
    assert {row["observed_at"].year for row in rows} == {2026}


def test_a_log_that_lost_its_beginning_still_names_jobs_that_wait(tmp_path: Path) -> None:
    out = "Pending DAG nodes:\n  Node n1, HTCondor ID 12642210, status STATUS_SUBMITTED\n"
    assert with_out(tmp_path, out).tries[12642210]["node_name"] == "n1"


def test_the_older_half_of_a_rotated_log_is_read_too(tmp_path: Path) -> None:
    old = stamped("Event: ULOG_SUBMIT for HTCondor Node n0 (90.0.0) {04/14/26 15:52:50}\n")
    answer = with_out(tmp_path, SUBMITS, **{"dagman.out.old": old})
    assert set(answer.tries) == {90, 100, 101}


def test_a_log_alone_tells_its_tries_and_gives_way_to_one_with_its_dag(tmp_path: Path) -> None:
    out = stamped("DAG Input file is /home/ann/x.dag\n" + SUBMITS)
    answer = told(out.encode(), "x.dag.dagman.out")
    row = answer.tries[100]
    assert (row["workflow"], row["workflow_run"], row["observed_at"]) == ("x", "x", None)
    assert answer.input_rows == 2
    assert any("without its DAG" in sentence for sentence in answer.remarks)


RESCUE = """# Rescue DAG file, created after running
#   the x.dag DAG file
# Created 8/15/2025 16:45:05 UTC
# Total number of Nodes: 3
# Nodes premarked DONE: 2
# Nodes that failed: 0
#   <ENDLIST>

DONE n0
RETRY n0 2
DONE n1
RETRY n2 1
"""


def test_the_newest_rescue_file_says_what_is_done(tmp_path: Path) -> None:
    older = RESCUE.replace("DONE n1\n", "").replace("DONE: 2", "DONE: 1")
    answer = together(tmp_path, {"x.dag": DAG, "x.dag.rescue001": older, "x.dag.rescue002": RESCUE})
    done = {name: row["is_done_in_rescue"] for name, row in answer.nodes.items()}
    assert done == {"n0": True, "n1": True, "n2": False}
    assert answer.nodes["n0"]["state"] == "completed"
    assert str(answer.nodes["n0"]["observed_at"]).startswith("2025-08-15 16:45:05")
    assert answer.remarks == ["No file names the access point: nodes are kept under 'condor' (--cluster NAME)."]


def test_a_rescue_file_that_was_cut_off_is_told(tmp_path: Path) -> None:
    cut = RESCUE.replace("DONE n1\n", "").replace("RETRY n2 1\n", "RET")
    answer = together(tmp_path, {"x.dag": DAG, "x.dag.rescue001": cut})
    assert any("says 2 nodes are done and names 1" in sentence for sentence in answer.remarks)
    assert [problem.reason for problem in answer.problems] == ["the line is neither DONE nor RETRY"]


def metrics(nodes: int, succeeded: int) -> str:
    return (
        f'{{"client":"condor_dagman","end_time":1755133980.979,"nodes":{nodes},"dag_nodes":0,"nodes_failed":0,'
        f'"nodes_succeeded":{succeeded},"dag_nodes_succeeded":0}}'
    )


def test_metrics_that_count_every_node_done_settle_it(tmp_path: Path) -> None:
    answer = together(tmp_path, {"x.dag": DAG, "x.dag.metrics": metrics(3, 3)})
    assert {row["state"] for row in answer.nodes.values()} == {"completed"}
    assert len(answer.remarks) == 1


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        ({"x.dag.metrics": metrics(450, 3)}, "the metrics counts 450"),
        ({"x.dag.rescue001": RESCUE.replace("Nodes: 3", "Nodes: 4")}, "x.dag.rescue001 counts 4"),
        ({"x.dag.rescue001": RESCUE.replace("n1", "n9")}, "marks 1 nodes done that x.dag does not declare"),
        ({"x.dag.dagman.out": stamped("Dag contains 9 total nodes\n")}, "dagman.out counts 9"),
        ({"x.dag.dagman.out": stamped(SUBMITS), "x.dag.metrics": metrics(3, 2)}, "count 2 nodes that succeeded"),
    ],
)
def test_totals_that_do_not_agree_are_told(tmp_path: Path, beside: dict[str, str], words: str) -> None:
    answer = together(tmp_path, {"x.dag": DAG, **beside})
    assert any(words in sentence for sentence in answer.remarks)


def test_the_access_point_is_told_by_the_first_submission(tmp_path: Path) -> None:
    event = "000 (12.000.000) 2025-11-04 20:29:03 Job submitted from host: <1.2.3.4:9618?alias=ap40.uw.osg-htc.org&noUDP>\n...\n"
    answer = together(tmp_path, {"x.dag": DAG, "x.dag.nodes.log": event})
    assert answer.nodes["n0"]["cluster"] == "ap40.uw.osg-htc.org"


NODES_LOG = (
    "000 (100.000.000) 2026-04-14 15:52:50 Job submitted from host: <10.0.0.1:9618?alias=ap1.example.org>\n    DAG Node: n0\n...\n"
    '000 (101.000.000) 2026-04-14 15:52:50 Job submitted from host: <10.0.0.1:9618?alias=ap1.example.org>\n    [ DAGNodeName = "n1"; ]\n...\n'
    "001 (101.000.000) 2026-04-14 15:55:50 Job executing on host: <10.0.0.2:9618>\n\tEnvironment = \"KEY=123\"\n...\n"
    "005 (100.000.000) 2026-04-14 15:58:50 Job terminated.\n\t(1) Normal termination (return value 3)\n\t\tUsr 0 00:00:00\n...\n"
)  # fmt: skip


def test_without_dagman_out_the_nodes_log_says_which_job_was_a_try_of_which_node(tmp_path: Path) -> None:
    answer = together(tmp_path, {"x.dag": DAG, "x.dag.nodes.log": NODES_LOG})
    assert {n: (row["node_name"], row["state"], row["end_reason"]) for n, row in answer.tries.items()} == {
        100: ("n0", "failed", "exit code 3"), 101: ("n1", "running", None),
    }  # fmt: skip
    assert {name: row["state"] for name, row in answer.nodes.items()} == {
        "n0": "failed", "n1": "running", "n2": "pending",
    }  # fmt: skip
    assert {row["cluster"] for row in answer.rows} == {"ap1.example.org"}


def test_dagman_out_is_asked_before_the_nodes_log(tmp_path: Path) -> None:
    out = stamped("** condor_scheduniv_exec.1.0 (CONDOR_DAGMAN) STARTING UP\n" + SUBMITS)
    files = {"x.dag": DAG, "x.dag.dagman.out": out, "x.dag.nodes.log": NODES_LOG}
    assert {row["state"] for row in together(tmp_path, files).tries.values()} == {"pending"}


def test_the_nodes_log_tells_what_stood_in_a_dagman_out_that_was_cut(tmp_path: Path) -> None:
    out = stamped("Event: ULOG_SUBMIT for HTCondor Node n2 (102.0.0) {04/14/26 15:52:50}\n")
    files = {"x.dag": DAG, "x.dag.dagman.out": out, "x.dag.nodes.log": NODES_LOG}
    assert {number: row["node_name"] for number, row in together(tmp_path, files).tries.items()} == {
        100: "n0", 101: "n1", 102: "n2",
    }  # fmt: skip


def test_of_the_nodes_log_only_names_and_results_are_packed(tmp_path: Path) -> None:
    content = packed(written(tmp_path, {"x.dag": DAG, "x.dag.nodes.log": NODES_LOG.replace("\n", "\r\n")}))
    assert b"return value 3" in content
    assert b"Environment" not in content
    assert b"Usr" not in content


def test_a_try_of_several_jobs_is_said_and_fails_where_one_of_them_did(tmp_path: Path) -> None:
    out = (
        SUBMITS
        + "Event: ULOG_SUBMIT for HTCondor Node n0 (100.1.0) {04/14/26 15:52:50}\n"
        + "Node n0 job proc (100.1.0) failed with status 2.\n"
        + "Node n0 job proc (100.0.0) completed successfully.\n"
        + "Node n1 job proc (101.0.0) completed successfully.\n"
    )
    answer = with_out(tmp_path, out)
    assert {n: (row["state"], row["end_reason"]) for n, row in answer.tries.items()} == {
        100: ("failed", "exit code 2"), 101: ("completed", "exit code 0"),
    }  # fmt: skip
    (said,) = (sentence for sentence in answer.remarks if "several jobs at once" in sentence)
    assert said.startswith("1 tries are several jobs at once (the first: node n0, job 100.1, x.dag.dagman.out line 7)")


def test_an_end_that_is_told_again_as_another_is_said_and_the_same_again_is_not(tmp_path: Path) -> None:
    end = "Node n0 job proc (100.0.0) {}\n"
    out = SUBMITS + "".join(
        end.format(word) for word in ("failed with status 1.", "failed with status 1.", "completed successfully.")
    )
    answer = with_out(tmp_path, out)
    assert answer.tries[100]["state"] == "completed"
    (said,) = (sentence for sentence in answer.remarks if "told again as another" in sentence)
    assert said.startswith("1 ends of jobs are told again as another (the first: job 100.0, x.dag.dagman.out line 9: exit code 0 after exit code 1)")  # fmt: skip
