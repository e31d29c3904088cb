"""The CSV of an experiment's attempts: the earlier tool's 40 columns and our own after them, and how a cell is written.

One place for who writes it (`experiment csv`) and who reads it back (the source `job-summary`): a cell written by `cell`
is read by `value` as it was, so a ledger filled from our CSV tells what the logs told. The earlier columns stay as the
earlier tool wrote them (naive local stamps, CUDA as "driver"); where one of ours says the same thing exactly, ours holds.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite
from typing import Any, Literal

from gpuledger.model.period import BEGINNING, ENDING, as_utc

CellKind = Literal["text", "texts", "whole", "number", "flag", "instant", "local", "length", "json"]
"""instant: ISO in UTC with Z · local: ISO without offset, in the zone of the log · length: h:mm:ss for people, derived ·
texts and json: JSON."""


@dataclass(frozen=True)
class SummaryColumn:
    """One column of the CSV. `column` is the canonical column of job_attempts it holds exactly, '' when it is computed."""

    header: str
    column: str
    kind: CellKind


def _earlier(header: str, kind: CellKind) -> SummaryColumn:
    return SummaryColumn(header, "", kind)


EARLIER: tuple[SummaryColumn, ...] = (
    _earlier("Job Name", "text"),
    _earlier("DAG Source", "text"),
    _earlier("Run UUID", "text"),
    _earlier("HTCondor Cluster ID", "whole"),
    _earlier("Attempt Sequence", "whole"),
    _earlier("Final Status", "text"),
    _earlier("Targeted Resource", "text"),
    _earlier("GLIDEIN Resource Name", "text"),
    _earlier("Submit Time", "local"),
    _earlier("Start Time", "local"),
    _earlier("End Time", "local"),
    _earlier("Execution Duration (seconds)", "number"),
    _earlier("Execution Duration (human)", "length"),
    _earlier("Total Duration (seconds)", "number"),
    _earlier("Total Duration (human)", "length"),
    _earlier("Total Bytes Sent", "whole"),
    _earlier("Total Bytes Received", "whole"),
    _earlier("Number of GPUs", "number"),
    _earlier("GPU Device Name", "text"),
    _earlier("GPU Memory MB", "number"),
    _earlier("GPU Capability", "text"),
    _earlier("GPU Driver Version", "text"),
    _earlier("GPU ECC Enabled", "flag"),
    _earlier("GPU UUID", "text"),
    _earlier("GPU ID", "text"),
    _earlier("GPU PCI Bus ID", "text"),
    _earlier("GPU Usage", "number"),
    _earlier("GPU Memory Usage MB", "number"),
    _earlier("CPU Usage", "number"),
    _earlier("Peak Memory Usage MB", "number"),
    _earlier("Disk Usage KB", "number"),
    _earlier("Held Time", "local"),
    _earlier("Released Time", "local"),
    _earlier("Evicted Time", "local"),
    _earlier("Aborted Time", "local"),
    _earlier("Transfer Input Start Time", "local"),
    _earlier("Transfer Input End Time", "local"),
    _earlier("Transfer Input Duration (seconds)", "number"),
    _earlier("Transfer Input Duration (human)", "length"),
    _earlier("Epochs Completed", "whole"),
)
"""The earlier tool's columns in its order. Its files of 2025 lack some of them (21 to 40 columns)."""

EXECUTED, ATTEMPT_GPUS, ATTEMPT_EVENTS = "Executed", "GPUs", "Events"
RETRY_LIMIT, IS_DONE_IN_RESCUE, IS_DECLARED = "Retry Limit", "Done In Rescue", "Declared"
TOLD_SINCE, TOLD_UNTIL = "Told Since (UTC)", "Told Until (UTC)"
CPU_TIME_BY_RUN = "CPU Time Used / Run Time"
LOGS, NOT_READ = "Logs", "Not Read"
ATTEMPT_OF_NODE, OTHER_NODES = "Attempt Of Node", "Nodes Without Attempts"
GPU_COLUMNS = (
    "host", "gpu", "gpu_index", "gpu_model", "gpu_memory_bytes", "capability", "driver_version", "cuda_version",
    "is_ecc_enabled", "gpu_uuid", "bus_id", "share_ratio",
)  # fmt: skip
"""Columns of attempt_gpus in the JSON of `GPUs`; an attempt's times are its own."""
EVENT_COLUMNS = (
    "time", "event_kind", "ended_event_at", "host", "code", "subcode", "message", "sent_bytes", "received_bytes",
)  # fmt: skip
"""Columns of attempt_events in the JSON of `Events`."""
OTHER_NODE_COLUMNS = (
    "cluster", "workflow", "workflow_run", "node_name", "node_kind", "workflow_step", "target_site", "job_id", "retry_limit",
    "is_done_in_rescue", "state", "end_reason",
)  # fmt: skip
"""Columns of workflow_nodes in the JSON of `Nodes Without Attempts`."""

LOG_COLUMNS = ("cluster", "source", "time", "since", "until", "status", "row_count", "told_tables")
"""Columns of snapshots in the JSON of `Logs`."""

OWN: tuple[SummaryColumn, ...] = (
    SummaryColumn(EXECUTED, "", "flag"),
    SummaryColumn(ATTEMPT_OF_NODE, "", "whole"),
    SummaryColumn("State", "state", "text"),
    SummaryColumn("State In Log", "state_raw", "text"),
    SummaryColumn("Exit Code", "exit_code", "whole"),
    SummaryColumn("Signal", "signal", "whole"),
    SummaryColumn("End Code", "end_code", "whole"),
    SummaryColumn("End Subcode", "end_subcode", "whole"),
    SummaryColumn("End Reason", "end_reason", "text"),
    SummaryColumn("Wait Reason", "wait_reason", "text"),
    SummaryColumn("Access Point", "cluster", "text"),
    SummaryColumn("Job ID", "job_id", "text"),
    SummaryColumn("Attempt ID", "attempt_id", "text"),
    SummaryColumn("Job Kind", "kind", "text"),
    SummaryColumn("Workflow", "workflow", "text"),
    SummaryColumn("Workflow Run", "workflow_run", "text"),
    SummaryColumn("Node", "node_name", "text"),
    SummaryColumn("Workflow Step", "workflow_step", "text"),
    SummaryColumn("Submitted As", "job_name", "text"),
    SummaryColumn("Site", "site", "text"),
    SummaryColumn("Target Site", "target_site", "text"),
    SummaryColumn("Part Of Site", "resource_name", "text"),
    SummaryColumn("Slot", "slot_name", "text"),
    SummaryColumn("Queue", "queue", "text"),
    SummaryColumn("Hosts", "host_names", "texts"),
    SummaryColumn("Tags", "tags", "texts"),
    SummaryColumn("User", "user_name", "text"),
    SummaryColumn("Account", "account", "text"),
    SummaryColumn("Submitted (UTC)", "submitted_at", "instant"),
    SummaryColumn("Eligible (UTC)", "eligible_at", "instant"),
    SummaryColumn("Matched (UTC)", "matched_at", "instant"),
    SummaryColumn("Started (UTC)", "started_at", "instant"),
    SummaryColumn("Start Is Known", "is_start_known", "flag"),
    SummaryColumn("Ended (UTC)", "ended_at", "instant"),
    SummaryColumn("Observed (UTC)", "observed_at", "instant"),
    SummaryColumn(TOLD_SINCE, "", "instant"),
    SummaryColumn(TOLD_UNTIL, "", "instant"),
    SummaryColumn("Suspended (seconds)", "suspended_seconds", "number"),
    SummaryColumn("Time Limit (seconds)", "time_limit_seconds", "number"),
    SummaryColumn("Priority", "priority", "number"),
    SummaryColumn("Allocated Hosts", "node_count", "number"),
    SummaryColumn("Allocated CPUs", "cpu_count", "number"),
    SummaryColumn("Allocated GPUs", "gpu_count", "number"),
    SummaryColumn("Allocated Memory (bytes)", "memory_bytes", "number"),
    SummaryColumn("Allocated Disk (bytes)", "disk_bytes", "number"),
    SummaryColumn("GPU Model", "gpu_model", "text"),
    SummaryColumn("Memory of One GPU (bytes)", "gpu_memory_bytes", "number"),
    SummaryColumn("Requested Hosts", "requested_node_count", "number"),
    SummaryColumn("Requested CPUs", "requested_cpu_count", "number"),
    SummaryColumn("Requested GPUs", "requested_gpu_count", "number"),
    SummaryColumn("Requested Memory (bytes)", "requested_memory_bytes", "number"),
    SummaryColumn("Requested Disk (bytes)", "requested_disk_bytes", "number"),
    SummaryColumn("Requested GPU Model", "requested_gpu_model", "text"),
    SummaryColumn("CPU Time Used (seconds)", "used_cpu_seconds", "number"),
    SummaryColumn(CPU_TIME_BY_RUN, "", "number"),
    SummaryColumn("CPUs In Use As Told", "used_cpu_count", "number"),
    SummaryColumn("Peak Memory (bytes)", "used_memory_bytes", "number"),
    SummaryColumn("Peak Disk (bytes)", "used_disk_bytes", "number"),
    SummaryColumn("GPU Busy (0 to 1)", "gpu_busy_ratio", "number"),
    SummaryColumn("GPU Busy Measured By", "gpu_busy_source", "text"),
    SummaryColumn("Peak GPU Memory (bytes)", "used_gpu_memory_bytes", "number"),
    SummaryColumn("Use Observed (UTC)", "usage_observed_at", "instant"),
    SummaryColumn("Bytes To Job", "sent_bytes", "number"),
    SummaryColumn("Bytes From Job", "received_bytes", "number"),
    SummaryColumn("Transfer In (seconds)", "transfer_in_seconds", "number"),
    SummaryColumn("Transfer Out (seconds)", "transfer_out_seconds", "number"),
    SummaryColumn("Failed Transfers (seconds)", "failed_transfer_seconds", "number"),
    SummaryColumn("Held (seconds)", "held_seconds", "number"),
    SummaryColumn("Energy (joules)", "energy_joules", "number"),
    SummaryColumn(RETRY_LIMIT, "", "whole"),
    SummaryColumn(IS_DONE_IN_RESCUE, "", "flag"),
    SummaryColumn(IS_DECLARED, "", "flag"),
    SummaryColumn(ATTEMPT_GPUS, "", "json"),
    SummaryColumn(ATTEMPT_EVENTS, "", "json"),
    SummaryColumn(OTHER_NODES, "", "json"),
    SummaryColumn(LOGS, "", "json"),
    SummaryColumn(NOT_READ, "", "json"),
)
"""Ours, after the earlier ones: every fact of an attempt that those do not hold exactly.

`CPU Time Used / Run Time` is derived. `Retry Limit`, `Done In Rescue` and `Declared` (in a DAG that was read) are of the attempt's node (workflow_nodes), `GPUs`
and `Events` lists of objects. `Attempt Of Node` counts over all jobs of the node. `Nodes Without Attempts`, on the first rows, holds
what DAGs declare and no row tells of. `Told Since` and `Told Until` say how far the logs of the access point reach. On the first row `Logs` says
from when until when each log tells, `Not Read` what of the inputs could not be read.
"""

OWN_BY_HEADER: Mapping[str, SummaryColumn] = {column.header: column for column in OWN}
STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "'")
"""A text that begins with one of these gets an apostrophe before it; so an apostrophe does too."""


def cell(value: Any, kind: CellKind) -> str:
    """What is written for a value; '' for None. Text that a spreadsheet would run gets an apostrophe before it."""
    return "" if value is None else WRITERS[kind](value)


def value(text: str, kind: CellKind) -> Any:
    """What a cell says; None for an empty one. Raises ValueError where it is not of its kind.

    A local stamp comes back without a zone, an instant in UTC.
    """
    return READERS[kind](text) if text else None


def _safe(text: str) -> str:
    return f"'{text}" if text.startswith(STARTS_FORMULA) else text


def _in_utc(moment: datetime) -> str:
    utc: datetime = as_utc(moment)
    return _moment(utc.astimezone(UTC).replace(tzinfo=None)) + "Z"


def _local(moment: datetime) -> str:
    return _moment(moment.replace(tzinfo=None))


def _number(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def _text(text: str) -> str:
    return text[1:] if text[0] == "'" and text[1:].startswith(STARTS_FORMULA) else text


def _stamp(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if not BEGINNING.year <= moment.year < ENDING.year:
        raise ValueError(f"{text} is not of this time")
    return moment.astimezone(UTC) if moment.tzinfo else moment


def _moment(naive: datetime) -> str:
    return naive.isoformat(timespec="microseconds" if naive.microsecond else "seconds")


def _plain(value: object) -> str:
    """Moments within JSON."""
    if isinstance(value, datetime):
        return cell(value, "instant")
    raise TypeError(f"{type(value).__name__} cannot be written")


def _list(text: str) -> list[Any]:
    found = json.loads(text)
    if not isinstance(found, list):
        raise ValueError("not a list")
    return found


def _whole(text: str) -> int:
    """`12713212`, and `12713212.0` as pandas writes a column with gaps."""
    if text.isdecimal():
        return int(text)
    number = _finite(text)
    if not number.is_integer():
        raise ValueError("not a whole number")
    return int(text) if text.lstrip("+-").isdecimal() else int(number)


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("not finite")
    return number


def _flag(text: str) -> bool:
    words = {"true": True, "false": False}
    if text.lower() not in words:
        raise ValueError("neither True nor False")
    return words[text.lower()]


READERS: Mapping[CellKind, Callable[[str], Any]] = {
    "text": _text, "length": _text, "instant": _stamp, "local": _stamp, "texts": _list, "json": _list, "whole": _whole,
    "number": _finite, "flag": _flag,
}  # fmt: skip
"""What reads a cell of each kind that is not empty; raises ValueError for another kind."""
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_plain)
WRITERS: Mapping[CellKind, Callable[[Any], str]] = {
    "text": _safe, "length": str, "instant": _in_utc, "local": _local, "texts": _JSON.encode, "json": _JSON.encode, "whole": str,
    "number": _number, "flag": str,
}  # fmt: skip
"""What writes a value of each kind that is not None."""
