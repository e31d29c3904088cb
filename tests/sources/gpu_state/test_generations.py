"""Files of every generation of the collector: columns missing, more, in another order or type; what a row may lack."""

import io
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from gpuledger.model.errors import SourceError
from gpuledger.sources import Context
from gpuledger.sources.gpu_state import GpuState
from tests.sources.gpu_state.pools import MOMENT, TYPES, Row, found, parquet, slot, sqlite

COLUMNS = tuple(TYPES)
JOB: Row = slot("slot1_1@lab0.edu", state="Claimed", RemoteOwner="bob@edu", GlobalJobId="ap#1.0#17")


def without(*names: str) -> list[str]:
    return [name for name in COLUMNS if name not in names]


def test_columns_in_another_order_and_unknown_ones_change_nothing() -> None:
    plain, turned = (
        found(parquet([JOB])),
        found(parquet([JOB | {"New": "x", "Newer": 1}], [*reversed(COLUMNS), "New", "Newer"])),
    )
    assert turned.states == plain.states
    assert plain.remarks == []
    assert turned.remarks == ["Columns that are not known here were left out: New, Newer."]


@pytest.mark.parametrize(
    ("column", "unknown"),
    [
        ("PreventJobsReason", ["prevented_reason"]), ("PrioritizedProjects", ["owner_projects"]), ("RemoteOwner", ["primary_user"]),
        ("GlobalJobId", ["primary_job_id"]), ("GPUs_DeviceName", ["gpu_model"]), ("GPUs_GlobalMemoryMb", ["gpu_memory_bytes"]),
    ],
)  # fmt: skip
def test_a_column_not_yet_collected_is_not_known_and_said_once(column: str, unknown: list[str]) -> None:
    whole, read = found(parquet([JOB])), found(parquet([JOB], without(column)))
    assert {**whole.state, **dict.fromkeys(unknown)} == {**dict.fromkeys(unknown), **read.state}
    assert read.remarks == [f"Columns that the file does not have (not collected when it was written): {column}."]


def test_without_the_machine_the_slots_name_tells_it() -> None:
    assert found(parquet([JOB], without("Machine"))).state["host"] == "lab0.edu"
    assert found([JOB | {"Machine": None}]).state["host"] == "lab0.edu"
    assert found([JOB | {"Machine": "undefined", "Name": "slot1@glidein_7@node3.edu"}]).state["host"] == "node3.edu"


@pytest.mark.parametrize("column", ["Name", "State", "timestamp"])
def test_a_table_without_what_makes_a_slot_is_refused_by_name(column: str) -> None:
    with pytest.raises(SourceError, match=f"lacks {column}; its columns are"):
        found(parquet([JOB], without(column)))


def test_a_table_without_any_list_of_gpus_is_refused() -> None:
    with pytest.raises(SourceError, match="lacks AssignedGPUs or AvailableGPUs"):
        found(parquet([JOB], without("AssignedGPUs", "AvailableGPUs")))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_stamps_of_every_unit_are_the_same_moment(unit: str) -> None:
    assert found(parquet([JOB], timestamp=pa.timestamp(unit))).states == found([JOB]).states


@pytest.mark.parametrize(
    "stamp",
    ["2026-07-01 00:00:20", "2026-07-01T00:00:20.000000", "2026-07-01 00:00:20Z", "2026-06-30T19:00:20-05:00", 1782864020,
     1782864020.0, 1782864020000, 1782864020000000, 1782864020000000000],
)  # fmt: skip
def test_stamps_as_text_or_epoch_are_the_same_moment(stamp: Any) -> None:
    kind = pa.array([stamp]).type
    assert found(parquet([JOB | {"timestamp": stamp}], timestamp=kind)).states == found([JOB]).states


def test_stamps_with_a_zone_ignore_the_zone_of_the_source() -> None:
    aware = parquet([JOB | {"timestamp": 1782864020000000}], timestamp=pa.timestamp("us", "America/Chicago"))
    assert found(aware, zone="Asia/Tokyo").states == found([JOB]).states


@pytest.mark.parametrize("memory", ["143771", "143771.0", " 143771 "])
def test_memory_as_text_or_float_is_the_same(memory: str) -> None:
    texts = parquet([JOB | {"GPUs_GlobalMemoryMb": memory}], GPUs_GlobalMemoryMb=pa.string())
    floats = parquet([JOB], GPUs_GlobalMemoryMb=pa.float64())
    assert found(texts).state["gpu_memory_bytes"] == found(floats).state["gpu_memory_bytes"] == 143771 * 2.0**20
    unknown = parquet([JOB | {"GPUs_GlobalMemoryMb": "undefined"}], GPUs_GlobalMemoryMb=pa.string())
    assert found(unknown).state["gpu_memory_bytes"] is None


def test_dictionaries_large_texts_and_nulls_are_read_like_text() -> None:
    kinds: list[pa.DataType] = [pa.large_string(), pa.dictionary(pa.int32(), pa.string())]
    for kind in kinds:
        rows = [JOB, slot(gpu="GPU-00000001", GPUs_DeviceName=None)]
        columns = dict.fromkeys(("Name", "AssignedGPUs", "State", "GPUs_DeviceName", "Machine", "RemoteOwner"), kind)
        assert found(parquet(rows, **columns)).states == found(rows).states
    assert found(parquet([slot()], RemoteOwner=pa.null(), GPUs_DeviceName=pa.null())).state["gpu_model"] is None


@pytest.mark.parametrize(
    ("told", "gpus"),
    [
        ("GPU-06fa985b", ["GPU-06fa985b"]),
        ("GPU-06fa985b-73a1-4c8e-9d0f-112233445566", ["GPU-06fa985b"]),
        ("GPU-06FA985B", ["GPU-06fa985b"]),
        ("GPU-06fa985b,GPU-e36f371e", ["GPU-06fa985b", "GPU-e36f371e"]),
        ("{GPUs_GPU_06fa985b, GPUs_GPU_e36f371e}", ["GPU-06fa985b", "GPU-e36f371e"]),
        ("MIG-06fa985b-1d2e-5f2a-9c1e-0123456789ab", ["MIG-06fa985b-1d2e-5f2a-9c1e-0123456789ab"]),
        ("{GPUs_MIG_06fa985b_1d2e_5f2a_9c1e_0123456789ab}", ["MIG-06fa985b-1d2e-5f2a-9c1e-0123456789ab"]),
        ("CUDA0, CUDA1", ["index:0", "index:1"]),
        ("OCL3", ["OCL3"]),
    ],
)  # fmt: skip
def test_gpus_have_one_spelling_and_are_taken_one_by_one(told: str, gpus: list[str]) -> None:
    read = found([slot(gpu=told)])
    assert [row["gpu"] for row in read.states] == gpus
    assert read.input_rows == 1


def test_where_none_is_assigned_those_available_are_the_slots() -> None:
    raw = [
        slot("backfill2@lab0.edu", gpu=None, AvailableGPUs="{GPUs_GPU_06fa985b,GPUs_GPU_e36f371e}"),
        slot(AvailableGPUs=""),
    ]
    states = found(raw).states
    assert [(row["gpu"], row["backfill_occupancy"], row["occupancy"]) for row in states] == [
        ("GPU-06fa985b", "unclaimed", "unclaimed"), ("GPU-e36f371e", "unclaimed", None),
    ]  # fmt: skip


def test_a_slot_with_no_gpu_left_tells_only_that_somebody_looked() -> None:
    none_left = slot("backfill2@lab0.edu", gpu=None, AvailableGPUs="")
    alone, beside = found([none_left]), found([none_left, slot()])
    assert (alone.states, alone.problems, alone.input_rows) == ([], [], 1)
    assert [(row["status"], row["row_count"]) for row in alone.snapshots] == [("empty", 0)]
    assert (beside.state["backfill_occupancy"], beside.input_rows) == (None, 2)
    assert [(row["status"], row["row_count"]) for row in beside.snapshots] == [("complete", 1)]


def test_a_row_that_lacks_something_is_a_problem_with_its_line() -> None:
    rows = [
        slot(),
        slot(gpu=None, AvailableGPUs="undefined"),
        slot(None),
        slot("slot1", Machine=None),
        slot(timestamp=None),
    ]  # type: ignore[arg-type]
    read = found(rows)
    assert read.reasons == [
        (5, "its time cannot be read"),
        (2, "it names no GPU"),
        (3, "it has no Name"),
        (4, "it names no machine"),
    ]
    assert read.input_rows + sum(problem.input_rows for problem in read.problems) == len(rows)
    assert read.problems[1].row == f"slot1@lab0.edu,,undefined,Unclaimed,NVIDIA H200,143771,,lab0.edu,,,,{MOMENT}"
    assert [(row["status"], row["row_count"]) for row in read.snapshots] == [("partial", 1)]


def test_each_moment_is_one_snapshot() -> None:
    rows = [slot(timestamp=f"2026-07-01 0{hour}:00:00") for hour in (1, 1, 2, 5)]
    told = found(rows, period_seconds=300).snapshots
    assert [row["time"].hour for row in told] == [1, 2, 5]
    assert {(row["cluster"], row["source"], row["status"], row["period_seconds"]) for row in told} == {
        ("pool", "gpu-state", "complete", 300.0)
    }
    assert all(
        row["told_tables"] == ["gpu_states"] and row["since"] is None and row["until"] is None
        for row in told
        if "since" in row
    )


def test_no_zone_and_no_cluster_are_said() -> None:
    read = found([slot()], zone=None, cluster=None)
    assert {row["cluster"] for row in read.states} == {"htcondor"}
    assert read.remarks == [
        "No zone was given: times without an offset were read as UTC (--zone NAME, e.g. America/Chicago).",
        "No cluster is named in the file or given: its GPUs are kept under 'htcondor' (--cluster NAME).",
    ]


def test_sqlite_of_the_same_rows_tells_the_same(tmp_path: Path) -> None:
    rows = [JOB, slot(), slot(gpu="MIG-06fa985b-1d2e-5f2a-9c1e-0123456789ab", GPUs_GlobalMemoryMb=None), slot(gpu=None)]
    of_sqlite, of_parquet = (
        found(sqlite(tmp_path / "a.db", rows)),
        found(parquet(rows, without("PreventJobsReason", "Disk"))),
    )
    assert (of_sqlite.states, of_sqlite.snapshots) == (of_parquet.states, of_parquet.snapshots)
    assert of_sqlite.reasons == of_parquet.reasons


@pytest.mark.parametrize("kind", ["parquet", "sqlite"])
def test_a_file_cut_anywhere_is_one_clear_error_or_tells_nothing_wrong(kind: str, tmp_path: Path) -> None:
    rows = [
        slot(f"slot{n}@lab0.edu", f"GPU-{n:08x}", timestamp=f"2026-07-01 {n // 60:02}:{n % 60:02}:00")
        for n in range(600)
    ]
    content = parquet(rows) if kind == "parquet" else sqlite(tmp_path / "a.db", rows)
    whole = {(row["time"], row["gpu"]): row for row in found(content).states}
    for size in range(20, len(content), len(content) // 40):
        states, error = _attempted(content[:size])
        assert all(whole[row["time"], row["gpu"]] == row for row in states)
        assert not error or any(words in error for words in ("damaged or cut off", "lacks", "no table"))


def _attempted(content: bytes) -> tuple[list[Row], str]:
    try:
        return found(content).states, ""
    except SourceError as error:
        return [], str(error)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"Name,State\nslot1,Claimed\n", b"SQLite format 3\0"])
def test_what_is_neither_is_one_clear_error(content: bytes) -> None:
    with pytest.raises(SourceError):
        list(GpuState().parse(io.BytesIO(content), Context("file:0123")))


def test_claims_are_by_what_the_file_holds(tmp_path: Path) -> None:
    source, month, db = GpuState(), parquet([slot()]), sqlite(tmp_path / "a.db", [slot()])
    assert source.claims(month, "june.parquet") == "gpu_state in Parquet"
    assert source.claims(b"PAR1" + b"\0" * 100, "/data/gpu_state_2026-07.parquet") == "gpu_state in Parquet"
    assert source.claims(db, "a.db") == "gpu_state in SQLite"
    assert source.claims(b"PAR1" + b"\0" * 100, "jobs.parquet") is None
    assert source.claims(b"SQLite format 3\0" + b"\0" * 100, "gpu_state.db") is None


@pytest.mark.parametrize("rows_a_window", [1, 7, 50, 10_000])
def test_however_it_is_cut_each_moment_is_folded_whole(rows_a_window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        slot(f"slot1_{n}@lab{n % 3}.edu", f"GPU-{n % 8:08x}", Machine=f"lab{n % 3}.edu", timestamp=f"2026-07-0{1 + n // 60} {n // 5 % 12:02}:00:00")
        for n in range(240)
    ]  # fmt: skip
    whole = found(parquet(rows, group_rows=240))
    monkeypatch.setattr("gpuledger.sources.gpu_state.windows.ROWS", rows_a_window)
    for order in (rows, rows[::-1], rows[::2] + rows[1::2]):
        told = found(parquet(order, group_rows=11))
        assert (told.states, told.snapshots, told.input_rows) == (whole.states, whole.snapshots, 240)
        moments = [set(batch.rows["time"].to_pylist()) for batch in told.batches if batch.table.name == "gpu_states"]
        assert sum(map(len, moments)) == len(set().union(*moments)) == len(whole.snapshots)


def test_sqlite_cells_of_any_type_and_bytes_that_are_no_text_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    sqlite(path, [JOB, JOB | {"AssignedGPUs": "GPU-00000001"}, slot(gpu="GPU-00000002")])
    with sqlite3.connect(path) as connection:
        connection.execute(
            "UPDATE gpu_state SET GPUs_GlobalMemoryMb = 143771, RemoteOwner = CAST(x'62ff' AS TEXT) WHERE rowid = 1"
        )
        connection.execute("UPDATE gpu_state SET GPUs_GlobalMemoryMb = 143771.0, RemoteOwner = 7 WHERE rowid = 2")
    connection.close()
    states = found(path.read_bytes()).states
    assert [row["primary_user"] for row in states] == ["7", None, "b\\xff"]
    assert {row["gpu_memory_bytes"] for row in states} == {143771 * 2.0**20}
