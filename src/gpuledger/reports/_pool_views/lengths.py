"""Lengths of spells: quantiles, boxes and a histogram of those whose two ends were seen; the cut ones told apart."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gpuledger.metrics.states.spells import Spell
from gpuledger.model.chart import Box

FEWEST, MOST_POINTS = 5, 50
"""Fewer lengths are points without a box; more points outside the whiskers are thinned."""
_POINTS = (5, 25, 50, 75, 95)


@dataclass(frozen=True)
class Lengths:
    """Spells of one kind."""

    spells: Sequence[Spell]

    @cached_property
    def whole(self) -> list[float]:
        """Lengths of those whose beginning and end were seen, shortest first."""
        return sorted(spell.seconds for spell in self.spells if spell.is_begun and spell.is_ended)

    @property
    def cut(self) -> int:
        """How many are cut at one end or both."""
        return len(self.spells) - len(self.whole)

    @property
    def hours(self) -> float:
        """GPU-hours of all of them, as far as they were seen."""
        return sum(spell.seconds for spell in self.spells) / 3600

    def at(self, percent: float) -> float | None:
        """The length that this share of the whole ones does not exceed; None of none."""
        return float(np.percentile(self.whole, percent)) if self.whole else None

    @cached_property
    def survival_median(self) -> float | None:
        """The median by Kaplan and Meier: a spell whose end was not seen counts as lasting at least as long as it was
        seen. None when fewer than half are known to have ended."""
        begun = sorted((spell.seconds, not spell.is_ended) for spell in self.spells if spell.is_begun)
        left = 1.0
        for number, (seconds, is_cut) in enumerate(begun):
            at_risk = len(begun) - number
            left *= 1.0 if is_cut else 1 - 1 / at_risk
            if left <= 0.5 + 1e-12:
                return seconds
        return None

    def box(self, key: str, label: str) -> Box:
        """Quartiles and 5 to 95 % of the whole ones."""
        values = self.whole
        if len(values) < FEWEST:
            return Box(key, label, len(values), None, None, None, None, None, outliers=tuple(values))
        low, q1, median, q3, high = (float(value) for value in np.percentile(values, _POINTS))
        outside = [value for value in values if not low <= value <= high]
        thinned = outside[:: -(-len(outside) // MOST_POINTS) or 1]
        return Box(key, label, len(values), low, q1, median, q3, high, float(np.mean(values)), tuple(thinned))

    def counts(self, edges: Sequence[float]) -> tuple[float, ...]:
        """How many of the whole ones lie between the edges."""
        return tuple(float(count) for count in np.histogram(self.whole, edges)[0])


def edges_of(step: float, lengths: Iterable[Lengths]) -> tuple[float, ...]:
    """Edges between numbers of readings, each bin twice as wide: 1, 2 to 3, 4 to 7 … readings of `step` seconds."""
    longest = max((length.whole[-1] for length in lengths if length.whole), default=step)
    edges = [step / 2]
    while edges[-1] <= longest:
        edges.append((2 ** len(edges) - 0.5) * step)
    return tuple(edges)
