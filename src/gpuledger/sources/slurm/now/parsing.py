"""A poll to rows: attempts that run, jobs that wait, GPUs by their number, machines, limits; the snapshot last."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.model.batch import Batch, Parsed
from gpuledger.model.devices import gpu_model
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.tables import (
    ATTEMPT_GPUS,
    GPU_STATES,
    HOST_STATES,
    JOB_ATTEMPTS,
    LIMITS,
    PENDING,
    SNAPSHOTS,
    Table,
)
from gpuledger.sources.slurm.hostlist import hosts
from gpuledger.sources.slurm.now import limits
from gpuledger.sources.slurm.now.gres import gpus
from gpuledger.sources.slurm.now.nodes import Node, node
from gpuledger.sources.slurm.now.poll import Part, Poll, Record, read
from gpuledger.sources.slurm.now.queue import identity, of_job
from gpuledger.sources.slurm.now.states import Holder, gpu_rows, holders_of, host_row
from gpuledger.sources.slurm.records import Setting, attempts
from gpuledger.sources.slurm.sheet import Sheet
from gpuledger.sources.slurm.tally import NO_CLUSTER, Tally

SOURCE = "{} now"
"""Name of the polls of a source: at the same moment it also tells its accounting, a window with a snapshot of its own."""
TABLES: dict[Part, tuple[str, ...]] = {
    "queue": (PENDING.name,), "nodes": (GPU_STATES.name, HOST_STATES.name), "limits": (LIMITS.name,),
}  # fmt: skip
_WAITING = (
    "cluster", "job_id", "job_name", "user_name", "account", "queue", "qos", "submitted_at", "task_count",
    "requested_node_count", "requested_cpu_count", "requested_gpu_count", "requested_memory_bytes", "requested_gpu_model",
    "wait_reason",
)  # fmt: skip
_OF_ATTEMPT = ("cluster", "attempt_id", "started_at", "observed_at", "partition_month")
_ROW_CHARACTERS = 2000


def parse_poll(content: BinaryIO, setting: Setting, name: str) -> Parsed:
    """Rows first, the snapshot last: where it stands, all of them do. Raises SourceError for a damaged document."""
    told = _Told(read(content, name), setting)
    yield from (Remark(f"Not told by {part}: {error}") for part, error in told.poll.errors.items())
    yield from told.queue()
    yield from told.machines()
    yield from told.limits()
    yield Batch(SNAPSHOTS, pa.Table.from_pylist([told.snapshot()]), pa.array([0]))


@dataclass
class _Told:
    """One poll on its way to rows."""

    poll: Poll
    setting: Setting
    placed: list[tuple[Holder, str, int]] = field(default_factory=list)
    rows: int = 0

    @property
    def cluster(self) -> str:
        return self.poll.cluster or self.setting.cluster or NO_CLUSTER

    def queue(self) -> Parsed:
        """The jobs, each as an attempt that runs or a wait."""
        found: list[dict[str, str]] = []
        for number, job in enumerate(self.poll.jobs, 1):
            try:
                found.append({**of_job(job, number), "Cluster": self.cluster})
            except (TypeError, ValueError, AttributeError, KeyError, OverflowError):
                yield Problem(number, "the record does not have the shape of a Slurm job", _text(job))
        if found:
            yield from self._attempts(found)

    def _attempts(self, found: list[dict[str, str]]) -> Parsed:
        names = dict.fromkeys(name for row in found for name in row if name != "line")
        columns = {name: pa.array([row.get(name, "") for row in found], pa.string()) for name in names}
        sheet = Sheet(columns, np.array([int(row["line"]) for row in found], np.int64))
        jobs = self.poll.jobs
        for item in attempts(sheet, self.setting, Tally(), lambda line: _text(jobs[line - 1])):
            if isinstance(item, Batch) and item.table is JOB_ATTEMPTS:
                yield from self._split(item.rows)
            elif isinstance(item, Problem):
                yield item

    def _split(self, rows: pa.Table) -> Iterator[Batch]:
        """Those that run with their GPUs, those that wait with how long they were seen."""
        is_waiting = pc.equal(rows["state"], "pending")
        running = rows.filter(pc.invert(is_waiting))
        if len(running):
            yield Batch(JOB_ATTEMPTS, running)
            yield from self._gpus(running)
        if len(rows) - len(running):
            waiting = rows.filter(is_waiting)
            told = [self._wait(row) for row in waiting.select([*_WAITING, "attempt_id"]).to_pylist()]
            yield Batch(PENDING, pa.Table.from_pylist(told))

    def _wait(self, row: dict[str, Any]) -> dict[str, Any]:
        """A row of pending."""
        attempt = row.pop("attempt_id")
        seen = self.poll.seen.get(attempt)
        first, last = (seen.first, seen.last) if seen else (self.poll.time, self.poll.time)
        return {
            **row, "pending_id": f"{attempt}@{int(first.timestamp())}", "first_seen_at": first, "last_seen_at": last,
        }  # fmt: skip

    def _gpus(self, running: pa.Table) -> Iterator[Batch]:
        """Which GPUs of which machines the attempts hold, where Slurm tells their numbers."""
        by_id = {identity(job): job for job in self.poll.jobs}
        rows = []
        for row in running.select([*_OF_ATTEMPT, "job_id", "user_name", "account", "gpu_model"]).to_pylist():
            holder = Holder(row["job_id"], row["user_name"], row["account"])
            for host, kind, index in _places(by_id.get(row["attempt_id"], {})):
                self.placed.append((holder, host, index))
                model = gpu_model(kind) if kind else gpu_model(row["gpu_model"]) if row["gpu_model"] else None
                rows.append({
                    **{name: row[name] for name in _OF_ATTEMPT}, "host": host, "gpu": f"index:{index}", "gpu_index": index,
                    "gpu_model": model and model.name, "gpu_memory_bytes": model and model.memory_bytes, "share_ratio": 1.0,
                })  # fmt: skip
        if rows:
            yield Batch(ATTEMPT_GPUS, pa.Table.from_pylist(rows), pa.array([0] * len(rows)))

    def machines(self) -> Parsed:
        """Each machine and each of its GPUs; one moment is told whole."""
        nodes: list[Node] = []
        for number, told in enumerate(self.poll.nodes, len(self.poll.jobs) + 1):
            try:
                nodes.append(node(told))
            except (TypeError, ValueError, AttributeError):
                yield Problem(number, "the record does not have the shape of a Slurm machine", _text(told))
        yield from self._batch(HOST_STATES, (host_row(each) for each in nodes), 1)
        holders = holders_of(self.placed)
        yield from self._batch(GPU_STATES, (row for each in nodes for row in gpu_rows(each, holders)), 0)

    def _batch(self, table: Table, rows: Iterable[dict[str, Any]], weight: int) -> Iterator[Batch]:
        key = {"cluster": self.cluster, "source": self._source, "time": self.poll.time}
        told = [{**key, **row} for row in rows]
        self.rows += len(told)
        if told:
            yield Batch(table, pa.Table.from_pylist(told), pa.array([weight] * len(told)))

    def limits(self) -> Parsed:
        """The limits that hold; a line of sacctmgr is an input row."""
        count = 0
        for number, (kind, line) in enumerate(limits.lines(self.poll), len(self.poll.jobs) + len(self.poll.nodes) + 1):
            if limits.bounds(kind, line) is None:
                yield Problem(number, "the line does not have the shape of a limit", line[:_ROW_CHARACTERS])
            else:
                count += 1
        rows = [*limits.rows(self.poll, self.cluster)]
        if rows and "limits" in self.poll.told:
            yield Batch(LIMITS, pa.Table.from_pylist(rows), pa.array([count, *[0] * (len(rows) - 1)]))

    def snapshot(self) -> dict[str, Any]:
        """What was told, and what was not."""
        told = [name for part in self.poll.told for name in TABLES[part]]
        missing = [name for part in self.poll.errors for name in TABLES[part]]
        return {
            "cluster": self.cluster, "source": self._source, "time": self.poll.time,
            "status": "failed" if not told else "partial" if missing else "complete",
            "row_count": self.rows, "period_seconds": self.poll.period_seconds,
            "error": "; ".join(f"{part}: {error}" for part, error in self.poll.errors.items())[:2000] or None,
            "told_tables": told or missing,
        }  # fmt: skip

    @property
    def _source(self) -> str:
        return SOURCE.format(self.setting.reported_by)


def _places(job: Record) -> Iterator[tuple[str, str, int]]:
    """(machine, kind, number) of each GPU a job holds. JSON tells a list in the order of its machines, text names them."""
    details = job.get("gres_detail") or []
    if "job_state" in job:
        names = hosts(str(job.get("nodes") or ""))
        details = list(zip(names, details, strict=False)) if len(names) == len(details) else []
    for where, told in details:
        for host in hosts(str(where)):
            for one in gpus(str(told)):
                yield from ((host, one.kind, index) for index in one.indices or ())


def _text(record: Any) -> str:
    return (record if isinstance(record, str) else json.dumps(record, ensure_ascii=False))[:_ROW_CHARACTERS]
