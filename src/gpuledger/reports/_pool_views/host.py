"""What every section of the report on some hosts or one project is given."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gpuledger.metrics import Answer, Ask, Filter, Wanted
from gpuledger.metrics.states.ask import StateAsk
from gpuledger.metrics.states.lanes import Lanes, lanes
from gpuledger.metrics.states.pressure import each, full, holders, is_told, polls, waits
from gpuledger.model.capacity import is_match
from gpuledger.reports._pool_views.contention import Contention, Crowding, gini
from gpuledger.reports._pool_views.lanes import PART_HOURS, lane_step
from gpuledger.reports._pool_views.names import hosts, owners, split
from gpuledger.reports._pool_views.view import View
from gpuledger.reports._scene import named

HOURS = ("observed_gpu_hours", "observed_primary_gpu_hours", "observed_secondary_gpu_hours")
RATIOS = ("allocated_ratio", "secondary_ratio", "in_use_ratio")
MEANS = (
    "present_gpus",
    "allocated_gpus",
    "secondary_gpus",
    "drained_gpus",
    "prevented_gpus",
    "owner_gpus",
    "idle_gpus",
    "unknown_gpus",
)
_NUMBERS = ("gpus_seen", "present_gpu_hours", *RATIOS, *MEANS, *HOURS)
WANTED: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "total": ((*_NUMBERS, "hosts_seen"), ()),
    "host": (_NUMBERS, ("host", "gpu_model")),
    "gpu": ((*RATIOS, *HOURS, "present_gpu_hours"), ("host", "gpu", "gpu_model")),
    "model": ((*PART_HOURS, "hosts_seen"), ("gpu_model",)),
    "user": (HOURS, ("user",)),
    "user_host": (HOURS, ("host", "user")),
    "project": (("present_gpu_hours",), ("project",)),
}
"""What is asked of the GPUs meant: metrics, and what they are told apart by."""


def chosen(ask: Ask, patterns: Sequence[str], project: str | None) -> tuple[Filter, ...]:
    """The filters that keep the GPUs meant. Raises UsageError for a host or project there is not."""
    filters: list[Filter] = []
    if patterns:
        filters.append(Filter("host", "=", hosts(patterns, StateAsk(ask).sorting.hosts)))
    if project:
        lists = [row["project"] for row in ask.ask("present_gpu_hours", by=("project",)).records() if row["project"]]
        filters.append(Filter("project", "=", owners(project, lists)))
    return tuple(filters)


@dataclass(frozen=True)
class Scene:
    """One report being built. `where` keeps the GPUs meant; hosts and models the pool leaves out are there too."""

    view: View
    where: tuple[Filter, ...]
    project: str | None
    rows: int
    """Most rows of the table of users on hosts."""

    @cached_property
    def answers(self) -> Mapping[str, Answer]:
        wanted = {name: Wanted(metrics, by, self.where) for name, (metrics, by) in WANTED.items()}
        return dict(zip(wanted, self.view.ask.together(*wanted.values()), strict=True))

    @property
    def total(self) -> Mapping[str, float | None]:
        return self.answers["total"].totals

    @cached_property
    def users(self) -> Sequence[Mapping[str, Any]]:
        """Who had GPU-hours, most first."""
        return [row for row in self.answers["user"].records() if row["observed_gpu_hours"]]

    @cached_property
    def lanes(self) -> Lanes:
        return lanes(self.view.states, lane_step(self.view), self.where)

    @property
    def gini(self) -> float | None:
        return gini([row["observed_gpu_hours"] for row in self.users])

    @cached_property
    def projects(self) -> tuple[str, ...]:
        """Who owns the GPUs: the project asked for, else all owners."""
        lists = [row["project"] for row in self.answers["project"].records() if row["project"]]
        every = sorted({name for owned in lists for name in split(owned)})
        return tuple(name for name in every if self.project is None or is_match(self.project, name))

    @cached_property
    def waiting(self) -> Sequence[Mapping[str, Any]] | None:
        """Jobs of those projects that waited in the period; None where nobody says who waited."""
        ask = self.view.ask
        looks = polls(ask)
        rows = waits(ask, looks)
        return each(ask, rows, self.projects) if is_told(ask, rows, looks) else None

    @cached_property
    def crowding(self) -> Crowding:
        """When all the GPUs meant were taken."""
        states = self.view.states
        return Crowding.of(full(states, self.where), holders(states, self.where))

    @cached_property
    def contention(self) -> Mapping[str, Contention]:
        """By user."""
        found: dict[str, Contention] = defaultdict(Contention)
        for job in self.waiting or ():
            found[named(job["user_name"])] += self.crowding.of_job((job["cluster"], ""), job)
        return dict(sorted(found.items(), key=lambda pair: (-pair[1].self - pair[1].other, -pair[1].waited, pair[0])))
