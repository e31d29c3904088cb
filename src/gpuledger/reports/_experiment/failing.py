"""Which attempts failed, counted by host and GPU, and which of these places are surely worse than the others."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import exp, lgamma, log, sqrt
from typing import TYPE_CHECKING

import numpy as np

from gpuledger.metrics import NOT_KNOWN
from gpuledger.metrics.workflows.names import Names
from gpuledger.metrics.workflows.tries import LOST

if TYPE_CHECKING:
    from gpuledger.metrics.events import Floats, Whole
    from gpuledger.reports._experiment.scene import Scene

NO_FAILURE = ("removed", "policy", "checkpoint", "quota", "unknown")
"""Kinds of causes that say nothing about the place."""
Z = 1.96
SURE = 0.01
NEGLIGIBLE = 1e-15
_HALVINGS = 24
"""Of an interval, until a share is known to less than a millionth."""
FEWEST = 5
"""A place with fewer attempts is never called worse than others."""


@dataclass(frozen=True)
class Place:
    """Attempts of one host or GPU that were decided there, and how many of them failed."""

    name: str
    site: str
    decided: int
    failed: int
    lost_gpu: float
    cause: str

    @property
    def ratio(self) -> float:
        return self.failed / self.decided if self.decided else 0.0

    @property
    def least_ratio(self) -> float:
        """The lower end of Wilson's 95 % interval: how bad it is at least, looked at alone."""
        return wilson(self.failed, self.decided)[0]

    def surely(self, tested: int) -> float | None:
        """How bad it is at least, looked at as one of `tested` places; None of one with too few attempts to say."""
        return surely_at_least(self.failed, self.decided, tested) if self.decided >= FEWEST else None


def wilson(failed: int, decided: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share. Source: Wilson 1927, JASA 22, 209."""
    if not decided:
        return 0.0, 1.0
    share = failed / decided
    middle = share + Z * Z / (2 * decided)
    half = Z * sqrt(share * (1 - share) / decided + Z * Z / (4 * decided * decided))
    whole = 1 + Z * Z / decided
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def is_surely_more(failed: int, decided: int, expected: float, tested: int) -> bool:
    """Whether so many failures are more than chance gives one of `tested` places at the `expected` share.

    The binomial tail, at 1 % for all places together (Bonferroni); fewer than five attempts never are.
    """
    if decided < FEWEST or not 0 < expected < 1 or failed <= expected * decided:
        return False
    return _tail(failed, decided, expected) < SURE / max(1, tested)


@lru_cache(maxsize=1 << 14)
def surely_at_least(failed: int, decided: int, tested: int) -> float:
    """The share that a place fails at least: the largest than which `is_surely_more` finds it worse.

    The lower end of the exact interval at 1 % for all places together. Source: Clopper, Pearson 1934, Biometrika 26, 404.
    """
    if not failed:
        return 0.0
    low, high = 0.0, failed / decided
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _tail(failed, decided, middle) < SURE / max(1, tested) else (low, middle)
    return low


def _tail(failed: int, decided: int, expected: float) -> float:
    """The chance of so many failures or more, of at least as many as are expected: each further one is less likely."""
    if not 0 < expected < 1:
        return float(expected > 0)
    ways = lgamma(decided + 1) - lgamma(failed + 1) - lgamma(decided - failed + 1)
    each = exp(ways + failed * log(expected) + (decided - failed) * log(1 - expected))
    whole, odds = 0.0, expected / (1 - expected)
    for k in range(failed, decided + 1):
        whole += each
        each *= (decided - k) / (k + 1) * odds
        if each < whole * NEGLIGIBLE:
            break
    return whole


@dataclass(frozen=True, eq=False)
class Failures:
    """Which attempts failed, counted by place."""

    scene: "Scene"

    @cached_property
    def is_failed(self) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        tries = self.scene.tries
        kinds = tries.kind
        counts = np.array([label not in NO_FAILURE for label in kinds.labels] or [False])
        failed: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
            tries.is_inside & (tries.fate == LOST) & counts[kinds.codes]
        )
        return failed

    @cached_property
    def is_decided(self) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Failed or succeeded: removed and open attempts tell neither."""
        decided: np.ndarray[tuple[int], np.dtype[np.bool_]] = self.is_failed | (
            self.scene.tries.is_inside & self.scene.tries.is_success
        )
        return decided

    @cached_property
    def ratio(self) -> float:
        """Of all attempts."""
        decided = int(self.is_decided.sum())
        return int(self.is_failed.sum()) / decided if decided else 0.0

    @cached_property
    def hosts(self) -> tuple[Place, ...]:
        tries = self.scene.tries
        return self._places(tries.names["host"], np.arange(len(tries)), np.ones(len(tries)))

    @cached_property
    def resources(self) -> tuple[Place, ...]:
        """Parts of sites that an overlay names (OSPool's), where there are any."""
        tries = self.scene.tries
        named = tries.names["resource_name"].renamed(
            [label or NOT_KNOWN for label in tries.names["resource_name"].labels]
        )
        return self._places(named, np.arange(len(tries)), np.ones(len(tries)))

    @cached_property
    def gpus(self) -> tuple[Place, ...]:
        parts = self.scene.tries.parts
        return self._places(parts.gpus, parts.rows, parts.weights)

    def _places(self, names: Names, rows: "Whole", weights: "Floats") -> tuple[Place, ...]:
        tries, size = self.scene.tries, len(names.labels)
        failed, decided = self.is_failed[rows], self.is_decided[rows]
        counts = [np.bincount(names.codes, weights=chosen, minlength=size) for chosen in (decided, failed)]
        lost = np.bincount(names.codes, weights=np.nan_to_num(tries.gpu_hours[rows] * weights) * failed, minlength=size)
        site, cause = self._last(names, rows, decided), self._last(names, rows, failed)
        found = [
            Place(
                names.labels[n], tries.names["site"].labels[tries.names["site"].codes[site[n]]], int(counts[0][n]), int(counts[1][n]),
                float(lost[n]), tries.cause.of_row(cause[n]) if counts[1][n] else "",
            )
            for n in range(size) if counts[0][n] and names.labels[n] != NOT_KNOWN
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda place: (-place.least_ratio, -place.failed, place.name)))

    @staticmethod
    def _last(names: Names, rows: "Whole", chosen: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> list[int]:
        """The last row of each name among the chosen, -1 where there is none."""
        last = np.full(len(names.labels), -1, dtype=np.int64)
        last[names.codes[chosen]] = rows[chosen]
        return last.tolist()

    @staticmethod
    def tested(places: tuple[Place, ...]) -> int:
        """How many of the places have enough attempts to be compared."""
        return sum(place.decided >= FEWEST for place in places)

    def worse(self, places: tuple[Place, ...]) -> tuple[Place, ...]:
        """Places that fail more than all others do, more than chance gives the worst of so many."""
        failed, decided = int(self.is_failed.sum()), int(self.is_decided.sum())
        tested = self.tested(places)

        def elsewhere(place: Place) -> float:
            others = decided - place.decided
            return max((failed - place.failed) / others, 1 / others) if others > 0 else 1.0

        return tuple(p for p in places if is_surely_more(p.failed, p.decided, elsewhere(p), tested))
