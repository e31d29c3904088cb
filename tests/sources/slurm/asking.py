"""Who stands for a living Slurm: programs that say what files hold, slurmrestd's answers; and what a poll of them tells."""

import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

from gpuledger.model.batch import Batch
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.schema import conform
from gpuledger.sources import Context
from gpuledger.sources.slurm import Slurm

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NODES = (
    "NodeName=g1 CPUAlloc=6 CPUTot=32 Gres=gpu:a100:4 GresUsed=gpu:a100:2(IDX:0,2) RealMemory=1024 AllocMem=512 State=MIXED"
    " Partitions=gpu OS=Linux 6.1 #1 SMP CfgTRES=cpu=32 AllocTRES=cpu=6,gres/gpu=2\n"
    "NodeName=g2 CPUAlloc=0 CPUTot=32 Gres=gpu:a100:1,gpu:h200:2(S:0) GresUsed=gpu:a100:0(IDX:N/A) RealMemory=1024 AllocMem=0"
    " State=IDLE+DRAIN CfgTRES=cpu=32 AllocTRES= Reason=State=MIXED fan [root@1795146141]\n"
    "NodeName=c1 CPUAlloc=1 CPUTot=8 Gres=(null) GresUsed=gpu:0 RealMemory=64 AllocMem=1 State=DOWN* AllocTRES=cpu=1\n"
)
JOBS: list[dict[str, Any]] = [
    {
        "job_id": 7, "job_state": ["RUNNING"], "user_name": "ann", "account": "physics", "qos": "physics", "partition": "gpu",
        "cluster": "lab", "submit_time": 1795140000, "start_time": 1795140060, "nodes": "g1", "gres_detail": ["gpu:a100:2(IDX:0,2)"],
        "tres_alloc_str": "cpu=6,mem=1G,node=1,gres/gpu=2,gres/gpu:a100=2", "name": "x", "environment": "SECRET=1",
    },
    {
        "job_id": 8, "job_state": "PENDING", "user_name": "<b>bob", "account": "bio", "qos": "bio", "partition": "gpu",
        "cluster": "lab", "submit_time": 1795140001, "start_time": 1795150000, "state_reason": "Priority", "cpus": 4,
        "tres_req_str": "cpu=4,mem=2G,node=1,gres/gpu=1", "array_job_id": 8, "array_task_string": "1-5%2", "name": "y",
    },
    {"job_id": 9, "job_state": ["COMPLETED", "COMPLETING"], "cluster": "lab", "submit_time": 1795140002},
]  # fmt: skip
QOS = "physics|cpu=64,gres/gpu=8,mem=400G||gres/gpu=2|4|cpu=48|\nnormal||12||||\n"
ASSOC = """root||||||lab
bio||gres/gpu=4||10||lab
bio|cho|gres/gpu=1|5|3||lab
bio|dev|||10||lab
bio|cho|gres/gpu=7|||gpu|lab
bio||cpu=9||||other
"""


class Commands:
    """Programs that stand where Slurm's would, saying what files hold; one whose file is gone fails."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.say("squeue", json.dumps({"jobs": JOBS}))
        self.say("nodes", NODES)
        self.say("qos", QOS)
        self.say("assoc", ASSOC)
        self._program("sacct", '[ "$1" = -e ] && echo JobIDRaw State')
        self._program("squeue", f"cat {folder}/squeue.said")
        self._program(
            "scontrol", f'case "$*" in *config*) echo "ClusterName = lab";; *) cat {folder}/nodes.said;; esac'
        )
        self._program("sacctmgr", f"cat {folder}/$4.said")

    def say(self, name: str, text: str) -> None:
        (self.folder / f"{name}.said").write_text(text)

    def silence(self, name: str) -> None:
        (self.folder / f"{name}.said").unlink()

    def _program(self, name: str, script: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    @property
    def source(self) -> Slurm:
        return Slurm(command=str(self.folder / "sacct"), period_seconds=300)


class Told:
    """One poll read: rows by table, remarks, problems; and the document, for the next poll."""

    def __init__(self, source: Slurm, now: datetime = NOW, last: "Told | None" = None) -> None:
        self.fetched = next(iter(source.fetch_after(last.again if last else None, now, now)))
        assert self.fetched.name.startswith(source.carrying)
        self.content = self.fetched.content.read()
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.remarks: list[str] = []
        self.problems: list[Problem] = []
        for item in source.parse(self.again, Context("live")):
            self._take(item)

    def _take(self, item: Any) -> None:
        match item:
            case Batch():
                self.rows.setdefault(item.table.name, []).extend(conform(item.rows, item.table).to_pylist())
            case Remark():
                self.remarks.append(item.sentence)
            case Problem():
                self.problems.append(item)

    @property
    def again(self) -> Any:
        return BytesIO(self.content)

    @property
    def snapshot(self) -> dict[str, Any]:
        [row] = self.rows["snapshots"]
        return row


class Slurmrestd:
    """slurmrestd's answers from files, for who shows the token."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers, self.asked = answers, []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler) -> None:  # noqa: N805 - `self` is the server's
                self.asked.append(handler.path)
                name = handler.path.rpartition("/")[2]
                is_known = handler.headers.get("X-SLURM-USER-TOKEN") == "abc" and name in self.answers
                body = json.dumps(self.answers.get(name)).encode() if is_known else b"{}"
                handler.send_response(200 if is_known else 401)
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

            def log_message(handler, *_: Any) -> None:  # noqa: N805
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.asked: list[str]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def place(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


LIMITS_JSON = {
    "qos": {"qos": [{"name": "physics", "limits": {"max": {
        "tres": {
            "total": [{"type": "cpu", "name": "", "count": 64}, {"type": "gres", "name": "gpu", "count": 8}, {"type": "mem", "name": "", "count": 409600}],
            "per": {"user": [{"type": "gres", "name": "gpu", "count": 2}], "account": [{"type": "cpu", "name": "", "count": 48}], "job": [], "node": []},
        },
        "active_jobs": {"count": {"set": False, "infinite": True, "number": 0}},
        "jobs": {"active_jobs": {"per": {"user": {"set": True, "infinite": False, "number": 4}, "account": {"set": False, "infinite": True, "number": 0}}}},
    }}}, {"name": "normal", "limits": {"max": {"tres": {"total": []}, "active_jobs": {"count": 12}}}}]},
    "associations": {"associations": [
        {"account": "bio", "user": "", "cluster": "hpc", "partition": None, "max": {
            "tres": {"total": [{"type": "gres", "name": "gpu", "count": 4}]}, "jobs": {"active": {"set": True, "infinite": False, "number": 10}}}},
        {"account": "bio", "user": "cho", "cluster": "hpc", "max": {
            "tres": {"total": [{"type": "gres", "name": "gpu", "count": 1}]}, "jobs": {"active": 3, "per": {"count": 5}}}},
        {"account": "bio", "user": "dev", "cluster": "hpc", "max": {"jobs": {"active": 10}}},
        {"account": "bio", "user": "cho", "cluster": "hpc", "partition": "gpu", "max": {"tres": {"total": [{"type": "gres", "name": "gpu", "count": 7}]}}},
        {"account": "bio", "user": "", "cluster": "other", "max": {"tres": {"total": [{"type": "cpu", "name": "", "count": 9}]}}},
    ]},
}  # fmt: skip
"""QOS and ASSOC as slurmrestd writes them."""


def limits(told: Told) -> dict[tuple[str, str, str], float | None]:
    """Limits of a poll by scope, name and resource."""
    return {(row["scope"], row["name"], row["resource"]): row["limit_count"] for row in told.rows["limits"]}
