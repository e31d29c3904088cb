"""Real accounting against answers computed from the raw text by SQL that shares no code with us."""

import json
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gpuledger.model.devices import gpu_model
from tests.sources.slurm.reading import Reading, read

FOX = (
    "JobID,JobIDRaw,User,Account,State,Start,End,AveCPU,AveDiskRead,AveDiskWrite,AveRSS,AveVMSize,ElapsedRaw,ExitCode,Layout,"
    "MaxRSS,MaxVMSize,MinCPU,ReqCPUS,ReqMem,ReqNodes,Reservation,Submit,Suspended,SystemCPU,TimelimitRaw,UserCPU,NodeList,"
    "Partition,AllocTRES,Priority,JobName"
)
XDMOD = (
    "jobid,jobidraw,cluster,partition,qos,account,group,gid,user,uid,submit,eligible,start,end,elapsed,exitcode,state,"
    "nnodes,ncpus,reqcpus,reqmem,reqtres,alloctres,timelimit,nodelist,jobname"
)
INPUTS = {"slurm_fox": ("sacct_output.txt", FOX), "slurm_xdmod": ("phillips.log", XDMOD)}
Oracle = dict[str, list[list[Any]]]


@pytest.fixture(scope="module", params=INPUTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def reading(name: str, shared_data: Path) -> Reading:
    file, fields = INPUTS[name]
    return read((shared_data / name / file).read_bytes(), fields=fields)


@pytest.fixture(scope="module")
def oracle(name: str, shared_data: Path) -> Oracle:
    told = json.loads((shared_data / name / "oracle_excerpt.json").read_text())
    return {query["name"]: query["rows"] for query in told["queries"]}


def seconds(row: dict[str, Any]) -> float:
    return (row["ended_at"] - row["started_at"]).total_seconds() if row["started_at"] and row["ended_at"] else 0.0


def gpu_hours(reading: Reading, column: str) -> dict[Any, float]:
    hours: dict[Any, float] = defaultdict(float)
    for row in reading.attempts:
        hours[row[column]] += (row["gpu_count"] or 0.0) * seconds(row) / 3600
    return dict(hours)


def test_every_row_is_accounted_for(reading: Reading, name: str, shared_data: Path) -> None:
    lines = (shared_data / name / INPUTS[name][0]).read_bytes().splitlines()
    assert not reading.problems
    assert reading.rows_read == len(lines)


def test_counts_equal_the_oracle(reading: Reading, oracle: Oracle) -> None:
    rows = reading.attempts
    distinct = [len({row[name] for row in rows}) for name in ("user_name", "account", "queue")]
    assert [len(rows), sum((row["gpu_count"] or 0) > 0 for row in rows), *distinct] == oracle["counts"][0]


def test_states_equal_the_oracle(reading: Reading, oracle: Oracle) -> None:
    counts: dict[str, int] = defaultdict(int)
    for row in reading.attempts:
        counts[row["state"].upper()] += 1
    assert counts == {row[0]: row[1] for row in oracle["states"]}


def test_total_hours_equal_the_oracle(reading: Reading, oracle: Oracle) -> None:
    cpu = sum((row["cpu_count"] or 0.0) * seconds(row) / 3600 for row in reading.attempts)
    assert [sum(gpu_hours(reading, "cluster").values()), cpu] == pytest.approx(oracle["gpu_hours_total"][0], abs=5e-5)


@pytest.mark.parametrize(("column", "query"), [("user_name", "user"), ("account", "account"), ("queue", "partition")])
def test_gpu_hours_equal_the_oracle(reading: Reading, oracle: Oracle, column: str, query: str) -> None:
    told = {row[0].split("/")[-1]: row[-1] or 0.0 for row in oracle[f"gpu_hours_by_{query}"]}
    assert gpu_hours(reading, column) == pytest.approx(told, abs=5e-5)


def test_gpu_hours_by_model_equal_the_oracle(reading: Reading, oracle: Oracle) -> None:
    told = {row[0] and gpu_model(row[0]).name: row[2] or 0.0 for row in oracle["gpu_hours_by_gpu_type"]}
    held = {model: hours for model, hours in gpu_hours(reading, "gpu_model").items() if model in told}
    assert held == pytest.approx(told, abs=5e-5)


def test_the_time_range_equals_the_oracle(reading: Reading, oracle: Oracle) -> None:
    def bound(pick: Any, column: str) -> datetime:
        return pick(row[column] for row in reading.attempts if row[column])

    told = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in oracle["time_range"][0]]
    submits = [bound(min, "submitted_at"), bound(max, "submitted_at")]
    assert [*submits, bound(min, "started_at"), bound(max, "ended_at")] == told


def test_overflowed_memory_requests_are_unknown(shared_data: Path) -> None:
    reading = read((shared_data / "slurm_xdmod/phillips.log").read_bytes(), fields=XDMOD)
    asked = [row["requested_memory_bytes"] for row in reading.attempts if row["requested_memory_bytes"]]
    assert max(asked) < 2**50


def test_jobs_cancelled_before_they_started_have_no_start(shared_data: Path) -> None:
    reading = read((shared_data / "slurm_xdmod/phillips.log").read_bytes(), fields=XDMOD)
    nowhere = [row for row in reading.attempts if not row["host_names"]]
    assert len(nowhere) > 200
    assert all(row["started_at"] is None and row["gpu_count"] is None for row in nowhere)
