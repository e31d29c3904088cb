"""What every section of the pool report is given: the answers of one pass, and what they are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gpuledger.metrics import Answer, Ask, LedgerCoverage, Name, Wanted
from gpuledger.metrics.states.intervals import Interval, Kind, intervals_of
from gpuledger.model.capacity import CLASSES
from gpuledger.reports._pool.past import PARTS, Past
from gpuledger.reports._pool_views.view import View
from gpuledger.reports._scene import named

BESIDE = ("with_reason", "draining", "both_sides", "reason_told")
"""Counted beside the parts, each within one or several of them."""
STATES = tuple(f"{name}_gpus" for name in (*PARTS, "present", *BESIDE))
OF_REASONS = ("prevented_gpus", "with_reason_gpus")
RATIOS = ("allocated_ratio", "secondary_ratio", "in_use_ratio")
HOURS = ("present_gpu_hours", "allocated_gpu_hours", "secondary_gpu_hours", "drained_gpu_hours", "draining_gpu_hours",
         "prevented_gpu_hours", "reason_told_gpu_hours")  # fmt: skip
OF_HOSTS = ("present_gpus", "secondary_gpus", "drained_gpus", "prevented_gpus", "allocated_gpu_hours")
OF_USERS = ("observed_gpu_hours", "observed_primary_gpu_hours", "observed_secondary_gpu_hours")

_BY = (*(f"{name}_gpus" for name in (*PARTS, "present", "with_reason", "reason_told")), "allocated_ratio")
WANTED: Mapping[str, Wanted] = {
    "total": Wanted((*STATES, *RATIOS, *HOURS, *OF_USERS)),
    "class": Wanted((*_BY, *OF_USERS), ("class",)),
    "model": Wanted(_BY, ("gpu_model",)),
    "class_model": Wanted(_BY, ("class", "gpu_model")),
    "tier": Wanted(_BY, ("class", "tier")),
    "memory": Wanted(_BY, ("class", "memory_category")),
    "model_memory": Wanted(("present_gpus",), ("gpu_model", "memory_category")),
    "host": Wanted(OF_HOSTS, ("cluster", "host", "class", "project", "gpu_model")),
    "user": Wanted(OF_USERS, ("user", "class", "gpu_model")),
    "inventory": Wanted(("present_gpu_hours",), ("cluster", "host", "gpu", "gpu_model", "class"), with_left_out=True),
}
"""Asked together: `past.Past` answers them all in one pass over the readings."""


@dataclass(frozen=True)
class Pool:
    """One report being built; tables show at most `rows` names."""

    view: View
    rows: int
    answers: Mapping[str, Answer]

    @classmethod
    def of(cls, view: View, rows: int, past: Past) -> "Pool":
        """What was asked of the period, by name."""
        return cls(view, rows, dict(zip(WANTED, past.answers, strict=True)))

    @property
    def ask(self) -> Ask:
        return self.view.ask

    @property
    def coverage(self) -> LedgerCoverage:
        return self.view.covered

    @property
    def total(self) -> Answer:
        return self.answers["total"]

    def value(self, metric: str) -> float:
        """A number of all GPUs; 0 where nothing was there to count."""
        return self.total.value(metric) or 0.0

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """The classes that were there, in their order."""
        there = {row["class"] for row in self.answers["class"].records() if row["present_gpus"]}
        return tuple(name for name in CLASSES if name in there)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The parts that are shown: all, but for those that a pool may not have."""
        return tuple(name for name in PARTS if name not in ("owner", "unknown") or self.value(f"{name}_gpus"))

    @property
    def inventory(self) -> Answer:
        """Every GPU there was, left out or not, under each class it had."""
        return self.answers["inventory"]

    @cached_property
    def intervals(self) -> Mapping[Kind, tuple[Interval, ...]]:
        """When GPUs were drained, and when prevented."""
        return intervals_of(self.view.states)

    @property
    def foot(self) -> str:
        """Period, zone and coverage: the last line of every figure."""
        return self.view.foot


def known(row: Mapping[str, Any], metric: str) -> float | None:
    """The row's number; None where the source does not tell reasons and the number is about them."""
    value: float | None = row[metric]
    return None if metric in OF_REASONS and not row["reason_told_gpus"] else value


def class_label(name: Name) -> str:
    """A class as people call it."""
    return CLASSES.get(name or "", named(name))
