"""Small job_pressure and job_info databases, and what the source says of them."""

import io
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpuledger.model.batch import Batch
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.schema import conform
from gpuledger.sources import Context
from gpuledger.sources.job_pressure import JobPressure

Row = dict[str, Any]
ATTRIBUTES = ("GlobalJobId", "ScheddName", "Owner", "RequestGPUs", "RequestCPUs", "RequestMemory", "RequestGPUMemory", "QDate", "ChtcProjects")  # fmt: skip
INTERVALS = (*ATTRIBUTES, "first_seen", "last_seen")
POLLS = (*ATTRIBUTES, "timestamp")
COMMANDS = ("GlobalJobId", "Cmd", "Args", "Owner", "RequestGPUs", "QDate", "first_seen", "InitialWaitDuration")
JOB: Row = {
    "GlobalJobId": "ap2001#7.0#1751328000", "ScheddName": "ap2001", "Owner": "jin263", "RequestGPUs": 1.0, "RequestCPUs": 4.0,
    "RequestMemory": 32768.0, "RequestGPUMemory": 40000.0, "QDate": 1751328000, "ChtcProjects": "ISyE",
    "first_seen": 1751328300, "last_seen": 1751342100,
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    pending: list[Row]
    snapshots: list[Row]
    problems: list[Problem]
    remarks: list[str]
    input_rows: int

    @property
    def intervals(self) -> list[tuple[str, str, str]]:
        """(job, first, last) with the moments as day and time in UTC."""
        return [(row["job_id"], _short(row["first_seen_at"]), _short(row["last_seen_at"])) for row in self.pending]


def _short(moment: Any) -> str:
    return f"{moment:%d %H:%M}" if moment else "never"


def database(path: Path, tables: Mapping[str, tuple[Sequence[str], Sequence[Row]]]) -> bytes:
    """Tables by name: columns and rows. No column has a type: as loose as SQLite allows."""
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        for table, (columns, rows) in tables.items():
            connection.execute(f"CREATE TABLE {table} ({', '.join(columns)})")
            cells = [[row.get(name) for name in columns] for row in rows]
            connection.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(columns))})", cells)
    connection.close()
    return path.read_bytes()


def found(content: bytes, zone: str | None = "UTC", cluster: str | None = "pool", **keys: Any) -> Found:
    """Parses a database."""
    items = list(JobPressure(**keys).parse(io.BytesIO(content), Context("file:0123", zone, cluster, "job_pressure.db")))
    batches = [item for item in items if isinstance(item, Batch)]
    tables: dict[str, list[Row]] = {"pending": [], "snapshots": []}
    for batch in batches:
        known = set(batch.rows.column_names)
        rows = conform(batch.rows, batch.table).to_pylist()
        tables[batch.table.name] += [{name: value for name, value in row.items() if name in known} for row in rows]
    counted = sum(sum(batch.input_rows.to_pylist()) for batch in batches if batch.input_rows is not None)
    return Found(
        tables["pending"], tables["snapshots"], [item for item in items if isinstance(item, Problem)],
        [item.sentence for item in items if isinstance(item, Remark)], counted,
    )  # fmt: skip
