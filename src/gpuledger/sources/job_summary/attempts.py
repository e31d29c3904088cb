"""One row as an attempt with its GPUs and events. Where our own columns are there they hold, else the earlier tool's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gpuledger.model import job_summary as told
from gpuledger.model.devices import gpu_model
from gpuledger.model.job_summary import SummaryColumn
from gpuledger.sources.job_summary import earlier
from gpuledger.sources.job_summary.cells import Cells, Refused
from gpuledger.sources.job_summary.earlier import Doubts, Setting

EXACT_TIMES = ("Started (UTC)", "Ended (UTC)", "Submitted (UTC)", "Observed (UTC)")
NEWER = frozenset({"CPUs In Use As Told"})
"""Columns of ours that tables of earlier versions of ours lack."""
HELD = frozenset(column.header for column in told.OWN if column.column) - NEWER
"""Columns of ours that hold a column of an attempt."""
NEVER_NULL = ("cluster", "job_id", "attempt_id", "state")
ID_LENGTH = 8
"""Hexadecimal digits of a GPU's short name."""


@dataclass(frozen=True)
class Read:
    """Rows of job_attempts, attempt_gpus and attempt_events that one line tells, its number among the attempts, and what a
    DAG says of its node; `others` are nodes that no line is of, `reach` is how far the logs it is from tell. `logs` (rows of
    snapshots) and `not_read` (sentences) are of the whole table.
    """

    attempt: dict[str, Any]
    gpus: list[dict[str, Any]]
    events: list[dict[str, Any]]
    sequence: int
    retry_limit: int | None = None
    is_done_in_rescue: bool | None = None
    is_declared: bool | None = None
    others: Sequence[Mapping[str, Any]] = ()
    reach: tuple[datetime | None, datetime | None] = (None, None)
    logs: Sequence[Mapping[str, Any]] = ()
    not_read: Sequence[str] = ()


def read(cells: Cells, own: Sequence[SummaryColumn], setting: Setting, doubts: Doubts, reported_by: str) -> Read:
    """`own` are those of our columns in the table that hold a column of an attempt.

    Raises Refused for a row that cannot be believed.
    """
    sequence = cells.get("Attempt Sequence")
    attempt = _whole(cells, own, setting) if cells.at.keys() >= HELD else None
    if attempt is None:
        has_exact_times = all(cells.has(header) for header in EXACT_TIMES)
        attempt = earlier.attempt(cells, setting, doubts, has_exact_times=has_exact_times)
        attempt["attempt_id"] = _attempt_id(attempt, sequence)
        _overlay(attempt, cells, own)
    _check(attempt)
    if own and attempt["ended_at"] is None:
        attempt["reported_by"] = reported_by
    return Read(
        attempt,
        _gpus(cells, attempt),
        _events(cells, attempt) if cells.has(told.ATTEMPT_EVENTS) else list(earlier.events(cells, setting, attempt)),
        sequence or 0,
        cells.get(told.RETRY_LIMIT),
        cells.get(told.IS_DONE_IN_RESCUE),
        cells.get(told.IS_DECLARED),
        others(cells),
        (cells.get(told.TOLD_SINCE), cells.get(told.TOLD_UNTIL)),
        logs(cells),
        list(not_read(cells)),
    )


def numbered(found: Read) -> Read:
    """The same under a name of its own, where another attempt of the job has one moment with it."""
    name = {"attempt_id": f"{found.attempt['attempt_id']}+{found.sequence}"}
    return replace(
        found, attempt=found.attempt | name, gpus=[gpu | name for gpu in found.gpus],
        events=[event | name for event in found.events],
    )  # fmt: skip


def _whole(cells: Cells, own: Sequence[SummaryColumn], setting: Setting) -> dict[str, Any] | None:
    """The attempt by our columns alone; None for a row in which somebody emptied a cell that is never empty."""
    attempt = {"cluster": setting.cluster}
    _overlay(attempt, cells, own)
    return attempt if all(attempt.get(name) for name in NEVER_NULL) else None


def _attempt_id(attempt: Mapping[str, Any], sequence: int | None) -> str:
    """Access point, job and moment of the match as far as the row tells it; without one the attempt's number."""
    moment: datetime | None = attempt["matched_at"] or attempt["started_at"]
    last = str(int(moment.timestamp())) if moment else f"attempt {sequence or 0}"
    return f"{attempt['cluster']}#{attempt['job_id']}#{last}"


def _overlay(attempt: dict[str, Any], cells: Cells, own: Sequence[SummaryColumn]) -> None:
    row, at = cells.row, cells.at
    for column in own:
        value = cells.get(column.header) if row[at[column.header]] else None
        if value is not None or column.column not in NEVER_NULL:
            attempt[column.column] = value
    for name in ("host_names", "tags"):
        if any(not isinstance(each, str) for each in attempt.get(name) or ()):
            raise Refused(f"{name.replace('_', ' ')} is not a list of texts")


def _check(attempt: Mapping[str, Any]) -> None:
    """What our own columns may contradict when somebody edited them."""
    started, ended = attempt["started_at"], attempt["ended_at"]
    for moment in (started, ended, attempt["submitted_at"]):
        if moment is not None and moment.tzinfo is None:
            raise Refused("a time that must be UTC has no offset")
    if started and ended and ended < started:
        raise Refused("it ends before it starts")


def _gpus(cells: Cells, attempt: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = cells.get(told.ATTEMPT_GPUS)
    if cells.has(told.ATTEMPT_GPUS):
        return [_listed(item, told.GPU_COLUMNS, ("host", "gpu"), attempt) | _life(attempt) for item in listed or ()]
    if not (attempt["gpu_count"] and cells.get("GPU Device Name")):
        return []
    return [_first_gpu(cells, attempt)]


def _first_gpu(cells: Cells, attempt: Mapping[str, Any]) -> dict[str, Any]:
    """The earlier tool describes the first GPU only; the others stay under the attempt's model. Its "driver" is CUDA's."""
    uuid, short = cells.get("GPU UUID"), cells.get("GPU ID")
    name = short or (f"GPU-{uuid.removeprefix('GPU-')[:ID_LENGTH]}" if uuid else "slot:1")
    return {
        "cluster": attempt["cluster"],
        "attempt_id": attempt["attempt_id"],
        "host": "",
        "gpu": name,
        "gpu_model": gpu_model(cells.get("GPU Device Name")).name,
        "gpu_memory_bytes": attempt["gpu_memory_bytes"],
        "capability": cells.get("GPU Capability"),
        "cuda_version": cells.get("GPU Driver Version"),
        "is_ecc_enabled": cells.get("GPU ECC Enabled"),
        "gpu_uuid": uuid,
        "bus_id": cells.get("GPU PCI Bus ID"),
        "share_ratio": 1.0,
        **_life(attempt),
    }


def _life(attempt: Mapping[str, Any]) -> dict[str, Any]:
    return {name: attempt[name] for name in ("started_at", "ended_at", "observed_at")}


def _events(cells: Cells, attempt: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = cells.get(told.ATTEMPT_EVENTS) or ()
    rows = [_listed(item, told.EVENT_COLUMNS, ("time", "event_kind"), attempt) for item in listed]
    for row in rows:
        for name in ("time", "ended_event_at"):
            row[name] = _instant(row.get(name))
    return rows


def others(cells: Cells) -> list[dict[str, Any]]:
    """Nodes that no row is of. Raises Refused."""
    listed = cells.get(told.OTHER_NODES) or ()
    rows = [
        _listed(item, told.OTHER_NODE_COLUMNS, ("cluster", "workflow", "workflow_run", "node_name"), {})
        for item in listed
    ]
    if any(not isinstance(row["is_done_in_rescue"], (bool, type(None))) for row in rows):
        raise Refused("a list of nodes cannot be read")
    return rows


def logs(cells: Cells) -> list[dict[str, Any]]:
    """From when until when each log tells. Raises Refused."""
    rows = [_listed(item, told.LOG_COLUMNS, ("cluster", "source", "time"), {}) for item in cells.get(told.LOGS) or ()]
    for row in rows:
        row.update({name: _instant(row[name]) for name in ("time", "since", "until")})
    return rows


def not_read(cells: Cells) -> Iterator[str]:
    """What was not read of what the table was made of. Raises Refused."""
    for item in cells.get(told.NOT_READ) or ():
        if not isinstance(item, dict):
            raise Refused("a list of what was not read cannot be read")
        line, count = item.get("line"), item.get("count")
        where = f", line {line:,}" if isinstance(line, int) else ""
        often = f" ({count:,} times)" if isinstance(count, int) and count > 1 else ""
        yield f"the table was made without all of {item.get('input')}{where}: {item.get('reason')}{often}"


def _instant(text: Any) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise Refused("the time of an event is not a time") from None
    if moment.tzinfo is None:
        raise Refused("the time of an event has no offset")
    return moment


def _listed(item: Any, columns: Sequence[str], key: Sequence[str], attempt: Mapping[str, Any]) -> dict[str, Any]:
    """One object of a JSON cell as a row of the attempt. Raises Refused where it lacks its key or is no object."""
    if not isinstance(item, dict) or any(not isinstance(item.get(name), str) for name in key):
        raise Refused(f"a list of {' and '.join(key)} cannot be read")
    row = {name: attempt[name] for name in ("cluster", "attempt_id") if name in attempt}
    for name in columns:
        each = row[name] = item.get(name)
        if each is None or (name in _LISTS and isinstance(each, list)) or (type(each) is str and name not in _NUMBERS):
            continue
        if isinstance(each, (dict, list)) or (name in _NUMBERS and not isinstance(each, (int, float))):
            raise Refused(f"{name} in a list is not of its kind")
    return row


_LISTS = frozenset({"told_tables"})
_NUMBERS = frozenset(
    {
        "gpu_index",
        "gpu_memory_bytes",
        "share_ratio",
        "code",
        "subcode",
        "sent_bytes",
        "received_bytes",
        "retry_limit",
        "row_count",
    }
)
