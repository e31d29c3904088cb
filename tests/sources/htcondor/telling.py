"""What the source says of some bytes, sorted by table; and small pools as text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pyarrow.compute as pc

from gpuledger.model.batch import Batch, Parsed
from gpuledger.model.errors import BrokenOff
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.schema import conform
from gpuledger.sources import Context
from gpuledger.sources.htcondor import HTCondor
from gpuledger.sources.htcondor.document import Poll, Schedd, written
from gpuledger.sources.htcondor.waiting import Seen

Row = dict[str, Any]
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
SECOND = int(NOW.timestamp())


@dataclass
class Told:
    """Rows by table, problems, remarks, and how many ads were accounted for."""

    gpu_states: list[Row] = field(default_factory=list)
    pending: list[Row] = field(default_factory=list)
    snapshots: list[Row] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    ads: int = 0
    broken: str | None = None
    """What was said of an end in the middle."""

    @property
    def state(self) -> Row:
        """The only one."""
        (state,) = self.gpu_states
        return state

    @property
    def snapshot(self) -> Row:
        """The only one."""
        (snapshot,) = self.snapshots
        return snapshot

    def by_gpu(self, *columns: str) -> dict[str, tuple[Any, ...]]:
        return {row["gpu"]: tuple(row[name] for name in columns) for row in self.gpu_states}


def told(content: bytes | str, source: HTCondor | None = None, name: str = "chtc", **context: Any) -> Told:
    """Everything the source says; every batch must fit its table."""
    raw = content.encode() if isinstance(content, str) else content
    found = Told()
    try:
        _sort(found, (source or HTCondor()).parse(BytesIO(raw), Context(name, **context)))
    except BrokenOff as error:
        found.broken = str(error)
    return found


def _sort(found: Told, items: Parsed) -> None:
    for item in items:
        match item:
            case Batch():
                getattr(found, item.table.name).extend(conform(item.rows, item.table).to_pylist())
                found.ads += len(item.rows) if item.input_rows is None else pc.sum(item.input_rows).as_py()
            case Problem():
                found.problems.append(item)
                found.ads += item.input_rows
            case Remark():
                found.remarks.append(item.sentence)


def slot(name: str = "slot1@lab0.edu", gpus: str = "GPU-06fa985b", state: str = "Unclaimed", **more: Any) -> Row:
    """One slot as a poll keeps it: open capacity, nothing running."""
    plain = {
        "Name": name, "Machine": "lab0.edu", "State": state, "AssignedGPUs": gpus, "AvailableGPUs": gpus.split(","),
        "GPUs": 1, "GPUs_DeviceName": "NVIDIA H200", "GPUs_GlobalMemoryMb": 143771, "PrioritizedProjects": "",
    }  # fmt: skip
    return {name: value for name, value in (plain | more).items() if value is not None}


def job(number: int = 7, **more: Any) -> Row:
    """One idle job as a poll keeps it."""
    plain = {
        "GlobalJobId": f"ap1#{number}.0#1763626800", "User": "ann@lab", "Owner": "ann", "Cmd": "/bin/sleep", "JobStatus": 1,
        "RequestGPUs": 2, "RequestCpus": 4, "RequestMemory": 1024, "QDate": SECOND - 600, "ProjectName": "ProjA",
    }  # fmt: skip
    return {name: value for name, value in (plain | more).items() if value is not None}


def polled(*slots: Row, schedds: tuple[Schedd, ...] = (), seen: Mapping[str, Seen] | None = None) -> bytes:
    """The document of a poll at NOW."""
    ids = {str(one["GlobalJobId"]) for schedd in schedds for one in schedd.jobs if "GlobalJobId" in one}
    waiting = {one: Seen(NOW, NOW) for one in ids} | dict(seen or {})
    return b"".join(written(Poll(NOW, 300, "a test", list(slots), list(schedds), waiting)))


def long(*ads: Mapping[str, Any]) -> str:
    """Ads as `condor_status -long` prints them; text that begins with `=` stands as it is."""
    return "\n".join("".join(f"{name} = {_literal(value)}\n" for name, value in ad.items()) for ad in ads)


def _literal(value: Any) -> str:
    if isinstance(value, str):
        quoted = value.replace('"', '\\"')
        return value[1:] if value.startswith("=") else f'"{quoted}"'
    if isinstance(value, list):
        return "{ " + ",".join(value) + " }"
    return str(value).lower() if isinstance(value, bool) else str(value)
