"""Which rows of one input are equal: told in 32 MB and 8 bytes a row."""

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Counts = npt.NDArray[np.int64]

FLAG_BITS = 25
"""32 MB of flags: one in four is set after 10 M rows."""

LONGEST_MERGED = 2_000_000
"""Longer runs stay as they are: merging them would hold each twice."""


class Seen:
    """Hashes of all rows so far, as sorted runs that double in length: adding and asking stay fast at any size.

    A table of flags by the first bits of a hash answers "never seen" for most without a search.
    """

    def __init__(self) -> None:
        self._runs: list[Hashes] = []
        self._flags = np.zeros(1 << FLAG_BITS, bool)

    def earlier(self, hashes: Hashes) -> Counts:
        """For each hash, how many equal ones came before it (earlier calls, and this one); all are then kept."""
        if not len(hashes):
            return np.zeros(0, np.int64)
        ordered = np.sort(hashes)
        counts = _number_among_equals(ordered) + self._before(ordered)
        self._keep(ordered)
        result = np.zeros(len(hashes), np.int64)
        if counts.any():
            result[np.argsort(hashes)] = counts
        return result

    def _before(self, ordered: Hashes) -> Counts:
        slots = ordered >> np.uint64(64 - FLAG_BITS)
        maybe = self._flags[slots]
        self._flags[slots] = True
        counts = np.zeros(len(ordered), np.int64)
        counts[maybe] = sum(_count(run, ordered[maybe]) for run in self._runs)
        return counts

    def _keep(self, ordered: Hashes) -> None:
        self._runs.append(ordered)
        while len(self._runs) > 1 and len(self._runs[-2]) <= min(2 * len(self._runs[-1]), LONGEST_MERGED):
            merged = np.concatenate([self._runs.pop(), self._runs.pop()])
            merged.sort(kind="stable")  # finds the two runs and merges them
            self._runs.append(merged)


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
