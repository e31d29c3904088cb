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
    cells = _Cells(given, reading)
    faults, is_good = cells.faults(), np.ones(len(given), bool)
    is_good[list(faults)] = False
    rows = cells.rows()
    return Told(
        rows if is_good.all() else rows.filter(pa.array(is_good)),
        faults,
        int((cells.at.is_day & is_good).sum()),
        bool((cells.at.is_local & is_good).any()),
    )


class _Cells:
    """The cells of some rows, read as what they tell."""

    def __init__(self, given: pa.Table, reading: Reading) -> None:
        self._reading, self._count = reading, len(given)
        self._texts = {ours: values.trimmed(given[name]) for ours, name in reading.columns.items()}
        self.at = stamps.moments(pc.fill_null(self._texts["time"], ""), reading.zone, reading.order)
        self._heat, *self._heat_faults = values.temperatures(self._text("temperature"))
        self._mean, *self._mean_faults = values.temperatures(self._text("mean"))
        self._kinds = values.kinds(self._texts["reason"], reading.reasons)

    def _text(self, name: str) -> pa.Array:
        """A column; null throughout where the file lacks it."""
        return self._texts.get(name, pa.nulls(self._count, pa.string()))

    def faults(self) -> dict[int, str]:
        """What is wrong with each row that cannot be an event."""
        return _first(
            (_missing(self._texts["host"]), "it names no host"),
            (_missing(self._texts["gpu"]), "it names no GPU"),
            (_missing(self._texts["time"]), "it tells no time"),
            *_of_times(self.at, self._count),
            (_missing(self._texts["reason"]), "it tells no reason"),
            (_missing(self._kinds), BAD_REASON),
            *_of_temperatures("temperature", *self._heat_faults),
            *_of_temperatures("mean temperature", *self._mean_faults),
        )

    def rows(self) -> pa.Table:
        """The columns of device_events, of every row."""
        return pa.table({
            "cluster": pc.fill_null(self._text("cluster"), self._reading.cluster),
            "host": self._texts["host"],
            "gpu": values.gpus(self._texts["gpu"]),
            "time": self.at.at,
            "device_event_kind": self._kinds,
            "source": pa.repeat(self._reading.source, self._count),
            "time_precision": pc.if_else(pa.array(self.at.is_day), "day", "second"),
            "event_id": values.identities(self._heat, self._mean),
            "site": pc.coalesce(self._text("site"), pa.scalar(self._reading.site, pa.string())),
            "temperature_celsius": self._heat,
            "mean_temperature_celsius": self._mean,
            "message": self._texts["reason"],
        })  # fmt: skip


def _missing(column: pa.Array) -> Flags:
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False), bool)


def _of_times(at: stamps.Moments, count: int) -> Iterator[Fault]:
    for words in sorted(set(at.faults.values())):
        flags = np.zeros(count, bool)
        flags[[row for row, fault in at.faults.items() if fault == words]] = True
        yield flags, words


def _of_temperatures(what: str, is_bad: Flags, is_far: Flags) -> Iterator[Fault]:
    yield is_bad, f"the {what} is not a number"
    yield is_far, f"the {what} is not between {values.COLDEST:g} and {values.HOTTEST:g} °C"


def _first(*faults: Fault) -> dict[int, str]:
    """The first fault of each row that has one, in the file's order."""
    told: dict[int, str] = {}
    for flags, words in reversed(faults):
        told |= dict.fromkeys(np.flatnonzero(flags).tolist(), words)
    return dict(sorted(told.items()))
