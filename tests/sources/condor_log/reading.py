"""A log read to its attempts, without a ledger."""

import csv
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa

from gpuledger.model.batch import Batch, Watermark
from gpuledger.model.clocks import LocalClock, how, local_clocks
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.schema import conform
from gpuledger.model.tables import CLOCKS, JOB_EVENTS
from gpuledger.sources import Context
from gpuledger.sources.condor_log import CondorLog

AP = "<10.0.0.1:9618?addrs=10.0.0.1-9618&alias=ap1.example.org&noUDP&sock=schedd_1>"
HOST = "<10.1.1.1:9618?addrs=10.1.1.1-9618&alias=exp-1-1.expanse.sdsc.edu&noUDP>"


@dataclass
class Reading:
    """Everything a log tells."""

    attempts: list[dict[str, Any]] = field(default_factory=list)
    gpus: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    tellings: list[dict[str, Any]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    watermarks: list[Watermark] = field(default_factory=list)
    event_count: int = 0

    @property
    def only(self) -> dict[str, Any]:
        assert len(self.attempts) == 1, self.attempts
        return self.attempts[0]


def read(
    content: bytes | str | Path, zone: str | None = "UTC", source: CondorLog | None = None, cluster: str | None = None
) -> Reading:
    source, reading = source or CondorLog(), Reading()
    raw = (
        content.open("rb")
        if isinstance(content, Path)
        else BytesIO(content.encode() if isinstance(content, str) else content)
    )
    tables: list[pa.Table] = []
    clocks: Mapping[str, LocalClock] = {}
    with raw:
        for item in source.parse(raw, Context("file:0", zone=zone, cluster=cluster, input_name="metl.log")):
            match item:
                case Batch() if item.table is CLOCKS:
                    clocks = local_clocks(conform(item.rows, CLOCKS))
                case Batch():
                    assert item.table is JOB_EVENTS
                    assert item.input_rows is not None
                    reading.event_count += sum(item.input_rows.to_pylist())
                    reading.tellings += item.rows.to_pylist()
                    tables.append(item.rows)
                case Problem():
                    reading.problems.append(item)
                case Remark():
                    reading.remarks.append(item.sentence)
                case Watermark():
                    reading.watermarks.append(item)
                    reading.remarks += [said(item, clocks)] * item.is_local
    derive(reading, source, tables, clocks)
    return reading


def said(mark: Watermark, clocks: Mapping[str, LocalClock]) -> str:
    """How the log's local stamps were read."""
    clock = clocks.get(mark.cluster, LocalClock())
    return how(clock, "metl.log", (mark.since or mark.until).timestamp(), mark.until.timestamp())


def derive(reading: Reading, source: CondorLog, tables: list[pa.Table], clocks: Mapping[str, LocalClock]) -> None:
    found = {"job_attempts": reading.attempts, "attempt_gpus": reading.gpus, "attempt_events": reading.events}
    for batch in source.derive(pa.concat_tables(tables), clocks) if tables else ():
        found[batch.table.name] += batch.rows.to_pylist()


def event(code: str, stamp: str, head: str, body: str = "", job: str = "100.000.000") -> str:
    return f"{code} ({job}) {stamp} {head}\n{body}...\n"


def submit(stamp: str, node: str = "A", job: str = "100.000.000") -> str:
    return event("000", stamp, f"Job submitted from host: {AP}", f"    DAG Node: {node}\n", job)


def execute(stamp: str, body: str = "", job: str = "100.000.000") -> str:
    return event("001", stamp, f"Job executing on host: {HOST}", body, job)


def terminate(stamp: str, code: int = 0, body: str = "", job: str = "100.000.000") -> str:
    return event("005", stamp, "Job terminated.", f"\t(1) Normal termination (return value {code})\n{body}", job)


def transfer(stamp: str, what: str, job: str = "100.000.000") -> str:
    body = f"\tTransferring to host: {HOST}\n" if what == "Started transferring input files" else ""
    return event("040", stamp, what, body, job)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def experiment(shared_data: Path, folder: Path, *arguments: str) -> list[dict[str, str]]:
    """Makes an experiment with known truth in `folder`; returns its attempts."""
    tool = shared_data.parent / "tools" / "make_dag_logs.py"
    subprocess.run([sys.executable, str(tool), "--out", str(folder), *arguments], check=True, capture_output=True)
    assert json.loads((folder / "truth.json").read_text())["attempts"]
    with (folder / "truth_attempts.csv").open(newline="") as rows:
        return list(csv.DictReader(rows))
