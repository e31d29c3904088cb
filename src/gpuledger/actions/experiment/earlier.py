"""The earlier tool's 40 columns, written from the attempt itself; docs/how-to/experiment.md lists what differs."""

from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.actions.experiment.asked import Part, Said
from gpuledger.actions.experiment.cells import in_zone
from gpuledger.model.job_summary import EARLIER

MIB, KIB = 2.0**20, 2.0**10
STATUS: Mapping[str, str] = {
    "completed": "completed", "requeued": "checkpointed", "failed": "failed", "out_of_memory": "failed",
    "timeout": "failed", "deadline": "failed", "node_fail": "evicted", "preempted": "evicted", "removed": "aborted",
    "cancelled": "aborted", "revoked": "aborted", "held": "held", "pending": "", "running": "", "suspended": "",
}  # fmt: skip
"""Our state → Final Status; 'released' and 'RESCUED' are told by more than the state."""
RESCUED = "RESCUED"
"""The log does not tell how the attempt ended, and DAGMan went on without it: its node is done in a rescue file."""
HAPPENED = {"hold": "Held", "release": "Released", "evict": "Evicted", "remove": "Aborted"}
Columns = dict[str, pa.Array]


def earlier_columns(part: Part, zone: ZoneInfo) -> Columns:
    """The 40 columns of some attempts by header, typed. Local stamps are those of `zone`."""
    told = {**_who(part), **_when(part.rows), **_gpu(part), **_used(part.rows), **_happened(part)}
    local = {column.header for column in EARLIER if column.kind == "local"}
    return {header: in_zone(column, zone) if header in local else column for header, column in told.items()}


def _who(part: Part) -> Columns:
    rows = part.rows
    run, dag = rows["workflow_run"], rows["workflow"]
    return {
        "Job Name": pc.coalesce(rows["node_name"], rows["job_name"]),
        "DAG Source": pc.coalesce(dag, pa.array([said.service_of for said in part.said], pa.string())),
        "Run UUID": pc.if_else(pc.fill_null(pc.equal(run, dag), False), None, run),
        "HTCondor Cluster ID": pa.array(part.numbers.clusters, mask=part.numbers.clusters == 0),
        "Attempt Sequence": pa.array(part.numbers.of_job),
        "Final Status": _status(part),
        "Targeted Resource": pc.coalesce(rows["site"], rows["target_site"]),
        "GLIDEIN Resource Name": rows["resource_name"],
        "Epochs Completed": pa.array(part.numbers.kept),
    }


def _status(part: Part) -> pa.Array:
    """A hold that was released is told apart from one that was not, and what a rescue knows from what nobody knows."""
    released = pc.is_valid(part.events.last("time", "release")).to_pylist()
    told = zip(*(part.rows[name].to_pylist() for name in ("state", "state_raw")), released, part.said, strict=True)
    return pa.array([_word(*each) for each in told], pa.string())


def _word(state: str, raw: str | None, is_released: bool, said: Said) -> str:
    if state == "held" and is_released:
        return "released"
    word = STATUS.get(state, "")
    is_rescued = raw == RESCUED or (bool(said.is_done) and state != "pending")
    return RESCUED if not word and is_rescued else word


def _when(rows: pa.Table) -> Columns:
    submitted, started, ended = rows["submitted_at"], rows["started_at"], rows["ended_at"]
    return {
        "Submit Time": submitted, "Start Time": started, "End Time": ended,
        **_length("Execution Duration", started, ended), **_length("Total Duration", submitted, ended),
    }  # fmt: skip


def _length(name: str, begin: pa.Array, end: pa.Array) -> Columns:
    """A length of time in seconds and for people."""
    micros = pc.cast(pc.subtract(end, begin), pa.int64())
    human = [None if each is None else str(timedelta(microseconds=each)) for each in micros.to_pylist()]
    return {f"{name} (seconds)": pc.divide(micros, 1e6), f"{name} (human)": pa.array(human, pa.string())}


def _gpu(part: Part) -> Columns:
    """The first GPU stands for all; its memory column is the sum over them."""
    rows, gpus = part.rows, part.gpus
    every = pc.multiply(rows["gpu_memory_bytes"], rows["gpu_count"])
    return {
        "Number of GPUs": rows["gpu_count"],
        "GPU Device Name": pc.coalesce(gpus.first("gpu_model"), rows["gpu_model"]),
        "GPU Memory MB": pc.divide(pc.coalesce(every, gpus.sum("gpu_memory_bytes")), MIB),
        "GPU Capability": gpus.first("capability"),
        "GPU Driver Version": gpus.first("cuda_version"),
        "GPU ECC Enabled": gpus.first("is_ecc_enabled"),
        "GPU UUID": gpus.first("gpu_uuid"),
        "GPU ID": gpus.first("gpu"),
        "GPU PCI Bus ID": gpus.first("bus_id"),
    }


def _used(rows: pa.Table) -> Columns:
    """Measured use. What the job received is our `sent_bytes`: bytes sent to it."""
    return {
        "Total Bytes Sent": pc.cast(pc.floor(rows["received_bytes"]), pa.int64()),
        "Total Bytes Received": pc.cast(pc.floor(rows["sent_bytes"]), pa.int64()),
        "GPU Usage": pc.round(pc.multiply(rows["gpu_busy_ratio"], rows["gpu_count"]), 6),
        "GPU Memory Usage MB": pc.divide(rows["used_gpu_memory_bytes"], MIB),
        "CPU Usage": rows["used_cpu_count"],
        "Peak Memory Usage MB": pc.divide(rows["used_memory_bytes"], MIB),
        "Disk Usage KB": pc.divide(rows["used_disk_bytes"], KIB),
    }


def _happened(part: Part) -> Columns:
    """The last of each kind within the attempt."""
    events = part.events
    begin, end = events.last("time", "transfer_in"), events.last("ended_event_at", "transfer_in")
    return {
        **{f"{word} Time": events.last("time", kind) for kind, word in HAPPENED.items()},
        "Transfer Input Start Time": begin, "Transfer Input End Time": end,
        **_length("Transfer Input Duration", begin, end),
    }  # fmt: skip
