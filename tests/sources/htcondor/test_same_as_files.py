"""A moment told by ads and by a month file of the earlier collector is the same rows of gpu_states."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gpuledger.model.batch import Batch
from gpuledger.model.schema import conform
from gpuledger.model.tables import GPU_STATES
from gpuledger.plugins import load
from gpuledger.sources import Context
from tests.sources.htcondor.telling import NOW, Row, polled, slot, told

LIST = "GPU-aaaaaaaa,GPU-bbbbbbbb,MIG-0caf1ce3-fcd4-59da-8564-764000e3ace9"
UNKNOWN_TO_FILES = ("primary_account",)
COLUMNS = (
    "Name", "AssignedGPUs", "AvailableGPUs", "State", "GPUs_DeviceName", "GPUs_GlobalMemoryMb", "PrioritizedProjects",
    "Machine", "RemoteOwner", "GlobalJobId", "PreventJobsReason", "timestamp",
)  # fmt: skip


def running(user: str, number: int) -> Row:
    return {"RemoteOwner": f"{user}@lab", "GlobalJobId": f"ap1#{number}.0#1"}


POOL = [
    slot(gpus=LIST, state="Drained", PrioritizedProjects="ProjA,ProjB"),
    slot("slot1_1@lab0.edu", "GPU-aaaaaaaa", "Claimed", PrioritizedProjects="ProjA,ProjB", **running("ann", 1)),
    slot("backfill2@lab0.edu", LIST, AvailableGPUs=["GPUs_GPU_bbbbbbbb"]),
    slot("backfill2_1@lab0.edu", LIST.split(",")[2], "Claimed", **running("bob", 2)),
    slot("slot1@lab1.edu", "GPU-aaaaaaaa", "Owner", Machine="lab1.edu", PreventJobsReason="INF-1 <b>"),
    slot("interactive1@lab2.edu", "GPU-cccccccc", Machine="lab2.edu", PrioritizedProjects=None),
    slot("interactive1@lab3.edu", "GPU-dddddddd", "Owner", Machine="lab3.edu"),
    slot("slot1@lab3.edu", "GPU-dddddddd", Machine="lab3.edu"),
    slot("slot1_1@lab4.edu", "GPU-eeeeeeee", "Claimed", Machine="lab4.edu", **running("ann", 3)),
    slot("slot1_2@lab4.edu", "GPU-eeeeeeee", "Claimed", Machine="lab4.edu", **running("eve", 4)),
    slot("backfill2@lab5.edu", "GPU-ffffffff", Machine="lab5.edu"),
    slot("slot1@lab5.edu", "GPU-11111111", Machine="lab5.edu", PrioritizedProjects="ProjC"),
    slot("slot1@lab6.edu", "GPU-22222222", "Preempting", Machine="lab6.edu", GPUs_DeviceName="NVIDIA A100-SXM4-80GB"),
]


def exploded(slots: list[Row]) -> Iterator[Row]:
    """What the earlier collector wrote of them: a row for each GPU, the backfill slots' as they offer them."""
    for ad in slots:
        available = ",".join(one.removeprefix("GPUs_").replace("_", "-") for one in ad["AvailableGPUs"])
        told = available if "backfill" in ad["Name"] else ad["AssignedGPUs"]
        for gpu in told.split(","):
            yield {**ad, "AssignedGPUs": gpu, "AvailableGPUs": available, "timestamp": NOW.replace(tzinfo=None)}


def month_file(rows: list[Row]) -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.table({name: [row.get(name) for row in rows] for name in COLUMNS}), written)
    return written.getvalue()


def of_file(content: bytes, path: Path) -> list[dict[str, Any]]:
    path.write_bytes(content)
    with path.open("rb") as raw:
        told = load("sources", "gpu-state")().parse(raw, Context("file:0123456789ab", "UTC", "chtc", path.name))
        return [
            row for item in told if isinstance(item, Batch) and item.table is GPU_STATES
            for row in conform(item.rows, GPU_STATES).to_pylist()
        ]  # fmt: skip


def comparable(rows: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    apart = {"source", *UNKNOWN_TO_FILES}
    return {(row["host"], row["gpu"]): {name: row[name] for name in row if name not in apart} for row in rows}


def test_ads_and_month_files_of_one_moment_are_the_same_rows(tmp_path: Path) -> None:
    live = told(polled(*POOL), cluster="chtc").gpu_states
    files = of_file(month_file(list(exploded(POOL))), tmp_path / "gpu_state_2026-11.parquet")
    assert len(live) == 10
    assert comparable(live) == comparable(files)


@pytest.mark.parametrize("order", [slice(None, None, -1), slice(None)])
def test_the_order_of_ads_does_not_matter(order: slice) -> None:
    assert told(polled(*POOL[order])).gpu_states == told(polled(*POOL)).gpu_states


def test_a_moment_of_a_large_pool_is_the_same_both_ways(shared_data: Path, tmp_path: Path) -> None:
    """281 GPUs of the made pool: the file's rows put together to slots again, told as ads."""
    content = pq.read_table(shared_data / "pool_small" / "gpu_state_2026-08.parquet")
    moments = content["timestamp"].unique().to_pylist()
    for moment in (moments[0], moments[len(moments) // 2], moments[-1]):
        rows = [row for row in content.to_pylist() if row["timestamp"] == moment]
        files = of_file(month_file(rows), tmp_path / "gpu_state_2026-08.parquet")
        live = told(polled(*_slots(rows)), cluster="chtc").gpu_states
        time = {row["time"] for row in files}
        assert {**comparable([row | {"time": None} for row in live])} == comparable(
            [row | {"time": None} for row in files]
        )
        assert (len(time), len(files) > 200) == (1, True)


def _slots(rows: list[Row]) -> Iterator[Row]:
    """Slots of exploded rows: a slot's GPUs in one list again."""
    slots: dict[str, Row] = {}
    for row in rows:
        known = {name: value for name, value in row.items() if value is not None and name != "timestamp"}
        one = slots.setdefault(row["Name"], {**known, "AssignedGPUs": "", "AvailableGPUs": []})
        one["AssignedGPUs"] = f"{one['AssignedGPUs']},{row['AssignedGPUs']}".strip(",")
        one["AvailableGPUs"] = one["AvailableGPUs"] + [f"GPUs_{row['AssignedGPUs'].replace('-', '_')}"]
    yield from slots.values()
