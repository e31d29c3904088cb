"""Which column of the file is which: by the names that files of this kind are known to use."""

import re
from collections.abc import Iterable, Mapping

from gpuledger.model.errors import SourceError

ALIASES: Mapping[str, tuple[str, ...]] = {
    "host": ("node", "host", "hostname", "host_name", "node_name", "server"),
    "gpu": ("gpu_id", "gpu", "device_id", "device", "slot"),
    "time": ("timestamp", "time", "datetime", "date_time", "event_time", "date", "event_date"),
    "reason": ("reason", "issue_type", "type", "status", "event_type"),
    "temperature": (
        "temp", "temperature", "gpu_temp", "gpu_temperature", "thermal", "temp_c", "temperature_c", "temperature_celsius",
    ),
    "mean": ("avg_temp", "average_temp", "avg_temperature", "average_temperature", "mean_temp", "mean_temperature_celsius"),
    "site": ("site", "data_center", "datacenter"),
    "cluster": ("cluster",),
}  # fmt: skip
"""What a column is called, the first name that a file has wins."""
NEEDED = {"host": "the host", "gpu": "the GPU", "time": "the time", "reason": "the reason"}
SAME_DAY = ("date", "event_date")
"""The day of the time, told once more."""


def named(header: Iterable[str]) -> dict[str, str]:
    """The file's column for each of ALIASES that it has."""
    held = {_folded(name): name for name in reversed(list(header))}
    return {
        ours: held[found] for ours, names in ALIASES.items() if (found := next((n for n in names if n in held), None))
    }


def required(header: tuple[str, ...]) -> dict[str, str]:
    """The same. Raises SourceError naming what the file lacks."""
    found = named(header)
    missing = [f"{words} ({ALIASES[ours][0]})" for ours, words in NEEDED.items() if ours not in found]
    if missing:
        lacks = " and ".join(missing)
        raise SourceError(f"No column tells {lacks}; the columns are {', '.join(header[:20])}.")
    return found


def left_out(header: Iterable[str], found: Mapping[str, str]) -> list[str]:
    """Columns that nothing is read from, but for the day beside the time."""
    return [name for name in header if name not in found.values() and _folded(name) not in SAME_DAY]


def _folded(name: str) -> str:
    """ "GPU Temp (C)" as gpu_temp_c."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")
