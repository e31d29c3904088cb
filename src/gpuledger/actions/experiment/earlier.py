"""The earlier tool's 40 columns, written from the attempt itself; docs/how-to/experiment.md lists what differs."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gpuledger.actions.experiment.asked import Part, Place, Row, cluster_id
from gpuledger.model.job_summary import EARLIER, WRITERS, CellKind

MIB, KIB = 2.0**20, 2.0**10
STATUS: Mapping[str, str] = {
    "completed": "completed", "requeued": "checkpointed", "failed": "failed", "out_of_memory": "failed",
    "timeout": "failed", "deadline": "failed", "node_fail": "evicted", "preempted": "evicted", "removed": "aborted",
    "cancelled": "aborted", "revoked": "aborted", "held": "held", "pending": "", "running": "", "suspended": "",
}  # fmt: skip
"""Our state → Final Status; 'released' and 'RESCUED' are told by more than the state."""
SPENT = (
    "job_id", "workflow", "node_name", "workflow_run", "job_name", "site", "target_site", "resource_name", "state",
    "end_reason", "submitted_at", "started_at", "ended_at", "sent_bytes", "received_bytes", "gpu_count", "gpu_model",
    "gpu_memory_bytes", "gpu_busy_ratio", "used_gpu_memory_bytes", "used_cpu_seconds", "used_memory_bytes",
    "used_disk_bytes",
)  # fmt: skip
HAPPENED = {"hold": "Held", "release": "Released", "evict": "Evicted", "remove": "Aborted"}


def earlier_rows(part: Part, zone: ZoneInfo) -> Iterator[list[str]]:
    """The 40 cells of each attempt. Local stamps are those of `zone`."""
    columns = [part.values(name) for name in SPENT]
    for values, gpus, events, place in zip(
        zip(*columns, strict=True), part.gpus, part.events, part.places, strict=True
    ):
        row = dict(zip(SPENT, values, strict=True))
        told = {**_who(row, events, place), **_when(row), **_gpu(row, gpus), **_used(row), **_happened(events)}
        yield [_cell(told.get(column.header), column.kind, zone) for column in EARLIER]


def _cell(value: Any, kind: CellKind, zone: ZoneInfo) -> str:
    if value is None:
        return ""
    return WRITERS[kind](value.replace(tzinfo=UTC).astimezone(zone) if kind == "local" else value)


def _who(row: Row, events: Sequence[Row], place: Place) -> Row:
    return {
        "Job Name": row["node_name"] or row["job_name"],
        "DAG Source": row["workflow"],
        "Run UUID": row["workflow_run"] if row["workflow_run"] != row["workflow"] else None,
        "HTCondor Cluster ID": cluster_id(row["job_id"]) or None,
        "Attempt Sequence": place.number,
        "Final Status": _status(row, events),
        "Targeted Resource": row["site"] or row["target_site"],
        "GLIDEIN Resource Name": row["resource_name"],
        "Epochs Completed": int(place.is_kept),
    }


def _status(row: Row, events: Sequence[Row]) -> str:
    if row["state"] == "held" and any(event["event_kind"] == "release" for event in events):
        return "released"
    return STATUS.get(row["state"], "")


def _when(row: Row) -> Row:
    submitted, started, ended = row["submitted_at"], row["started_at"], row["ended_at"]
    ran, whole = _between(started, ended), _between(submitted, ended)
    return {
        "Submit Time": submitted, "Start Time": started, "End Time": ended,
        "Execution Duration (seconds)": _seconds(ran), "Execution Duration (human)": ran,
        "Total Duration (seconds)": _seconds(whole), "Total Duration (human)": whole,
    }  # fmt: skip


def _gpu(row: Row, gpus: Sequence[Row]) -> Row:
    """The first GPU stands for all; its memory column is the sum over them."""
    count, each = row["gpu_count"], row["gpu_memory_bytes"]
    first = gpus[0] if gpus else {}
    told = [gpu["gpu_memory_bytes"] for gpu in gpus]
    memory = sum(told) if told and None not in told else each * count if each and count else None
    return {
        "Number of GPUs": count,
        "GPU Device Name": first.get("gpu_model") or row["gpu_model"],
        "GPU Memory MB": _over(memory, MIB),
        "GPU Capability": first.get("capability"),
        "GPU Driver Version": first.get("cuda_version"),
        "GPU ECC Enabled": first.get("is_ecc_enabled"),
        "GPU UUID": first.get("gpu_uuid"),
        "GPU ID": first.get("gpu"),
        "GPU PCI Bus ID": first.get("bus_id"),
    }


def _used(row: Row) -> Row:
    """Measured use. What the job received is our `sent_bytes`: bytes sent to it."""
    busy, count, ran = row["gpu_busy_ratio"], row["gpu_count"], _seconds(_between(row["started_at"], row["ended_at"]))
    cpu = row["used_cpu_seconds"]
    return {
        "Total Bytes Sent": _whole(row["received_bytes"]),
        "Total Bytes Received": _whole(row["sent_bytes"]),
        "GPU Usage": round(busy * count, 6) if busy is not None and count else None,
        "GPU Memory Usage MB": _over(row["used_gpu_memory_bytes"], MIB),
        "CPU Usage": round(cpu / ran, 2) if cpu is not None and ran else None,
        "Peak Memory Usage MB": _over(row["used_memory_bytes"], MIB),
        "Disk Usage KB": _over(row["used_disk_bytes"], KIB),
    }


def _happened(events: Sequence[Row]) -> Row:
    """The last of each kind within the attempt."""
    last = {event["event_kind"]: event for event in sorted(events, key=lambda event: event["time"])}
    begin, end = (last.get("transfer_in", {}).get(name) for name in ("time", "ended_event_at"))
    lasted = _between(begin, end)
    return {
        **{f"{word} Time": last[kind]["time"] for kind, word in HAPPENED.items() if kind in last},
        "Transfer Input Start Time": begin, "Transfer Input End Time": end,
        "Transfer Input Duration (seconds)": _seconds(lasted), "Transfer Input Duration (human)": lasted,
    }  # fmt: skip


def _between(begin: datetime | None, end: datetime | None) -> timedelta | None:
    return end - begin if begin is not None and end is not None else None


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds()


def _over(amount: float | None, unit: float) -> float | None:
    return None if amount is None else amount / unit


def _whole(amount: float | None) -> int | None:
    return None if amount is None else int(amount)
