"""What the source says of small files, and a plain recount of the same files that shares no code with it."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gpuledger.model.batch import Batch
from gpuledger.model.problems import Problem, Remark
from gpuledger.sources import Context
from gpuledger.sources.thermal_csv import ThermalCsv

Row = dict[str, Any]
HEADER = "node,timestamp,gpu_id,temp,avg_temp,reason,date"
REASONS = {"Throttled": "throttled", "Thermally Failed": "thermally_failed"}


@dataclass(frozen=True)
class Found:
    events: list[Row]
    problems: list[Problem]
    remarks: list[str]

    @property
    def moments(self) -> list[str]:
        return [f"{row['time'].astimezone(UTC):%Y-%m-%d %H:%M:%S}" for row in self.events]

    @property
    def faults(self) -> list[tuple[int, str]]:
        return [(one.line, one.reason) for one in self.problems]


def found(content: bytes | str, zone: str | None = "UTC", cluster: str | None = "c", **keys: Any) -> Found:
    """Parses one file."""
    raw = io.BytesIO(content.encode() if isinstance(content, str) else content)
    items = list(ThermalCsv(**keys).parse(raw, Context("file:0123", zone, cluster, "events.csv")))
    return Found(
        [row for item in items if isinstance(item, Batch) for row in item.rows.to_pylist()],
        [item for item in items if isinstance(item, Problem)],
        [item.sentence for item in items if isinstance(item, Remark)],
    )


def of(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


@dataclass(frozen=True)
class Told:
    """One event of a file as plain Python reads it."""

    host: str
    gpu: str
    time: datetime
    kind: str
    heat: float | None
    mean: float | None


def recounted(file: Path) -> Iterator[Told | None]:
    """Each row of one of the made files: an event, or None where it must be refused."""
    with file.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            try:
                time = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC)
                time += timedelta(hours=12) if len(row["timestamp"]) == len("2025-02-03") else timedelta()
            except ValueError:
                yield None
                continue
            kind = REASONS.get(row["reason"])
            is_told = bool(kind and row["gpu_id"] and row["node"])
            yield (
                Told(row["node"], row["gpu_id"], time, str(kind), _heat(row["temp"]), _heat(row["avg_temp"]))
                if is_told
                else None
            )


def _heat(text: str) -> float | None:
    return None if text in ("", "N/A") else float(text)
