"""Asks a living Slurm: sacct, a day at a time, each day twice, in epoch seconds."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING

from gpuledger.model.errors import SourceError
from gpuledger.sources import Fetched

if TYPE_CHECKING:
    from gpuledger.sources.slurm import Slurm

WANTED = (
    "JobIDRaw", "JobID", "Cluster", "User", "UID", "Account", "QOS", "Partition", "State", "Submit", "Eligible", "Start",
    "End", "ElapsedRaw", "TimelimitRaw", "Suspended", "ExitCode", "DerivedExitCode", "NNodes", "ReqCPUS", "NCPUS", "ReqMem",
    "ReqTRES", "AllocTRES", "TotalCPU", "MaxRSS", "NTasks", "TRESUsageInTot", "ConsumedEnergyRaw", "NodeList", "Priority",
    "Reason", "AdminComment", "JobName",
)  # fmt: skip
"""What is asked for, where this sacct has it; names with a user's text stand last."""
STATES = "BF,CA,CD,DL,F,NF,OOM,PD,PR,R,RQ,RS,RV,S,TO"
PIECE = timedelta(days=1)
DELIMITER = "\x1f"


def ask(source: "Slurm", since: datetime | None, now: datetime) -> Iterator[Fetched]:
    """Everything from the watermark less the overlap to `now`.

    Each day is asked without states (what overlapped it) and with every state named (what was cancelled while held,
    which the first does not show); rows told twice are one row of the ledger. Raises SourceError when sacct fails.
    """
    fields = _fields(source)
    start = since - timedelta(hours=source.overlap_hours) if since else now - timedelta(days=source.history_days)
    while start < now:
        end = min(start + PIECE, now)
        for states in ([], ["-s", STATES]):
            yield _told(source, fields, states, start, end)
        start = end


def _fields(source: "Slurm") -> list[str]:
    """The columns this version of sacct knows, of those we want: an unknown one is fatal to it."""
    with tempfile.TemporaryFile() as output:
        _run(source, ["-e"], output)
        known = set(output.read().decode("utf-8", "replace").split())
    fields = [name for name in WANTED if name in known]
    if "JobIDRaw" not in fields or "State" not in fields:
        raise SourceError(f"{source.command} -e does not list sacct's fields; is {source.command!r} Slurm's sacct?")
    return fields


def _told(source: "Slurm", fields: list[str], states: list[str], start: datetime, end: datetime) -> Fetched:
    window = ["-S", _utc(start), "-E", _utc(end)]
    only = ["-q", ",".join(source.qos)] if source.qos else []
    shape = ["-a", "-D", "-P", "--noconvert", f"--delimiter={DELIMITER}", "-o", ",".join(fields)]
    content = tempfile.TemporaryFile()  # noqa: SIM115 (handed on open; the file goes when its reader closes it)
    try:
        _run(source, [*shape, *window, *states, *only], content)
    except SourceError:
        content.close()
        raise
    kind = "every state" if states else "window"
    return Fetched(content, f"sacct {_utc(start)}..{_utc(end)} {kind}", start, end)


def _run(source: "Slurm", arguments: list[str], output: IO[bytes]) -> None:
    """One call of sacct."""
    run(shlex.split(source.command), arguments, output, source.timeout_seconds)


def run(words: list[str], arguments: list[str], output: IO[bytes], timeout_seconds: float) -> None:
    """One call, its output in a file, so that memory does not grow with it. Raises SourceError, in one sentence."""
    environment = {**os.environ, "TZ": "UTC", "SLURM_TIME_FORMAT": "%s", "LC_ALL": "C"}
    output.seek(0)
    output.truncate()
    try:
        done = subprocess.run(
            [*words, *arguments],
            stdout=output, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment, timeout=timeout_seconds, check=False,
        )  # fmt: skip
    except (FileNotFoundError, PermissionError):
        raise SourceError(
            f"There is no command {words[0]!r} here; run on a machine with Slurm's commands or set `command`."
        ) from None
    except subprocess.TimeoutExpired:
        raise SourceError(f"{words[0]} did not answer within {timeout_seconds:g} s; is slurmdbd up?") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise SourceError(
            f"{words[0]} failed with exit code {done.returncode}: {said[0] if said else 'it said nothing'}"
        )
    output.seek(0)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
