"""Slurm's own commands: squeue (JSON where this Slurm has it, else text), scontrol, sacctmgr."""

import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import IO, TYPE_CHECKING

import ijson

from gpuledger.model.errors import SourceError
from gpuledger.sources.slurm.live import run
from gpuledger.sources.slurm.now.limits import Association
from gpuledger.sources.slurm.now.poll import Part, Record
from gpuledger.sources.slurm.now.queue import is_told, kept

if TYPE_CHECKING:
    from gpuledger.sources.slurm import Slurm

SEPARATOR = "\x1f"
_COLUMNS = {
    "JobID": ("JobIDRaw", 20), "JobArrayID": ("JobID", 200), "HetJobID": ("HetID", 20), "HetJobOffset": ("HetOffset", 9),
    "UserName": ("User", 100), "UserID": ("UID", 20), "Account": ("Account", 200), "QOS": ("QOS", 200),
    "Partition": ("Partition", 200), "State": ("State", 20), "Reason": ("Reason", 300), "SubmitTime": ("Submit", 30),
    "EligibleTime": ("Eligible", 30), "StartTime": ("Start", 30), "TimeLimit": ("Timelimit", 30), "NumNodes": ("NNodes", 20),
    "NumCPUs": ("NCPUS", 20), "tres-alloc": ("TRES", 1000), "NodeList": ("NodeList", 4000), "PriorityLong": ("Priority", 24),
    "Name": ("JobName", 300),
}  # fmt: skip
"""What squeue is asked for in text, what sacct calls it, and how wide it may be."""
_GPUS_OF_JOB = re.compile(r"\bNodes=(\S+) CPU_IDs=\S* Mem=\d+ GRES=(\S*)")
_PROGRAMS = {"queue": "squeue", "nodes": "scontrol", "limits": "sacctmgr"}
_SHOW_QOS = ["-n", "-P", "show", "qos", "format=Name,GrpTRES,GrpJobs,MaxTRESPU,MaxJobsPU,MaxTRESPA,MaxJobsPA"]
_SHOW_ASSOCIATIONS = ["-n", "-P", "show", "assoc", "format=Account,User,GrpTRES,GrpJobs,MaxJobs,Partition,Cluster"]


class Commands:
    """Implements `ask.Way`."""

    asked = "commands"

    def __init__(self, source: "Slurm") -> None:
        self._timeout = source.timeout_seconds
        given: dict[Part, str | None] = {
            "queue": source.queue_command, "nodes": source.control_command, "limits": source.limits_command,
        }  # fmt: skip
        found = {
            part: beside(source.command, _PROGRAMS[part]) if told is None else told for part, told in given.items()
        }
        self._commands = {part: shlex.split(command) for part, command in found.items() if command}
        self._cluster = ""

    def parts(self) -> tuple[Part, ...]:
        return tuple(self._commands)

    def cluster(self) -> str:
        if not self._cluster and "nodes" in self._commands:
            found = re.search(r"^ClusterName\s*=\s*(\S+)", self._text("nodes", ["show", "config"]), re.MULTILINE)
            self._cluster = found[1] if found else ""
        return self._cluster

    def jobs(self) -> list[Record]:
        with tempfile.TemporaryFile() as output:
            try:
                run(self._commands["queue"], ["--json"], output, self._timeout)
                return list(_of_json(output))
            except (SourceError, ijson.JSONError):
                return self._jobs_of_text()

    def nodes(self) -> list[Record | str]:
        lines = self._text("nodes", ["-d", "-o", "show", "node"]).splitlines()
        return [line for line in lines if line.startswith("NodeName=")]

    def qos(self) -> list[str]:
        return self._text("limits", _SHOW_QOS).splitlines()

    def associations(self) -> list[Association]:
        cluster = self.cluster()
        rows = [line.split("|") for line in self._text("limits", _SHOW_ASSOCIATIONS).splitlines()]
        ours = (row for row in rows if len(row) == 7 and not row[5] and cluster in ("", row[6]))
        return [Association(*row[:5]) for row in ours]

    def _jobs_of_text(self) -> list[Record]:
        shape = ",".join(f"{name}:{width}{SEPARATOR}" for name, (_, width) in _COLUMNS.items())
        names = [ours for ours, _ in _COLUMNS.values()]
        rows = [line.split(SEPARATOR) for line in self._text("queue", ["-a", "-h", "-O", shape]).splitlines()]
        whole = [
            {name: cell.strip() for name, cell in zip(names, row, strict=False)}
            for row in rows
            if len(row) > len(names)
        ]
        gpus = self._gpus() if "nodes" in self._commands else {}
        return [{**row, "gres_detail": gpus.get(row["JobIDRaw"], [])} for row in whole if is_told(row["State"])]

    def _gpus(self) -> dict[str, list[list[str]]]:
        """Per job (machines, GPUs with their index); none when nobody answers: a count is known without."""
        try:
            told = self._text("nodes", ["-d", "-o", "show", "job"])
        except SourceError:
            return {}
        lines = (line for line in told.splitlines() if line.startswith("JobId="))
        return {line[6:].split(" ", 1)[0]: [list(pair) for pair in _GPUS_OF_JOB.findall(line)] for line in lines}

    def _text(self, part: Part, arguments: list[str]) -> str:
        with tempfile.TemporaryFile() as output:
            run(self._commands[part], arguments, output, self._timeout)
            return output.read().decode("utf-8", "replace")


def beside(command: str, program: str) -> str:
    """The program that stands where sacct does ("ssh login sacct": "ssh login squeue"); '' where there is none."""
    words = shlex.split(command)
    last = Path(words[-1]) if words else Path()
    if last.name != "sacct":
        return ""
    there = str(last.with_name(program)) if last.name != words[-1] else program
    is_local = len(words) == 1
    return "" if is_local and which(there) is None else shlex.join([*words[:-1], there])


def _of_json(output: IO[bytes]) -> Iterator[Record]:
    """The jobs that run or wait, read as a stream: a record may list every core of its machines."""
    for job in ijson.items(output, "jobs.item", use_float=True):
        if found := kept(job):
            yield found
