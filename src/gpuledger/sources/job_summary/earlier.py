"""A row of the earlier tool: what it says of an attempt, and what it proves wrong about itself."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gpuledger.model.devices import gpu_model
from gpuledger.model.workflow import step_of
from gpuledger.sources.job_summary import states
from gpuledger.sources.job_summary.cells import Cells, Refused
from gpuledger.sources.job_summary.clock import NeverShown, in_utc

MIB, KIB = 2.0**20, 2.0**10
LOCAL = (
    "Submit Time", "Start Time", "End Time", "Held Time", "Released Time", "Evicted Time", "Aborted Time",
    "Transfer Input Start Time", "Transfer Input End Time",
)  # fmt: skip
HAPPENED: Mapping[str, tuple[str, str]] = {
    "Transfer Input Start Time": ("transfer_in", "Transfer Input End Time"), "Held Time": ("hold", ""),
    "Released Time": ("release", ""), "Evicted Time": ("evict", ""), "Aborted Time": ("remove", ""),
}  # fmt: skip
"""Kind of event a time is the moment of, and the time it was over."""
LONGEST_PREPARATION_SECONDS = 300
"""How long after its input has arrived a job begins: a container may have to be unpacked."""
MEMORY_SLACK = 1.1
"""A GPU reports a little more or less memory than its name says."""


@dataclass(frozen=True)
class Setting:
    """What every row of an input shares."""

    cluster: str
    zone: str
    step_pattern: str


@dataclass
class Doubts:
    """How often cells were left out because their row proves them wrong, and unknown words."""

    counts: "Counter[str]" = field(default_factory=Counter)
    words: "Counter[str]" = field(default_factory=Counter)

    def add(self, what: str) -> None:
        self.counts[what] += 1


REQUEST_AS_USE = (
    "GPU Usage equals the number of GPUs and no GPU memory was measured: it is the request; it was left out"
)
TOO_BUSY = "GPU Usage is above the number of GPUs; it was left out"
TOO_MUCH_MEMORY = "GPU Memory MB is more than so many GPUs of the model have; it was left out"
GUESSED_HOUR = "a start or end is in the hour that occurs twice, and is taken for the first"
UNCLEAR_HOUR = "a time that does not bound the attempt is in the hour that occurs twice; it was left out"


def attempt(cells: Cells, setting: Setting, doubts: Doubts, *, has_exact_times: bool) -> dict[str, Any]:
    """Columns of job_attempts. Raises Refused for a row that cannot be believed."""
    times = {} if has_exact_times else _times(cells, setting.zone, doubts)
    status = cells.get("Final Status") or ""
    if not states.is_known(status):
        doubts.words[status] += 1
    return {
        **_identity(cells, setting),
        **_when(times),
        **_gpus(cells, doubts),
        **_used(cells, times, doubts),
        **_data(cells, times, status),
        "state": states.state(status),
        "state_raw": status,
        "exit_code": states.exit_code(status),
    }


def events(cells: Cells, setting: Setting, attempt: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Rows of attempt_events: the last of each kind within the attempt is all that its row tells."""
    times = _times(cells, setting.zone, Doubts())
    for header, (kind, until) in HAPPENED.items():
        if moment := times.get(header):
            yield {
                "cluster": attempt["cluster"], "attempt_id": attempt["attempt_id"], "time": moment, "event_kind": kind,
                "ended_event_at": times.get(until),
            }  # fmt: skip


def _identity(cells: Cells, setting: Setting) -> dict[str, Any]:
    number, node = cells.get("HTCondor Cluster ID"), cells.get("Job Name")
    if number is None or number < 0:
        raise Refused("HTCondor Cluster ID is missing" if number is None else "HTCondor Cluster ID is negative")
    site = cells.get("Targeted Resource")
    return {
        "cluster": setting.cluster,
        "job_id": f"{number}.0",
        "job_name": node,
        "kind": "dag_node",
        "workflow": cells.get("DAG Source"),
        "node_name": node,
        "workflow_run": cells.get("Run UUID") or cells.get("DAG Source"),
        "workflow_step": node and step_of(node, setting.step_pattern),
        "site": site and site.strip().lower(),
        "resource_name": cells.get("GLIDEIN Resource Name"),
    }


def _times(cells: Cells, zone: str, doubts: Doubts) -> dict[str, datetime | None]:
    local = {name: moment for name in LOCAL if (moment := cells.get(name)) is not None}
    try:
        told, is_guessed = in_utc(local, zone)
    except NeverShown as skipped:
        raise Refused(str(skipped)) from None
    if is_guessed:
        doubts.add(GUESSED_HOUR)
    times = _own_transfer(told)
    for moment in times.values():
        if moment is None:
            doubts.add(UNCLEAR_HOUR)
    return times


def _own_transfer(times: dict[str, datetime | None]) -> dict[str, datetime | None]:
    """Without the transfer of an earlier execution: the earlier tool repeats the last one it saw."""
    started, arrived = times.get("Start Time"), times.get("Transfer Input End Time")
    if started and arrived and not 0 <= (started - arrived).total_seconds() <= LONGEST_PREPARATION_SECONDS:
        return {name: moment for name, moment in times.items() if not name.startswith("Transfer Input")}
    return times


def _when(times: dict[str, datetime | None]) -> dict[str, Any]:
    """An attempt without an end counts to its start only: the earlier tool writes none for holds and lost jobs."""
    started, ended = times.get("Start Time"), times.get("End Time")
    if started and ended and ended < started:
        raise Refused("End Time is before Start Time")
    return {
        "submitted_at": times.get("Submit Time"),
        "matched_at": times.get("Transfer Input Start Time"),
        "started_at": started,
        "ended_at": ended,
        "observed_at": ended or started or times.get("Submit Time"),
    }


def _gpus(cells: Cells, doubts: Doubts) -> dict[str, Any]:
    count, name = cells.amount("Number of GPUs"), cells.get("GPU Device Name")
    model, total = name and gpu_model(name), cells.amount("GPU Memory MB")
    each = total * MIB / count if total and count else None
    if each and model and model.memory_bytes and each > model.memory_bytes * MEMORY_SLACK:
        doubts.add(TOO_MUCH_MEMORY)
        each = None
    return {"gpu_count": count, "gpu_model": model and model.name, "gpu_memory_bytes": each}


def _used(cells: Cells, times: dict[str, datetime | None], doubts: Doubts) -> dict[str, Any]:
    memory, disk, gpu_memory = (
        cells.amount(name) for name in ("Peak Memory Usage MB", "Disk Usage KB", "GPU Memory Usage MB")
    )
    ratio, lasted, cores = _busy(cells, doubts), _lasted(times), cells.amount("CPU Usage")
    use = {
        "used_memory_bytes": memory and memory * MIB,
        "used_disk_bytes": disk and disk * KIB,
        "used_gpu_memory_bytes": gpu_memory and gpu_memory * MIB,
        "used_cpu_seconds": None if cores is None or lasted is None else cores * lasted,
        "used_cpu_count": cores,
        "gpu_busy_ratio": ratio,
    }
    is_measured = any(amount is not None for amount in use.values())
    return {
        **use,
        "gpu_busy_source": None if ratio is None else "htcondor",
        "usage_observed_at": (times.get("End Time") or times.get("Start Time")) if is_measured else None,
    }


def _busy(cells: Cells, doubts: Doubts) -> float | None:
    """GPU Usage is the mean number of busy GPUs."""
    usage, count = cells.amount("GPU Usage"), cells.amount("Number of GPUs")
    if usage is None or not count:
        return None
    if usage == count and cells.get("GPU Memory Usage MB") is None:
        doubts.add(REQUEST_AS_USE)
        return None
    if usage > count:
        doubts.add(TOO_BUSY)
        return None
    return usage / count


def _lasted(times: dict[str, datetime | None]) -> float | None:
    started, ended = times.get("Start Time"), times.get("End Time")
    return (ended - started).total_seconds() if started and ended else None


def _data(cells: Cells, times: dict[str, datetime | None], status: str) -> dict[str, Any]:
    """`Total Bytes Received` is what the job received: its input. Where it never terminated 0 stands for not known."""
    sent, received = cells.amount("Total Bytes Received"), cells.amount("Total Bytes Sent")
    if not (sent or received or states.has_terminated(status)):
        sent = received = None
    return {
        "sent_bytes": sent,
        "received_bytes": received,
        "transfer_in_seconds": _between(times, "Transfer Input Start Time", "Transfer Input End Time"),
        "held_seconds": _between(times, "Held Time", "Released Time"),
    }


def _between(times: dict[str, datetime | None], begin: str, end: str) -> float | None:
    first, last = times.get(begin), times.get(end)
    return (last - first).total_seconds() if first and last and last >= first else None
