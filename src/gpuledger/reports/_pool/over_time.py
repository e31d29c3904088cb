"""What GPUs did over time: all of them by state, and each class's allocated share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from gpuledger.metrics import InUse
from gpuledger.model.capacity import CLASSES, OPEN, RESEARCHER, RESERVED
from gpuledger.model.chart import Axis, Chart, Lines, Series
from gpuledger.reports import _words as words
from gpuledger.reports._pool.past import Past
from gpuledger.reports._pool.scene import Pool, class_label

Numbers = "np.ndarray[Any, np.dtype[np.float64]]"
_KEYS: Mapping[str, str] = {
    "allocated": "primary", "secondary": "secondary", "idle": "idle", "owner": "owner", "drained": "drained",
    "prevented": "prevented", "unknown": "no_data",
}  # fmt: skip
"""Parts from the bottom (what works, what could, what could not) and their keys in the theme."""
DRAWN = (RESEARCHER, RESERVED, OPEN)
"""Classes that have a line: the others are a few GPUs that jump."""
_LABELS = {"allocated": "Allocated", "secondary": "Secondary", "idle": "Idle", "owner": "With their owner",
           "drained": "Drained", "prevented": "Prevented", "unknown": "State not known"}  # fmt: skip
_MOST_POINTS = 48


@dataclass(frozen=True)
class Course:
    """The period in bins: GPUs by state, and present and allocated ones by class."""

    pool: Pool
    past: Past

    @cached_property
    def series(self) -> Mapping[str, InUse]:
        """The GPUs of each part, and all present, by class."""
        return self.past.course

    @property
    def present(self) -> InUse:
        return self.series["present"]

    def charts(self) -> Iterator[Chart]:
        yield self._states()
        yield self._shares()

    def spark(self, part: str | None, *, is_share: bool = False) -> tuple[float | None, ...]:
        """One state (None: all present) over time in a few dozen points, as GPUs or as a share of those present."""
        whole = self.present.observed.sum(axis=0)
        wanted = self.series[part].observed.sum(axis=0) if part else whole
        values = np.divide(wanted, whole, out=np.full_like(whole, np.nan), where=whole > 0) if is_share else wanted
        return thinned(values, self.present.covered)

    def _states(self) -> Chart:
        use = self.present
        series = tuple(
            Series(key, _LABELS[part], _values(held.observed.sum(axis=0)), total=float(held.hours.sum()))
            for part, key in _KEYS.items()
            if (held := self.series[part]).hours.sum() > 0
        )
        return Chart(
            id="states-over-time",
            title=f"GPUs by state, mean of {words.duration(float(use.bin_seconds[0]))}",
            finding=self._fullest(),
            x=Axis("", kind="time", values=use.edges[:-1], zone=self.pool.ask.display_zone),
            y=Axis("GPUs", unit="gpu"),
            shape=Lines("area", True, series, float(use.bin_seconds[0]), total_unit="gpu_hour"),
            dimension="part",
            readout=self._readout(),
            foot=f"Physical GPUs, each once · {self.pool.foot}",
            gaps=self.pool.view.gaps,
            empty="" if series else "No GPU was reported in the period.",
        )

    def _shares(self) -> Chart:
        allocated, present = self.series["allocated"], self.present
        shown = [name for name in self.pool.classes if name in DRAWN]
        return Chart(
            id="allocated-over-time",
            title=f"Allocated share by class, mean of {words.duration(float(present.bin_seconds[0]))}",
            finding=self._means(),
            x=Axis("", kind="time", values=present.edges[:-1], zone=self.pool.ask.display_zone),
            y=Axis("Allocated", unit="ratio"),
            shape=Lines("line", False, tuple(_share(name, allocated, present) for name in shown), float(present.bin_seconds[0])),
            dimension="class",
            left_out=_without(self.pool),
            foot=f"Allocated ÷ present GPUs of each class · {self.pool.foot}",
            gaps=self.pool.view.gaps,
        )  # fmt: skip

    def _readout(self) -> str:
        present, allocated = self.pool.value("present_gpus"), self.pool.value("allocated_gpus")
        if not present:
            return ""
        return f"mean {words.gpus(allocated)} allocated of {words.gpus(present)} ({words.percent(allocated / present)})"

    def _fullest(self) -> str:
        use = self.present
        working = np.nan_to_num(self.series["allocated"].observed.sum(axis=0))
        if not working.size or working.max() <= 0:
            return "No primary job ran in the time observed."
        most, zone = int(working.argmax()), self.pool.ask.display_zone
        length = words.duration(float(use.bin_seconds[most]))
        return f"The fullest {length} began {words.stamp(use.edges[most], zone)}: {words.gpus(float(working[most]))} GPUs allocated."

    def _means(self) -> str:
        ratios = self.pool.answers["class"].of("allocated_ratio")
        said = [
            f"{class_label(name)} {words.percent(ratio)}"
            for name in self.pool.classes
            if (ratio := ratios[(name,)]) is not None
        ]
        return f"On average: {', '.join(said)}." if said else ""


def _without(pool: Pool) -> str:
    """Classes without a line."""
    present = pool.answers["class"].of("present_gpus")
    those = [
        f"{class_label(name)} ({words.gpus(present[(name,)] or 0.0)} GPUs)"
        for name in pool.classes
        if name not in DRAWN
    ]
    return f"Not drawn: {', '.join(those)}." if those else ""


def _share(name: str, allocated: InUse, present: InUse) -> Series:
    held, whole = (use.observed[use.names.index(name)] for use in (allocated, present))
    ratio = np.divide(held, whole, out=np.full_like(whole, np.nan), where=whole > 0)
    return Series(class_label(name), CLASSES[name], _values(ratio))


def _values(values: Any) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else value for value in values.tolist())


def thinned(values: Any, weights: Any) -> tuple[float | None, ...]:
    """Weighted means of neighbours, at most `_MOST_POINTS` of them."""
    size = -(-len(values) // _MOST_POINTS)
    parts = [slice(at, at + size) for at in range(0, len(values), size)]
    known = [(values[part][~np.isnan(values[part])], weights[part][~np.isnan(values[part])]) for part in parts]
    return tuple(float(np.average(v, weights=w)) if w.sum() > 0 else None for v, w in known) if len(parts) > 2 else ()
