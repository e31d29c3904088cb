"""What the sections of one tab are given."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from gpuledger.metrics import Name, Wanted
from gpuledger.metrics.now import WAITS, holding, looked, queued, waiting
from gpuledger.reports import _words as words
from gpuledger.reports._rolling.parameters import Choice
from gpuledger.reports._scene import Scene, label_of

LABELS = {"qos": "QoS", "queue": "queue", "account": "account"}
HOURS = ("gpu_hours", "cpu_hours", "memory_gib_hours", "attempt_hours", "node_hours")
TOTALS = (
    *HOURS, "jobs", "attempts", "mean_gpus", "peak_gpus", "mean_cpus", "peak_cpus", "mean_memory_gib", "peak_memory_gib",
    "mean_attempts", "peak_attempts",
)  # fmt: skip
Row = Mapping[str, Any]


def of_tab(by: str, more: Mapping[str, Wanted], totals: Iterable[str]) -> dict[str, Wanted]:
    """The questions of one tab, with those of sections beside its own and the totals they read."""
    return {
        "totals": Wanted(tuple(dict.fromkeys((*TOTALS, *totals)))),
        by: Wanted((*HOURS, "jobs", "attempts"), (by,)),
        **more,
    }


@dataclass(frozen=True)
class TabScene(Scene):
    """One tab being built. `order` gives every tab of a document the same colours; `suffix` makes its ids its own; bins of `step` seconds lie
    between `edges`."""

    choice: Choice = Choice(None, "")
    order: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    user_limits: Mapping[str, float] = field(default_factory=dict)
    edges: tuple[datetime, ...] = ()
    step: float = 3600.0
    suffix: str = ""

    @cached_property
    def ranks(self) -> Mapping[str, tuple[str, ...]]:
        """The tab's own largest names, in the order of the document."""
        largest = set(self._ranked(self.answers[self.by])[: self.top])
        return {self.by: tuple(name for name in self.order[self.by] if name in largest)}

    @property
    def drawn(self) -> tuple[Name, ...]:
        """The same names as the ledger has them."""
        answer, largest = self.answers[self.by], set(self.ranks[self.by])
        return tuple(row[self.by] for row in answer.records() if label_of(row, answer.dimensions) in largest)

    @property
    def label(self) -> str:
        """ "QoS groupa"; all jobs where nothing is chosen."""
        return f"{LABELS[self.choice.scope]} {self.choice.name}" if self.choice.scope else "All jobs"

    @cached_property
    def at(self) -> datetime:
        """The moment that "now" means: when the accounting was told last, at most the period's end."""
        return min(self.coverage.newest or self.ask.period.end, self.ask.period.end)

    @property
    def stamp(self) -> str:
        return f"{words.stamp(self.at, self.ask.display_zone)} {self.ask.display_zone}"

    @cached_property
    def running(self) -> list[Row]:
        """Attempts that hold resources now."""
        period = self.ask.period
        found: list[Row] = self.ask.rows(holding(self.at, period, self.ask.where), period).to_pylist()
        return found

    @cached_property
    def waiting(self) -> list[Row]:
        """Waiting jobs: of each cluster as its queue told them, where it was read, else as accounting does."""
        read = self._read
        told: list[Row] = self.ask.rows(queued(self.at, self.ask.where)).to_pylist() if read else []
        counted = self.ask.rows(waiting(self.at, self.ask.where), self.ask.period).to_pylist()
        return [*told, *(row for row in counted if row["cluster"] not in read)]

    @property
    def _read(self) -> set[str]:
        """Clusters whose queue was read just now, where its jobs have what the filters speak of."""
        if any(wanted.column not in WAITS for wanted in self.ask.where):
            return set()
        return {row["cluster"] for row in self.ask.rows(looked(self.at)).to_pylist()}

    @cached_property
    def hours_over(self) -> Mapping[str, float]:
        """Hours above each limit."""
        return self.ask.hours_over(self.limits) if self.limits else {}
