"""A report speaks of the inputs that its numbers come from, and of no other."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from gpuledger.metrics import Filter
from gpuledger.metrics.ask import StoreAsk
from gpuledger.model.batch import Batch
from gpuledger.model.document import Note
from gpuledger.model.tables import PROBLEMS, RUNS
from gpuledger.reports import _ingests as ingests
from gpuledger.store.lake import Lake
from tests.reports.ledgers import MAY, hour

ATTEMPTS, STATES = ("job_attempts", "attempt_gpus"), ("gpu_states",)


def run(name: str, source_type: str, *tables: str, hours: float = 0, **said: Any) -> dict[str, Any]:
    """One ingest; without tables it did not come to its rows, or an older version read it."""
    return {
        "ingest_id": f"{name}-{hours}", "run_kind": "ingest", "run_started_at": hour(hours), "input_name": name,
        "input_sha256": f"sha-{name}", "source_type": source_type, "result": "done", "remarks": [f"Remark of {name}."],
        "told_tables": list(tables) or None,
    } | said  # fmt: skip


def ask(folder: Path, runs: list[dict[str, Any]], *where: Filter) -> StoreAsk:
    """Of a ledger with these runs, and a problem in each of their inputs."""
    store = Lake(folder / "lake")
    for row in runs:
        store.append(Batch(RUNS, pa.Table.from_pylist([row])), row["ingest_id"])
    told = [
        {
            "input_sha256": row["input_sha256"],
            "input_line": 1,
            "problem_reason": "bad",
            "source_type": row["source_type"],
        }
        for row in runs
    ]
    store.upsert(Batch(PROBLEMS, pa.Table.from_pylist(told)), "i")
    return StoreAsk(store, MAY, MAY.end, where=where)


def names(there: StoreAsk, tables: tuple[str, ...]) -> set[str]:
    return {row["input_name"] for row in ingests.newest(there, tables)}


def test_remarks_and_problems_of_inputs_that_fed_other_tables_are_left_out(tmp_path: Path) -> None:
    there = ask(tmp_path, [run("acct", "slurm", "job_attempts"), run("pool", "gpu-state", "gpu_states", "snapshots")])
    told = ingests.newest(there, ATTEMPTS)
    assert list(ingests.notes(told)) == [Note("remark-1", "info", "ingest", "Remark of acct.", "runs")]
    (refused,) = ingests.problems(there, ATTEMPTS)
    assert refused.rows == (("bad", "slurm", 1),)
    assert names(there, STATES) == {"pool"}


def test_a_source_that_feeds_many_tables_is_told_apart_by_input(tmp_path: Path) -> None:
    there = ask(tmp_path, [run("acct", "slurm", "job_attempts"), run("nodes", "slurm", "host_states")])
    assert names(there, ATTEMPTS) == {"acct"}
    assert list(ingests.problems(there, STATES)) == []


def test_an_input_that_failed_counts_where_others_of_its_type_do(tmp_path: Path) -> None:
    failing = {"result": "failed", "error": "is cut off", "hours": 5}
    runs = [run("acct", "slurm", "job_attempts"), run("pool", "gpu-state", "gpu_states")]
    broken = [run("cut", "slurm", **failing), run("half", "gpu-state", **failing), run("odd", "new", **failing)]
    there = ask(tmp_path, [*runs, *broken])
    (note,) = ingests.failed(there, ingests.newest(there, ATTEMPTS))
    assert note.sentence == "2 inputs could not be read, or not to the end: odd: is cut off; cut: is cut off"
    assert names(there, STATES) == {"pool", "half", "odd"}


def test_an_input_that_was_read_since_did_not_fail_whatever_it_fed_then(tmp_path: Path) -> None:
    failed = run("f", "slurm", result="failed", error="is no sacct text")
    there = ask(tmp_path, [failed, run("f", "thermal-csv", "device_events", hours=1)])
    assert list(ingests.failed(there, ingests.newest(there, ATTEMPTS))) == []


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        (Filter("cluster", "=", ("hpg",)), {"a", "both", "old"}),
        (Filter("cluster", "!=", ("hpg",)), {"b", "both", "old"}),
        (Filter("cluster", "=", ("hpg", "ap1")), {"a", "b", "both", "old"}),
        (Filter("user", "=", ("ada",)), {"a", "b", "both", "old"}),
    ],
)
def test_inputs_about_other_clusters_than_the_filters_keep_are_left_out(
    wanted: Filter, kept: set[str], tmp_path: Path
) -> None:
    runs = [
        run("a", "slurm", "job_attempts", told_clusters=["hpg"]),
        run("b", "condor-log", "job_attempts", told_clusters=["ap1"]),
        run("both", "slurm", "job_attempts", told_clusters=["ap1", "hpg"]),
        run("old", "slurm", told_clusters=None),
    ]
    assert names(ask(tmp_path, runs, wanted), ATTEMPTS) == kept


def test_a_remark_of_several_ingests_is_one_note() -> None:
    said = [
        {"remarks": ["No zone given; read as UTC."]},
        {"remarks": ["No zone given; read as UTC."]},
        {"remarks": None},
    ]
    assert [note.sentence for note in ingests.notes(said)] == ["No zone given; read as UTC."]
