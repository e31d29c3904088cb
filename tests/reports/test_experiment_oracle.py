"""Real logs and a real table of an experiment, all the way from ingest to report, against values computed apart."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gpuledger.actions.ingest import Manner
from gpuledger.actions.read import Reading, read
from gpuledger.actions.report import report
from gpuledger.config import Settings, open_ledger
from gpuledger.model.chart import Bars
from gpuledger.model.document import Document
from gpuledger.model.period import last
from gpuledger.model.sites import DEFAULT
from gpuledger.plugins import load
from gpuledger.render.figure.paper import figure
from gpuledger.render.theme import Colours
from tests.render.test_figure import problems
from tests.reports.ledgers import card, rows

NOW = datetime(2026, 11, 20, tzinfo=UTC)
PAST = "full.csv"


def reported(files: list[Path], folder: Path, zone: str, *where: str) -> Document:
    """The report of some files, by the way the command goes."""
    with open_ledger(Settings(ledger=str(folder / "ledger"))) as ledger:
        for outcome in read(ledger, [str(file) for file in files], Reading(zone=zone), NOW, Manner()):
            assert outcome.error is None
        declared = load("reports", "experiment")
        return report(ledger, declared, declared.parameters(), last(declared.default_last, NOW), where, NOW)


@pytest.fixture(scope="module")
def oracle(shared_data: Path) -> Mapping[str, list[dict[str, Any]]]:
    said = json.loads((shared_data / "dagman_experiment" / "oracle_excerpt.json").read_text())
    return {
        query["name"]: [dict(zip(query["columns"], row, strict=True)) for row in query["rows"]]
        for query in said["queries"]
    }


@pytest.fixture(scope="module")
def of_table(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Document:
    """The earlier tool's table, its stamps as they are."""
    return reported([shared_data / "dagman_experiment" / PAST], tmp_path_factory.mktemp("table"), "UTC")


@pytest.fixture(scope="module")
def of_logs(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Document:
    """The real event logs with their DAGs, under the names they had."""
    folder = tmp_path_factory.mktemp("logs")
    files = []
    for file in sorted((shared_data / "dagman_experiment").iterdir()):
        if file.name.endswith((".log", ".dag", ".metrics")) or ".dag.rescue" in file.name:
            files.append(folder / file.name.partition("__")[2])
            shutil.copy(file, files[-1])
    return reported([file for file in files if file.suffix in (".log", ".dag")], folder, "America/Chicago")


Oracle = Mapping[str, list[dict[str, Any]]]


def test_hours_are_those_of_the_oracle(of_table: Document, oracle: Oracle) -> None:
    whole = oracle["gpu_hours_total"][0]["gpu_hours"]
    assert card(of_table, "gpu-hours").value == pytest.approx(whole, abs=1e-4)
    assert rows(of_table, "success-by-site")["totals"]["attempts"] == oracle["counts"][0]["n_jobs"]


def test_hours_of_each_site_and_model_are_those_of_the_oracle(of_table: Document, oracle: Oracle) -> None:
    labels = {"ospool": "OSPool", "expanse": "Expanse", "bridges2": "Bridges-2", "delta": "Delta", "aws": "AWS"}
    sites, attempts = rows(of_table, "time-by-site"), rows(of_table, "success-by-site")
    for said in oracle["gpu_hours_by_partition"]:
        name = labels[said["partition"]]
        assert sites[name]["gpu"] == pytest.approx(said["gpu_hours"], abs=1e-4)
        assert attempts[name]["attempts"] == said["n_jobs"]
    models = rows(of_table, "gpu-models")
    for said in oracle["gpu_hours_by_gpu_type"]:
        assert models[said["gpu_type"]]["gpu"] == pytest.approx(said["gpu_hours"], abs=1e-4)
        assert models[said["gpu_type"]]["attempts"] == said["n_jobs"]


def test_hours_of_each_day_are_those_of_the_oracle(of_table: Document, oracle: Oracle) -> None:
    days = rows(of_table, "over-time-table")
    for said in oracle["gpu_hours_by_day_clipped"]:
        assert days[said["day"]]["gpu"] == pytest.approx(said["gpu_hours"], abs=1e-4)


def test_each_node_counts_once_and_time_adds_up(of_table: Document, oracle: Oracle) -> None:
    states = {row["state"]: row for row in oracle["states"]}
    totals = rows(of_table, "success-by-site")["totals"]
    assert totals["succeeded"] == states["completed"]["n"] == 128
    assert (totals["nodes"], totals["nodes_done"], totals["epochs"]) == (132, 127, 127)
    time = rows(of_table, "time-by-site")["totals"]
    repeated = rows(of_table, "lost-by-cause")["success repeated"]["gpu"]
    assert time["good_gpu"] + repeated == pytest.approx(states["completed"]["gpu_hours"], abs=1e-4)
    assert time["good_gpu"] + time["lost_gpu"] == pytest.approx(time["gpu"])


def test_a_job_waits_from_its_submission_the_end_before_or_the_release_from_its_hold(
    shared_data: Path, of_table: Document
) -> None:
    """Counted again from the rows themselves; after an attempt of which neither is told nobody knows since when."""
    waited: dict[str, float] = {}
    before: dict[str, dict[str, str]] = {}
    with (shared_data / "dagman_experiment" / PAST).open(newline="") as stream:
        for row in csv.DictReader(stream):
            past = before.get(row["HTCondor Cluster ID"])
            told = [past["End Time"], past["Released Time"]] if past else [row["Submit Time"]]
            since, matched = max(told), row["Transfer Input Start Time"] or row["Start Time"]
            if since:
                seconds = (datetime.fromisoformat(matched) - datetime.fromisoformat(since)).total_seconds()
                waited[row["Targeted Resource"]] = waited.get(row["Targeted Resource"], 0) + seconds
            before[row["HTCondor Cluster ID"]] = row
    found = {name.lower().replace("-", ""): row["queue"] for name, row in rows(of_table, "waits-by-site").items()}
    assert found.pop("totals") == pytest.approx(sum(waited.values()) / 3600)
    assert {name: hours * 3600 for name, hours in found.items()} == pytest.approx(waited)


def test_an_attempt_over_the_change_of_clocks_has_its_true_length(
    shared_data: Path, tmp_path: Path, of_table: Document
) -> None:
    """Attempts that ran through 2 November 2025 01:00 last an hour longer than their local stamps tell."""
    there = reported([shared_data / "dagman_experiment" / PAST], tmp_path, "America/Chicago")
    more = card(there, "gpu-hours").value - card(of_table, "gpu-hours").value  # type: ignore[operator]
    assert more == pytest.approx(round(more), abs=1e-6)  # type: ignore[arg-type]
    assert more > 0  # type: ignore[operator]


def test_the_logs_tell_what_their_lines_tell(of_logs: Document) -> None:
    """Seventeen attempts went over their memory; every site that was matched is there."""
    lost = rows(of_logs, "lost-by-cause")
    assert lost["memory over the request (21.102)"]["attempts"] == 17
    assert lost["execution point shut down (1013)"]["attempts"] == 43
    sites = rows(of_logs, "success-by-site")
    assert {"OSPool", "Anvil", "Delta", "Expanse", "Bridges-2", "AWS"} <= set(sites)
    assert sites["Anvil"]["epochs"] == 0
    for table in ("time-by-site", "gpu-use", "waits-by-site", "transfers-by-site"):
        assert "Anvil" in rows(of_logs, table), table
    used = next(block for block in of_logs.tables if block.id == "requested-and-used")
    assert ("Disk, GiB", "Anvil") in {row[:2] for row in used.rows}
    for chart in of_logs.charts:
        if isinstance(chart.shape, Bars) and chart.id.endswith("by-site"):
            assert "Anvil" in {bar.label for bar in chart.shape.bars}, chart.id
    memory = next(block for block in of_logs.blocks if getattr(block, "id", "") == "memory")
    assert getattr(memory, "sentence", "").startswith("17 attempts at OSPool exceeded request_memory 80,000 MB")


def test_no_text_of_any_figure_is_cut_or_touches_another(of_table: Document, of_logs: Document) -> None:
    for document in (of_table, of_logs):
        colours = Colours(document.ranks)
        assert {chart.id: found for chart in document.charts if (found := problems(figure(chart, colours)))} == {}


@pytest.fixture(scope="module")
def generated(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Document, dict[str, Any]]:
    """A generated experiment of three DAGs that share one log over a change of clocks, and its truth."""
    folder = tmp_path_factory.mktemp("generated")
    tool = shared_data.parent / "tools" / "make_dag_logs.py"
    made = [sys.executable, str(tool), "--out", str(folder), "--jobs", "400", "--seed", "11"]
    subprocess.run(made, check=True, capture_output=True)
    document = reported([*sorted(folder.glob("*.dag")), folder / "metl.log"], folder, "America/Chicago")
    return document, json.loads((folder / "truth.json").read_text())


def test_a_generated_experiment_is_reported_as_it_was(generated: tuple[Document, dict[str, Any]]) -> None:
    document, truth = generated
    labels = {**{name: DEFAULT.label(name) for name in truth["by_resource"]}, "(never matched)": "not matched"}
    sites, data = rows(document, "success-by-site"), rows(document, "transfers-by-site")
    for name, said in truth["by_resource"].items():
        there = sites[labels[name]]
        assert (there["attempts"], there["executed"], there["succeeded"]) == (
            said["attempts"], said["executed"], said["epochs_ok"],
        ), name  # fmt: skip
        moved = (data[labels[name]]["sent"] or 0, data[labels[name]]["received"] or 0)
        assert moved == (said["recv_B"], said["sent_B"]), name
    totals = sites["totals"]
    assert (totals["attempts"], totals["nodes"], totals["nodes_done"]) == (
        truth["attempts"], truth["nodes_run"], truth["nodes_ok"],
    )  # fmt: skip


def test_time_of_a_generated_experiment_adds_up(generated: tuple[Document, dict[str, Any]]) -> None:
    """The truth ends an attempt before its output was on the way; so ours is longer by no more than that."""
    document, truth = generated
    sites = rows(document, "time-by-site")
    for name, said in truth["by_resource"].items():
        if name in sites or DEFAULT.label(name) in sites:
            assert sites[DEFAULT.label(name)]["wall"] == pytest.approx(said["wall_h"], rel=0.01)
    assert rows(document, "over-time-table")["totals"]["gpu"] == pytest.approx(sites["totals"]["gpu"])


def test_no_text_of_a_generated_experiments_figures_is_cut(generated: tuple[Document, dict[str, Any]]) -> None:
    colours = Colours(generated[0].ranks)
    assert {c.id: found for c in generated[0].charts if (found := problems(figure(c, colours)))} == {}
