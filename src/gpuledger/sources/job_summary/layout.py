"""Which table a header belongs to, and what it leaves unsaid."""

import csv
import io
from collections.abc import Sequence

from gpuledger.model.errors import SourceError
from gpuledger.model.job_summary import EARLIER, OWN

NEEDED = ("Job Name", "HTCondor Cluster ID", "Attempt Sequence", "Final Status", "Start Time")
"""Columns of every generation; a table without one of them is another table."""
MONITORS = ("GlideinResource", "DeviceName", "GlobalMemoryMb")
"""Names that only the live monitor's table has."""

PARTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("the run of a node", ("Run UUID", "Workflow Run")),
    ("the site", ("Targeted Resource", "Site")),
    ("OSPool's sites", ("GLIDEIN Resource Name",)),
    ("GPU capability", ("GPU Capability",)),
    ("submission", ("Submit Time", "Submitted (UTC)")),
    ("ends", ("End Time", "Ended (UTC)")),
    ("numbers of GPUs", ("Number of GPUs",)),
    ("DAGs", ("DAG Source",)),
    ("bytes", ("Total Bytes Sent", "Total Bytes Received")),
    ("GPU ids", ("GPU UUID", "GPU ID")),
    ("use of GPU", ("GPU Usage", "GPU Busy (0 to 1)")),
    ("use of CPU, memory and disk", ("CPU Usage", "CPU Time Used (seconds)")),
    ("input transfers", ("Transfer Input Start Time", "Transfer In (seconds)")),
)
"""What is missing where none of the columns beside it is there."""


def first_line(head: bytes) -> list[str]:
    """The cells of the first line; [] for what is no text."""
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    line = text.splitlines()[0] if text else ""
    if "\0" in line:
        return []
    try:
        return [name.strip() for name in next(csv.reader(io.StringIO(line)), [])]
    except csv.Error:
        return []


def claimed(head: bytes) -> str | None:
    """What the input is in words, None when it is another table."""
    names = first_line(head)
    if any(name in names for name in MONITORS) and "Attempt Sequence" not in names:
        raise SourceError(
            "This is the live monitor's table, which leaves out attempts; use the event log or job_summary.csv."
        )
    if any(name not in names for name in NEEDED):
        return None
    own = sum(column.header in names for column in OWN)
    return "experiment CSV of gpuledger" if own else f"experiment CSV of the earlier tool, {len(names)} columns"


def missing(names: Sequence[str]) -> list[str]:
    """What the table cannot tell, for people."""
    return [part for part, headers in PARTS if not any(name in names for name in headers)]


def unknown(names: Sequence[str]) -> list[str]:
    """Columns that nobody reads."""
    known = {column.header for column in (*EARLIER, *OWN)}
    return [name for name in names if name not in known]


def check(names: Sequence[str], table: str) -> None:
    """Raises SourceError, which names the table, for a header that is not ours, or that names a column twice."""
    if lacking := [name for name in NEEDED if name not in names]:
        raise SourceError(
            f"{table} has no column {lacking[0]!r}: it is no experiment CSV; its first line must hold the header."
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SourceError(f"{table} names {twice[0]!r} twice in its header; which one holds cannot be told.")
