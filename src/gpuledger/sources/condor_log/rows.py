"""An attempt of a job as rows of the canonical tables."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from typing import Any

from gpuledger.model.devices import gpu_model
from gpuledger.sources.condor_log.life import Attempt
from gpuledger.sources.condor_log.sites import site

MIB, KIB = 2.0**20, 2.0**10
MEASURED_BY = "htcondor"
_DAG = re.compile(r"(.+)\.dag\+\d+")
WORDS: Mapping[tuple[str, str | None], str] = {
    ("9", "122"): "disk quota exceeded",
    ("12", None): "transfer of output files failed",
    ("13", None): "transfer of input files failed",
    ("21", "102"): "memory use exceeded the request",
    ("34", None): "memory limit exceeded",
    ("1005", None): "interrupted, the log does not say why",
    ("1007", None): "transfer of input files stalled",
    ("1008", None): "connection lost for longer than the lease",
    ("1013", None): "the execution point shut down",
    ("1023", None): "removed from the queue",
}
"""What HTCondor's codes mean, where an event gives no sentence."""
USAGE, REQUEST, ALLOCATED = range(3)
NOT_TOLD = (None, None, None)


@dataclass(frozen=True)
class Job:
    """A job, everything that is told of it, and who told it last (when, in microseconds)."""

    cluster: str
    job_id: str
    reported_by: str | None
    observed_at: int
    events: list[str]
    sites: Mapping[str, str]


def attempt_row(job: Job, attempt: Attempt, known: set[str]) -> dict[str, Any]:
    """The row of job_attempts. `known` are the ids of the job's attempts so far."""
    end, place = attempt.end, attempt.place
    table = {name: _cells(end.get(name)) for name in ("Cpus", "Memory", "Disk", "GPUs", "GpusMemory")}
    gpus = [gpu.split("|") for gpu in attempt.gpus]
    is_over = attempt.ended is not None
    gpu_count = _number(place.get("gpus")) if "gpus" in place else table["GPUs"][ALLOCATED]
    busy = _busy(table["GPUs"])
    observed = _micros(attempt.ended) if is_over else job.observed_at
    return {
        "cluster": job.cluster,
        "attempt_id": _identity(job, attempt, known),
        "job_id": job.job_id,
        "kind": "dag_node" if attempt.node else "batch",
        "workflow": found[1] if (found := _DAG.fullmatch(attempt.batch or "")) else None,
        "node_name": attempt.node,
        "site": site(place, job.sites),
        "resource_name": place.get("resource"),
        "host_names": [machine] if (machine := host(place)) else None,
        "slot_name": place.get("slot"),
        "submitted_at": _micros(attempt.submitted),
        "eligible_at": _micros(attempt.eligible),
        "matched_at": _micros(attempt.matched),
        "started_at": _micros(attempt.started),
        "ended_at": _micros(attempt.ended),
        "suspended_seconds": attempt.suspended,
        "state": "pending" if attempt.state == "running" and attempt.started is None else attempt.state,
        "state_raw": attempt.word if attempt.word != "running" or attempt.started is not None else "transferring input",
        "exit_code": _whole(end.get("exit")),
        "signal": _whole(end.get("signal")) if "signal" in end else 0 if "exit" in end else None,
        "end_code": _whole(end.get("code")),
        "end_subcode": _whole(end.get("subcode")),
        "end_reason": _reason(attempt) if is_over else None,
        "node_count": 1.0 if attempt.started is not None else None,
        "cpu_count": _first(_number(place.get("cpus")), table["Cpus"][ALLOCATED]),
        "gpu_count": gpu_count if gpu_count is not None else float(len(gpus)) if gpus else None,
        "memory_bytes": _times(_first(_number(place.get("memory")), table["Memory"][ALLOCATED]), MIB),
        "disk_bytes": _times(_first(_number(place.get("disk")), table["Disk"][ALLOCATED]), KIB),
        "gpu_model": _only({gpu_model(gpu[2]).name for gpu in gpus if gpu[2]}),
        "gpu_memory_bytes": _times(_only({_number(gpu[3]) for gpu in gpus}), MIB),
        "requested_cpu_count": table["Cpus"][REQUEST],
        "requested_gpu_count": table["GPUs"][REQUEST],
        "requested_memory_bytes": _times(table["Memory"][REQUEST], MIB),
        "requested_disk_bytes": _times(table["Disk"][REQUEST], KIB),
        "used_cpu_seconds": _number(end.get("cpu")),
        "used_cpu_count": table["Cpus"][USAGE],
        "used_memory_bytes": _times(table["Memory"][USAGE], MIB),
        "used_disk_bytes": _times(table["Disk"][USAGE], KIB),
        "gpu_busy_ratio": busy,
        "gpu_busy_source": MEASURED_BY if busy is not None else None,
        "used_gpu_memory_bytes": _times(table["GpusMemory"][USAGE], MIB),
        # HTCondor speaks for the job ("Received By Job"), the ledger for the submitter: what is sent is input.
        "sent_bytes": _number(end.get("received")),
        "received_bytes": _number(end.get("sent")),
        "transfer_in_seconds": attempt.transfer_in,
        "transfer_out_seconds": attempt.transfer_out,
        "failed_transfer_seconds": attempt.failed_transfer,
        "held_seconds": attempt.held,
        "reported_by": None if is_over else job.reported_by,
        "observed_at": observed,
        "usage_observed_at": observed if is_over else None,
    }


def gpu_rows(row: dict[str, Any], attempt: Attempt) -> Iterator[dict[str, Any]]:
    """One row of attempt_gpus for each GPU: as the match described it, else as the table of resources names it."""
    told = [gpu.split("|") for gpu in attempt.gpus]
    names = {gpu[0] for gpu in told}
    told += [[name, *[""] * 8] for name in attempt.end.get("assigned", "").split(",") if name and not names]
    seen: set[str] = set()
    for name, uuid, model, memory, capability, driver, cuda, bus, ecc in told:
        gpu = _gpu_name(name, uuid)
        if gpu in seen or not gpu:
            continue
        seen.add(gpu)
        yield {
            "cluster": row["cluster"],
            "attempt_id": row["attempt_id"],
            "host": (row["host_names"] or [""])[0],
            "gpu": gpu,
            "gpu_model": gpu_model(model).name if model else None,
            "gpu_memory_bytes": _times(_number(memory), MIB),
            "capability": capability or None,
            "driver_version": driver or None,
            "cuda_version": cuda or None,
            "is_ecc_enabled": {"true": True, "false": False}.get(ecc.lower()),
            "gpu_uuid": uuid or None,
            "bus_id": bus or None,
            "share_ratio": 1.0,
            "started_at": row["started_at"],
            "ended_at": row["ended_at"],
            "observed_at": row["observed_at"],
        }


def event_rows(row: dict[str, Any], attempt: Attempt) -> Iterator[dict[str, Any]]:
    """One row of attempt_events for each happening; of several of one kind in one moment the last."""
    for (time, kind), happening in {(each.time, each.kind): each for each in attempt.happenings}.items():
        yield {
            "cluster": row["cluster"],
            "attempt_id": row["attempt_id"],
            "time": _micros(time),
            "event_kind": kind,
            "ended_event_at": _micros(happening.until),
            "host": happening.host or (row["host_names"] or [None])[0],
            "code": _whole(happening.code),
            "subcode": _whole(happening.subcode),
            "message": happening.message or None,
        }


def host(place: Mapping[str, str]) -> str:
    """The machine: what the slot's name ends with, else the alias in the address."""
    slot = place.get("slot", "")
    return slot.rpartition("@")[2] if "@" in slot else place.get("host", "")


def _identity(job: Job, attempt: Attempt, known: set[str]) -> str:
    """Access point, job and moment of the match; a second match in one moment is numbered."""
    began = attempt.began or 0.0
    moment = f"{began:.0f}" if began == int(began) else f"{began:.3f}"
    identity = first = f"{job.cluster}#{job.job_id}#{moment}"
    while identity in known:
        identity = f"{first}+{len(known)}"
    known.add(identity)
    return identity


def _reason(attempt: Attempt) -> str:
    """Why it ended, in words: the log's own sentence where it has one."""
    end = attempt.end
    if said := end.get("text") or end.get("error"):
        return said
    if "signal" in end:
        return f"killed by signal {end['signal']}"
    if "exit" in end:
        return "exit code 0" if end["exit"] == "0" else f"exit code {end['exit']}"
    if "code" in end:
        return WORDS.get((end["code"], end.get("subcode")), WORDS.get((end["code"], None), f"code {end['code']}"))
    return attempt.word


def _gpu_name(name: str, uuid: str) -> str:
    """`GPU-` and eight digits, `MIG-` and the whole uuid, whatever is told."""
    if uuid and not uuid.startswith("MIG-") and not name.startswith("MIG-"):
        return f"GPU-{uuid.removeprefix('GPU-')[:8]}"
    return f"GPU-{name.removeprefix('GPU-')[:8]}" if name.startswith("GPU-") and "MIG" not in name else name or uuid


def _busy(gpus: tuple[float | None, ...]) -> float | None:
    """Mean share of the GPUs that was busy; the log tells how many were on the mean."""
    used, _, allocated = gpus
    return min(used / allocated, 1.0) if used is not None and allocated else None


def _cells(text: str | None) -> tuple[float | None, float | None, float | None]:
    if text is None:
        return NOT_TOLD
    used, _, others = text.partition(",")
    return _number(used), *_asked(others)


@lru_cache(maxsize=1 << 10)
def _asked(cells: str) -> tuple[float | None, float | None]:
    """Request and allocation: few jobs ask for something else than their neighbours."""
    requested, allocated = cells.split(",")
    return _number(requested), _number(allocated)


def _number(text: str | None) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def _whole(text: str | None) -> int | None:
    try:
        value = int(text) if text else None
    except ValueError:
        return None
    return value if value is not None and abs(value) < 2**63 else None


def _times(value: float | None, unit: float) -> float | None:
    return None if value is None else value * unit


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def _only(values: set[Any]) -> Any:
    return next(iter(values)) if len(values) == 1 else None


def _micros(moment: float | None) -> int | None:
    return None if moment is None else round(moment * 1_000_000)
