"""Rows of a file become events; a row that says too little or what cannot be becomes a problem."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.sources.thermal_csv import stamps, values

Flags = npt.NDArray[np.bool_]
Fault = tuple[Flags, str]
BAD_REASON = "the reason is no known kind of event"


@dataclass(frozen=True)
class Reading:
    """What holds for a whole input."""

    source: str
    zone: str
    order: str
    cluster: str
    site: str | None
    reasons: Mapping[str, str]
    columns: Mapping[str, str] = field(default_factory=dict)
    """The file's column for each of `columns.ALIASES` that it has."""


@dataclass(frozen=True)
class Told:
    """Events of the rows without a fault, and the fault of each of the others by the row's place."""

    events: pa.Table
    faults: Mapping[int, str]
    day_count: int
    has_local: bool


def events(given: pa.Table, reading: Reading) -> Told:
    """Rows of device_events in the file's order."""
    cells = {ours: values.trimmed(given[name]) for ours, name in reading.columns.items()}
    none = pa.nulls(len(given), pa.string())
    at = stamps.moments(pc.fill_null(cells["time"], ""), reading.zone, reading.order)
    heat, is_bad, is_far = values.temperatures(cells.get("temperature", none))
    mean, mean_is_bad, mean_is_far = values.temperatures(cells.get("mean", none))
    kinds = values.kinds(cells["reason"], reading.reasons)
    faults = _first(
        (_missing(cells["host"]), "it names no host"),
        (_missing(cells["gpu"]), "it names no GPU"),
        (_missing(cells["time"]), "it tells no time"),
        *_of_times(at, len(given)),
        (_missing(cells["reason"]), "it tells no reason"),
        (_missing(kinds), BAD_REASON),
        (is_bad, "the temperature is not a number"),
        (is_far, f"the temperature is not between {values.COLDEST:g} and {values.HOTTEST:g} °C"),
        (mean_is_bad, "the mean temperature is not a number"),
        (mean_is_far, f"the mean temperature is not between {values.COLDEST:g} and {values.HOTTEST:g} °C"),
    )
    rows = pa.table({
        "cluster": pc.fill_null(cells.get("cluster", none), reading.cluster),
        "host": cells["host"],
        "gpu": values.gpus(cells["gpu"]),
        "time": at.at,
        "device_event_kind": kinds,
        "source": pa.repeat(reading.source, len(given)),
        "time_precision": pc.if_else(pa.array(at.is_day), "day", "second"),
        "event_id": values.identities(heat, mean),
        "site": pc.coalesce(cells.get("site", none), pa.scalar(reading.site, pa.string())),
        "temperature_celsius": heat,
        "mean_temperature_celsius": mean,
        "message": cells["reason"],
    })  # fmt: skip
    is_good = np.ones(len(given), bool)
    is_good[list(faults)] = False
    return Told(
        rows if is_good.all() else rows.filter(pa.array(is_good)),
        faults,
        int((at.is_day & is_good).sum()),
        bool((at.is_local & is_good).any()),
    )


def _missing(column: pa.Array) -> Flags:
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False), bool)


def _of_times(at: stamps.Moments, count: int) -> Iterator[Fault]:
    for words in sorted(set(at.faults.values())):
        flags = np.zeros(count, bool)
        flags[[row for row, fault in at.faults.items() if fault == words]] = True
        yield flags, words


def _first(*faults: Fault) -> dict[int, str]:
    """The first fault of each row that has one, in the file's order."""
    told: dict[int, str] = {}
    for flags, words in reversed(faults):
        told |= dict.fromkeys(np.flatnonzero(flags).tolist(), words)
    return dict(sorted(told.items()))
