"""Real workflows: the experiment's DAGs and LSST's and Pegasus's, and generated ones of which the truth is known."""

import csv
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from shutil import copy

import pytest

from gpuledger.sources.dagman import Dagman
from tests.sources.dagman.dags import NOW, Told, packed, told

PREFIX = re.compile(
    r"^[0-9a-f]{8}__|^(lsst_group_failed_1|lsst_tiny_(?:problems|running|success|prov_no_submit))_(?!subdags)"
)


@pytest.fixture(scope="module")
def folder(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files under the names they had, so that they stand beside their DAG again."""
    here = tmp_path_factory.mktemp("dags")
    for path in [*(shared_data / "dagman_experiment").iterdir(), *(shared_data / "dagman_misc").iterdir()]:
        if ".dag" in path.name:
            copy(path, here / PREFIX.sub("", path.name))
    return here


def of(folder: Path, name: str) -> Told:
    path = folder / f"{name}.dag"
    return told(packed(path), str(path), "America/Chicago")


@pytest.mark.parametrize(
    ("name", "nodes", "runs"),
    [("global_pretraining_with_ospool_w_anvil", 150, 5), ("ospool_pretraining", 300, 10), ("distributed", 6, 1)],
)
def test_every_node_and_run_of_the_experiment_is_there(folder: Path, name: str, nodes: int, runs: int) -> None:
    answer = of(folder, name)
    jobs = [row for row in answer.nodes.values() if row["node_kind"] == "job"]
    assert (len(jobs), len({row["workflow_run"] for row in jobs})) == (nodes, runs)
    assert answer.problems == []


def test_rescue_files_and_metrics_agree_that_all_is_done(folder: Path) -> None:
    answer = of(folder, "global_pretraining_with_ospool_w_anvil")
    jobs = [row for row in answer.nodes.values() if row["node_kind"] == "job"]
    assert Counter(row["state"] for row in jobs) == {"completed": 150}
    assert {row["cluster"] for row in jobs} == {"ap40.uw.osg-htc.org"}
    assert answer.remarks == []
    steps = Counter(row["workflow_step"] for row in jobs)
    assert (len(steps), steps["29"]) == (30, 5)


@pytest.mark.parametrize(
    ("name", "states"),
    [
        ("tiny_problems", {"completed": 3, "failed": 2, "pending": 1, "removed": 1}),
        ("tiny_running", {"completed": 1, "running": 2, "pending": 2}),
        ("group_failed_1", {"completed": 22, "failed": 2, "pending": 2, "removed": 1}),
    ],
)
def test_nodes_stand_as_their_workflow_left_them(folder: Path, name: str, states: dict[str, int]) -> None:
    answer = of(folder, name)
    assert Counter(row["state"] for row in answer.nodes.values()) == states
    assert all("its DAG subdags/" in problem.reason for problem in answer.problems)  # they are elsewhere in our copy


def test_no_secret_of_the_real_dags_is_packed(folder: Path) -> None:
    for one in Dagman(path=str(folder / "*.dag")).fetch(None, NOW):
        assert b"REDACTED-TEST-SECRET" not in one.content.read()


@pytest.mark.parametrize("flags", [[], ["--utc"]], ids=["local", "utc"])
def test_no_job_is_given_to_a_wrong_node_or_dag(shared_data: Path, tmp_path: Path, flags: list[str]) -> None:
    maker = shared_data.parent / "tools" / "make_dag_logs.py"
    subprocess.run([sys.executable, maker, "--out", tmp_path, "--jobs", "300", "--seed", "7", *flags], check=True)
    found = {}
    for one in Dagman(path=str(tmp_path / "*.dag")).fetch(None, NOW):
        found |= {row["job_id"]: row for row in told(one.content.read(), one.name).tries.values()}
    with (tmp_path / "truth_attempts.csv").open() as file:
        truth = list(csv.DictReader(file))
    assert found.keys() == {f"{row['cluster']}.0" for row in truth}
    for row in truth:
        mine = found[f"{row['cluster']}.0"]
        assert (mine["workflow"], mine["node_name"], mine["workflow_step"]) == (row["dag"], row["node"], row["epoch"])
