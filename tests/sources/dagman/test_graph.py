"""What a DAG declares, line by line."""

from pathlib import Path

import pytest

from gpuledger.model.errors import NoData, SourceError
from gpuledger.sources.dagman import Dagman
from tests.sources.dagman.dags import NOW, packed, together, told, written

SMALL = """
# two nodes and their services
SUBMIT-DESCRIPTION train.sub {
	executable = train.sh
	if defined continue_from_checkpoint
		transfer_input_files = a, b
	endif
	environment = "WANDB_API_KEY=REDACTED-TEST-SECRET"
	MY.TargetAnnexName = "expanse_annex"
	queue
}
JOB run0-train_epoch0 train.sub DIR "sub dir" NOOP
job run0-train_epoch1 train.sub DONE
VARS run0-train_epoch0 epoch="1" run_uuid="e68502e5" note="say \\"hi\\" \\\\ ok" ResourceName="delta"
VARS run0-train_epoch1 epoch="2" run_uuid="e68502e5" \\
	random_seed="22769"
PARENT run0-train_epoch0 CHILD run0-train_epoch1
SCRIPT DEFER 4 300 PRE run0-train_epoch1 pre.sh expanse
SCRIPT POST ALL_NODES post.sh
RETRY ALL_NODES 3 UNLESS-EXIT 2
RETRY run0-train_epoch1 5
FINAL finish {
	executable = finish.sh
}
SERVICE helper helper.sub
PROVISIONER machines machines.sub
NODE_STATUS_FILE nodes.dag.status 30
"""


def test_nodes_know_their_run_step_target_and_retries() -> None:
    answer = told(SMALL.encode(), "small.dag")
    assert answer.problems == []
    first, second = answer.nodes["run0-train_epoch0"], answer.nodes["run0-train_epoch1"]
    assert (first["workflow"], first["workflow_run"], first["workflow_step"]) == ("small", "e68502e5", "0")
    assert (first["target_site"], second["target_site"]) == ("delta", "expanse")
    assert (first["retry_limit"], second["retry_limit"]) == (3, 5)
    assert (first["state"], second["state"]) == ("other", "completed")
    kinds = {name: row["node_kind"] for name, row in answer.nodes.items()}
    assert kinds["finish"] == "final"
    assert (kinds["helper"], kinds["machines"]) == ("service", "provisioner")
    assert answer.nodes["finish"]["retry_limit"] is None


def test_a_run_or_step_by_other_names_needs_configuration_only() -> None:
    source = Dagman(run_variable="seed", target_variable="where", step_variables=("phase",), step_pattern=r"never(\d)")
    text = 'JOB a a.sub\nVARS a seed="7" where="anvil" phase="warm-up"\n'
    row = told(text.encode(), "x.dag", source=source).nodes["a"]
    assert (row["workflow_run"], row["target_site"], row["workflow_step"]) == ("7", "anvil", "warm-up")


def test_splices_are_prefixed_and_includes_are_not(tmp_path: Path) -> None:
    answer = together(
        tmp_path,
        {
            "outer.dag": "INCLUDE vars.inc\nSPLICE left diamond.dag DIR sub\nSPLICE right sub/diamond.dag\n"
            "JOB end e.sub\nPARENT left right CHILD end\nRETRY left+top 2\n",
            "vars.inc": 'JOB begin b.sub\nVARS end run_uuid="abc"\n',
            "sub/diamond.dag": "JOB top t.sub\nJOB bottom b.sub\nPARENT top CHILD bottom\nSPLICE deep deep.dag\n",
            "sub/deep.dag": "JOB well w.sub\n",
            "deep.dag": "JOB well w.sub\n",
        },
    )
    assert answer.problems == []
    assert set(answer.nodes) == {
        "begin", "end", "left+top", "left+bottom", "left+deep+well", "right+top", "right+bottom", "right+deep+well",
    }  # fmt: skip
    assert answer.nodes["left+top"]["retry_limit"] == 2
    assert answer.nodes["end"]["workflow_run"] == "abc"


def test_a_missing_include_is_a_problem_with_its_line_and_the_rest_is_read(tmp_path: Path) -> None:
    answer = together(tmp_path, {"x.dag": "JOB a a.sub\nINCLUDE gone.inc\nJOB b b.sub\n"})
    assert set(answer.nodes) == {"a", "b"}
    (problem,) = answer.problems
    assert problem.line == 2
    assert "gone.inc is not there" in problem.reason
    assert problem.row == "x.dag: INCLUDE gone.inc"
    assert "gone.inc" in answer.broken


def test_a_missing_sub_dag_is_named_and_its_node_is_kept(tmp_path: Path) -> None:
    answer = together(tmp_path, {"x.dag": "SUBDAG EXTERNAL a sub/gone.dag\nJOB b b.sub\n"})
    assert set(answer.nodes) == {"a", "b"}
    assert "sub/gone.dag is not there" in answer.problems[0].reason
    assert "sub/gone.dag" in answer.broken


def test_a_dag_that_includes_itself_ends(tmp_path: Path) -> None:
    answer = together(tmp_path, {"x.dag": "JOB a a.sub\nSPLICE me x.dag\nINCLUDE y.inc\n", "y.inc": "INCLUDE x.dag\n"})
    assert set(answer.nodes) == {"a"}
    assert {problem.reason for problem in answer.problems} == {"the file includes itself; it was read once"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("JUB b b.sub", "begins with no command"),
        ("JOB a other.sub", "declared already"),
        ("JOB onlyname", "a node needs a name"),
        ("RETRY a often", "RETRY needs"),
        ("RETRY a 99999999999999999999", "RETRY needs"),
        ("RETRY nobody 3", "does not declare"),
        ('VARS nobody x="1"', "does not declare"),
        ("VARS a", "VARS needs"),
        ("PARENT a", "PARENT needs"),
        ("PARENT a CHILD nobody", "does not declare"),
        ("SCRIPT LATER a x.sh", "a SCRIPT is PRE, POST or HOLD"),
        ("SUBMIT-DESCRIPTION x {", "never closed"),
        ("SPLICE s", "names no file"),
    ],
)
def test_a_wrong_line_is_a_problem_and_the_rest_is_read(line: str, reason: str) -> None:
    answer = told(f"JOB a a.sub\n{line}\n".encode(), "x.dag")
    assert set(answer.nodes) == {"a"}
    assert [problem.line for problem in answer.problems] == [2]
    assert reason in answer.problems[0].reason


def test_no_secret_of_a_submit_description_is_kept(tmp_path: Path) -> None:
    secret = b"REDACTED-TEST-SECRET"
    assert secret not in Dagman().redact(SMALL.encode())
    bundle = packed(written(tmp_path, {"x.dag": SMALL}))
    assert secret not in bundle
    assert Dagman().redact(bundle) == bundle
    broken = SMALL.replace("PARENT run0-train_epoch0", "PARENTS token=REDACTED-TEST-SECRET")
    (problem,) = told(broken.encode(), "x.dag").problems
    assert secret.decode() not in problem.row


def test_the_same_files_are_the_same_bytes(tmp_path: Path) -> None:
    path = written(tmp_path, {"x.dag": "INCLUDE b\nINCLUDE a\n", "a": "JOB a a.sub\n", "b": "JOB b b.sub\n"})
    assert packed(path) == packed(path)


def test_every_dag_and_its_subdags_are_fetched_once(tmp_path: Path) -> None:
    written(
        tmp_path,
        {
            "a.dag": "SUBDAG EXTERNAL in inner.dag DIR sub\nJOB x x.sub\n",
            "b.dag": "SUBDAG EXTERNAL in sub/inner.dag\n",
            "sub/inner.dag": "JOB y y.sub\n",
        },
    )
    names = [Path(one.name).name for one in Dagman(path=str(tmp_path / "*.dag")).fetch(None, NOW)]
    assert names == ["a.dag", "b.dag", "inner.dag"]


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (SMALL.encode(), "a DAG of HTCondor's DAGMan"),
        (b"# c\r\nMAXJOBS stagein 10\r\nJOB a a.sub\r\n", "a DAG of HTCondor's DAGMan"),
        (b"04/14/26 15:52:50 Submitting HTCondor Node a job(s)...\n", "dagman.out, DAGMan's own log"),
        (b"JobID|User|State\n", None),
        (b"cluster,job\n", None),
        (b"Job Name,DAG Source,HTCondor Cluster ID\n", None),
        (b"", None),
    ],
)
def test_files_are_known_by_their_content(head: bytes, words: str | None) -> None:
    assert Dagman().claims(head, "x") == words


@pytest.mark.parametrize("head", [b"# Rescue DAG file, created after running\n", b'{"client":"condor_dagman"}'])
def test_a_file_that_tells_nothing_without_its_dag_says_so(head: bytes) -> None:
    with pytest.raises(SourceError, match=r"name the \.dag"):
        Dagman().claims(head, "x.dag.rescue001")


def test_a_dag_without_nodes_tells_of_nothing() -> None:
    with pytest.raises(NoData):
        told(b"JOB onlyname\n", "x.dag")


def test_what_is_none_of_them_is_refused() -> None:
    with pytest.raises(SourceError, match="neither"):
        told(b"something else", "x.txt")


def test_a_bundle_that_was_cut_off_is_damaged(tmp_path: Path) -> None:
    content = packed(written(tmp_path, {"x.dag": "JOB a a.sub\n" * 500}))
    with pytest.raises(SourceError, match="damaged or cut off"):
        told(content[:2000], "x.dag")
