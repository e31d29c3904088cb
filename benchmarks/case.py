"""What a benchmark is: data, our way, the limit, and the goals it is held to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Told:
    """What the timed work found beside its own time: figures by name, for goals that are about them."""

    rows: int
    figures: Mapping[str, float]


Action = Callable[[], int | Told]
"""The timed work; returns the rows it dealt with."""

Side = Callable[[Path, Path], Action]
"""(data, scratch folder of its own) → the timed work. Everything before the return is not timed."""


@dataclass(frozen=True)
class Measured:
    """One run of one side: wall and CPU seconds, peak resident bytes of the process or its largest child."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    rows: int
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """Medians of a side's runs (the largest of their peaks)."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    rows: int
    runs: tuple[float, ...]
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Goal:
    """A bound from the issue: `value` of (ours, limit) must be at most or at least `bound`."""

    label: str
    value: Callable[[Taken, Taken], float]
    sign: Literal["<", ">="]
    bound: float

    def is_met(self, ours: Taken, limit: Taken) -> bool:
        value = self.value(ours, limit)
        return value < self.bound if self.sign == "<" else value >= self.bound


@dataclass(frozen=True)
class Case:
    """One line of the budget.

    `make(folder, is_quick)` builds the data once into an empty folder. `limit_is` says what the limit does; what is not
    about speed has none. Goals
    that hold only at full size are not judged with `--quick`.
    """

    name: str
    title: str
    limit_is: str
    make: Callable[[Path, bool], None]
    ours: Side
    limit: Side | None
    goals: tuple[Goal, ...] = field(default=())
    rounds: int = 3
    data: str = ""
    """Name of data shared with other cases; its own by default."""


def seconds(ours: Taken, _: Taken) -> float:
    return ours.seconds


def ratio(ours: Taken, limit: Taken) -> float:
    return ours.seconds / limit.seconds


def megabytes(ours: Taken, _: Taken) -> float:
    return ours.peak_bytes / 1e6


def rows_per_core(ours: Taken, _: Taken) -> float:
    """Rows per second of CPU time: what one core does."""
    return ours.rows / ours.cpu_seconds


def figure(name: str) -> Callable[[Taken, Taken], float]:
    """One of the figures that our side told."""
    return lambda ours, _: ours.figures[name]
