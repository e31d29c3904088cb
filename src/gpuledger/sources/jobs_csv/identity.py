"""Which rows of one input are equal: told in memory that grows by 8 bytes a row."""

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]


class Seen:
    """Hashes of all rows so far, as sorted runs that double in length: adding and asking stay fast at any size."""

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def earlier(self, hashes: Hashes) -> Counts:
        """For each hash, how many equal ones came before it (earlier calls, and this one); all are then kept."""
        if not len(hashes):
            return np.zeros(0, np.int64)
        ordered = np.sort(hashes)
        if not _repeats(ordered) and not any(_count(run, ordered).any() for run in self._runs):
            self._keep(ordered)
            return np.zeros(len(hashes), np.int64)
        order = np.argsort(hashes)
        counts = _number_among_equals(ordered) + sum(_count(run, ordered) for run in self._runs)
        self._keep(ordered)
        result = np.empty(len(hashes), np.int64)
        result[order] = counts
        return result

    def _keep(self, ordered: Hashes) -> None:
        self._runs.append(ordered)
        while len(self._runs) > 1 and len(self._runs[-2]) <= 2 * len(self._runs[-1]):
            last = self._runs.pop()
            self._runs[-1] = np.sort(np.concatenate([self._runs[-1], last]))


def _repeats(ordered: Hashes) -> bool:
    return bool((ordered[1:] == ordered[:-1]).any())


def _number_among_equals(ordered: Hashes) -> Counts:
    """0, 1, 2 … within each stretch of equal values."""
    at = np.arange(len(ordered))
    is_first = np.ones(len(ordered), bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    numbers: Counts = at - np.maximum.accumulate(np.where(is_first, at, 0))
    return numbers


def _count(run: Hashes, ordered: Hashes) -> Counts:
    """How often each value stands in the run. Few do, so the second search is for those alone."""
    left = np.searchsorted(run, ordered, side="left")
    is_there = run[np.minimum(left, len(run) - 1)] == ordered
    counts = np.zeros(len(ordered), np.int64)
    if not is_there.any():
        return counts
    counts[is_there] = np.searchsorted(run, ordered[is_there], side="right") - left[is_there]
    return counts
