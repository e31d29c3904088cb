"""The period cut into days, weeks or months, and sums in its parts."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gpuledger.metrics.bins import cut
from gpuledger.model.chart import Series
from gpuledger.model.period import By, next_edge
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.scene import Scene
from gpuledger.reports._experiment.shapes import OTHERS

if TYPE_CHECKING:
    from gpuledger.metrics.events import Floats, Whole

MOST_DAYS, MOST_WEEKS = 200, 1000
COLOURED = 12
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, eq=False)
class Course:
    """Bins of one step. `word` names them ("days")."""

    scene: Scene
    step: By

    @classmethod
    def of(cls, scene: Scene) -> "Course":
        """Hours of a short period, days of one of months, weeks and months of longer ones."""
        days = scene.ask.period.seconds / 86_400
        return cls(
            scene, "hour" if days <= 3 else "day" if days <= MOST_DAYS else "week" if days <= MOST_WEEKS else "month"
        )

    @property
    def word(self) -> str:
        return f"{self.step}s"

    @cached_property
    def edges(self) -> tuple[datetime, ...]:
        return tuple(cut(self.scene.ask.period, self.step, self.scene.ask.display_zone).edges)

    @cached_property
    def edges_us(self) -> "Floats":
        start = self.scene.ask.period.start
        return np.array([(edge - start).total_seconds() * 1e6 for edge in self.edges])

    @property
    def seconds(self) -> float | None:
        """Width of a bin where all have one."""
        return {"hour": 3600.0, "day": 86_400.0, "week": 604_800.0}.get(self.step)

    def begin(self, number: int) -> str:
        """When a bin begins, in words."""
        worded = words.stamp if self.step == "hour" else words.day
        return worded(self.edges[number], self.scene.ask.display_zone)

    def foot(self, text: str) -> str:
        """What a chart says of its amounts, and which bins the ends of the period cut: they are no poor days."""
        start, end = self.edges[0], self.edges[-1]
        cut_off = [name for name, edge in (("first", start), ("last", end)) if not self._is_edge(edge)]
        if not cut_off:
            return text
        be = "is" if len(cut_off) == 1 else "are"
        return f"{text} · the {' and '.join(cut_off)} {self.step} {be} not whole"

    def _is_edge(self, moment: datetime) -> bool:
        """Does the calendar of the zone begin a part at this moment?"""
        return next_edge(moment - MOMENT, self.step, self.scene.ask.display_zone) == moment

    @property
    def names(self) -> tuple[str, ...]:
        """Sites with a colour that are there, in the order of the colours, then the rest."""
        return (*(name for name in self.scene.ranks["site"] if name in self.scene.by_site), OTHERS)

    @cached_property
    def rows(self) -> "Whole":
        """Which of `names` each attempt has."""
        site = self.scene.tries.names["site"]
        place = {name: n for n, name in enumerate(self.names)}
        of_label = np.array([place.get(label, len(self.names) - 1) for label in site.labels] or [0])
        return of_label[site.codes]

    def places(self, moments: "Floats") -> "Whole":
        """The bin of each moment, -1 outside the period."""
        found = np.searchsorted(self.edges_us, np.nan_to_num(moments, nan=-1.0), side="right") - 1
        return np.where((moments >= 0) & (moments < self.edges_us[-1]), found, -1)

    def counted(self, moments: "Floats", amounts: "Floats") -> "Floats":
        """[name, bin]: Σ of amounts whose moment lies in the bin."""
        bins, held = self.places(moments), np.nan_to_num(amounts)
        size = len(self.edges) - 1
        inside = bins >= 0
        flat = np.bincount(
            self.rows[inside] * size + bins[inside], weights=held[inside], minlength=len(self.names) * size
        )
        return flat.reshape(len(self.names), size).astype(np.float64)

    def spread(self, rates: "Floats") -> "Floats":
        """[name, bin]: hours × rate while attempts ran that are over, each hour in the bin in which it was."""
        tries = self.scene.tries
        started, ended, rate = (
            np.nan_to_num(tries["started_us"]),
            np.nan_to_num(tries["counted_us"]),
            np.nan_to_num(rates),
        )
        ran = tries.is_executed & ~tries.is_open
        began, until, weight, rows = started[ran], np.maximum(ended[ran], started[ran]), rate[ran], self.rows[ran]
        before = [
            np.bincount(rows, weights=weight * (np.clip(edge, began, until) - began), minlength=len(self.names))
            for edge in self.edges_us
        ]
        hours: Floats = np.diff(np.array(before, dtype=np.float64), axis=0).T / 3.6e9
        return hours

    def series(self, held: "Floats", *, is_running: bool = False, zero: Collection[str] = ()) -> tuple[Series, ...]:
        """One series a site with an amount, and one each for those of which it is known that theirs is `zero`;
        `is_running` adds up from the beginning."""
        totals = held.sum(axis=1)
        shown = np.cumsum(held, axis=1) if is_running else held
        return tuple(
            Series(name, name, tuple(row), total=float(total))
            for name, row, total in zip(self.names, shown.tolist(), totals.tolist(), strict=True)
            if total or name in zero
        )
