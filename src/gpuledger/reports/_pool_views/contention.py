"""Contention: GPU-hours that jobs of a project waited for while every GPU of the project in service was taken.

Self: while a job of the same user held one of those GPUs; other: while only jobs of others did.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_HOUR_US = 3.6e9
Side = tuple[str, str]
"""A cluster and a project."""


@dataclass(frozen=True)
class Contention:
    """GPU-hours of one user of one project."""

    waited: float = 0.0
    self: float = 0.0
    other: float = 0.0

    def __add__(self, more: "Contention") -> "Contention":
        return Contention(self.waited + more.waited, self.self + more.self, self.other + more.other)


class Times:
    """Spans apart from each other: how much of an interval lies in them, in the time of a search."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self._spans = sorted(spans)
        self._starts = [since for since, _ in self._spans]
        self._before = [0]
        for since, until in self._spans:
            self._before.append(self._before[-1] + until - since)

    @property
    def total(self) -> int:
        return self._before[-1]

    def within(self, since: int, until: int) -> int:
        """The part of [since, until) inside the spans."""
        return self._up_to(until) - self._up_to(since)

    def _up_to(self, moment: int) -> int:
        number = bisect_right(self._starts, moment)
        if number == 0:
            return 0
        since, until = self._spans[number - 1]
        return self._before[number - 1] + min(moment, until) - since


@dataclass(frozen=True)
class Crowding:
    """When the GPUs of each side were full, and who held some of them then."""

    full: Mapping[Side, Times]
    held: Mapping[tuple[str, str, str], Times]

    @classmethod
    def of(cls, full: Sequence[Mapping[str, Any]], holders: Sequence[Mapping[str, Any]]) -> "Crowding":
        """From the rows of `metrics.states.pressure.full` and `holders`."""
        whole, held = defaultdict(list), defaultdict(list)
        for row in full:
            whole[row["cluster"], row["side"]].append((row["since_us"], row["until_us"]))
        for row in holders:
            held[row["cluster"], row["side"], person(row["user"])].append((row["since_us"], row["until_us"]))
        return cls(
            {side: Times(spans) for side, spans in whole.items()}, {key: Times(_union(s)) for key, s in held.items()}
        )

    def hours(self, side: Side) -> float:
        """Hours for which the side's GPUs were full."""
        return self.full[side].total / _HOUR_US if side in self.full else 0.0

    def of_job(self, side: Side, job: Mapping[str, Any]) -> Contention:
        """One waiting job: since_us, until_us, gpus, user_name."""
        since, until, gpus = job["since_us"], job["until_us"], job["gpus"] / _HOUR_US
        crowded = self.full[side].within(since, until) if side in self.full else 0
        own = self.held.get((*side, person(job["user_name"] or "")))
        by_self = own.within(since, until) if own else 0
        return Contention((until - since) * gpus, by_self * gpus, (crowded - by_self) * gpus)


def _union(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans apart: two names of one person may have held GPUs at once."""
    apart: list[tuple[int, int]] = []
    for since, until in sorted(spans):
        if apart and since <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(until, apart[-1][1]))
        else:
            apart.append((since, until))
    return apart


def person(user: str) -> str:
    """The name before the domain: queues tell `ada`, slots `ada@pool.example.edu`."""
    return user.partition("@")[0]


def gini(amounts: Sequence[float]) -> float | None:
    """0 when all have the same, towards 1 when one has everything: Σ|a − b| over all pairs ÷ (2 n² mean)."""
    total, count = sum(amounts), len(amounts)
    if not total:
        return None
    rising = sorted(amounts)
    weighted = sum((2 * number - count + 1) * amount for number, amount in enumerate(rising))
    return weighted / (count * total)
