"""Small pools written as the earlier collector wrote them, and what the source says of them."""

import io
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gpuledger.model.batch import Batch
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.schema import conform
from gpuledger.sources import Context
from gpuledger.sources.gpu_state import GpuState

Row = dict[str, Any]
TYPES = {
    "Name": pa.string(), "AssignedGPUs": pa.string(), "AvailableGPUs": pa.string(), "State": pa.string(),
    "GPUs_DeviceName": pa.string(), "GPUs_GlobalMemoryMb": pa.int64(), "PrioritizedProjects": pa.string(),
    "GPUsAverageUsage": pa.float64(), "Machine": pa.string(), "RemoteOwner": pa.string(), "GlobalJobId": pa.string(),
    "PreventJobsReason": pa.string(), "Disk": pa.int64(), "timestamp": pa.timestamp("us"),
}  # fmt: skip
MOMENT = "2026-07-01 00:00:20"


@dataclass(frozen=True)
class Found:
    """What a parse yielded, sorted by kind."""

    states: list[Row]
    snapshots: list[Row]
    problems: list[Problem]
    remarks: list[str]
    input_rows: int
    batches: tuple[Batch, ...] = ()

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(problem.line, problem.reason) for problem in self.problems]

    @property
    def state(self) -> Row:
        """The only one."""
        (state,) = self.states
        return state


def slot(
    name: str = "slot1@lab0.edu", gpu: str | None = "GPU-06fa985b", state: str | None = "Unclaimed", **more: Any
) -> Row:
    """One row of gpu_state: an idle GPU of open capacity unless told otherwise."""
    plain = {
        "Name": name, "AssignedGPUs": gpu, "AvailableGPUs": gpu, "State": state, "GPUs_DeviceName": "NVIDIA H200",
        "GPUs_GlobalMemoryMb": 143771, "PrioritizedProjects": "", "Machine": "lab0.edu", "timestamp": MOMENT,
    }  # fmt: skip
    return plain | more


def parquet(
    rows: Sequence[Row], columns: Sequence[str] = tuple(TYPES), group_rows: int = 100, **types: pa.DataType
) -> bytes:
    """The rows as one Parquet file with these columns, in this order; `types` other than the collector's."""
    kinds = {**TYPES, **types}
    given = {name: pa.array([row.get(name) for row in rows]) for name in columns}
    table = pa.table({name: _cast(column, kinds.get(name, column.type)) for name, column in given.items()})
    written = io.BytesIO()
    pq.write_table(table, written, compression="zstd", row_group_size=group_rows)
    return written.getvalue()


def _cast(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return pa.nulls(len(column)) if pa.types.is_null(kind) else column.cast(kind, safe=False)


def sqlite(path: Path, rows: Sequence[Row], columns: Sequence[str] = tuple(TYPES)[:11] + ("timestamp",)) -> bytes:
    """The rows as pandas wrote them into SQLite: memory as text, stamps as text."""
    names = ", ".join(f'"{name}" TEXT' for name in columns)
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE gpu_state ({names})")
        cells = [[None if row.get(name) is None else str(row[name]) for name in columns] for row in rows]
        connection.executemany(f"INSERT INTO gpu_state VALUES ({','.join('?' * len(columns))})", cells)
        connection.execute("CREATE INDEX idx_timestamp ON gpu_state(timestamp)")
    connection.close()
    return path.read_bytes()


def found(content: bytes | Sequence[Row], zone: str | None = "UTC", cluster: str | None = "pool", **keys: Any) -> Found:
    """Parses a file, or rows as a Parquet file."""
    raw = io.BytesIO(content if isinstance(content, bytes) else parquet(content))
    items = list(GpuState(**keys).parse(raw, Context("file:0123", zone, cluster, "gpu_state_2026-07.parquet")))
    batches = tuple(item for item in items if isinstance(item, Batch))
    tables: dict[str, list[Row]] = {"gpu_states": [], "snapshots": []}
    for batch in batches:
        known = set(batch.rows.column_names)
        rows = conform(batch.rows, batch.table).to_pylist()
        tables[batch.table.name] += [{name: value for name, value in row.items() if name in known} for row in rows]
    counted = sum(int(batch.input_rows.to_numpy().sum()) for batch in batches if batch.input_rows is not None)
    return Found(
        tables["gpu_states"], tables["snapshots"], [item for item in items if isinstance(item, Problem)],
        [item.sentence for item in items if isinstance(item, Remark)], counted, batches,
    )  # fmt: skip
