"""What every section of the report on waiting jobs is given."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gpuledger.metrics import Answer, Filter, SourceCoverage, Wanted
from gpuledger.metrics.bins import Bins, cut
from gpuledger.metrics.coverage import by_cluster, covered_seconds, everywhere
from gpuledger.metrics.events import Sparse
from gpuledger.metrics.states.pressure import (
    each,
    full,
    hold_seconds,
    holders,
    is_told,
    last_seen,
    longest,
    polls,
    queue,
    waited,
    waits,
)
from gpuledger.model.capacity import OPEN
from gpuledger.reports import _words as words
from gpuledger.reports._charts import bin_step
from gpuledger.reports._pool_views.contention import Contention, Crowding, person
from gpuledger.reports._pool_views.names import split
from gpuledger.reports._pool_views.view import View
from gpuledger.reports._scene import named

if TYPE_CHECKING:
    import ibis.expr.types as ir

NO_PROJECT = "(no project)"
ON_OPEN = (Filter("class", "=", (OPEN,)),)
PEAKS = ("most_gpus", "observed_gpu_hours", "observed_primary_gpu_hours")


@dataclass(frozen=True)
class Supply:
    """What a project owns: GPU-hours of its GPUs, and those that primary jobs held."""

    present: float = 0.0
    allocated: float = 0.0


@dataclass(frozen=True)
class Scene:
    """One report being built; tables of jobs and users show at most `rows`. `is_real` says whether people have names."""

    view: View
    rows: int
    is_real: bool

    @cached_property
    def looks(self) -> tuple[SourceCoverage, ...]:
        return polls(self.view.ask)

    @cached_property
    def waits(self) -> "ir.Table":
        return waits(self.view.ask, self.looks)

    @cached_property
    def is_told(self) -> bool:
        """Whether anybody looked for waiting jobs."""
        return is_told(self.view.ask, self.waits, self.looks)

    @property
    def has_states(self) -> bool:
        return bool(self.view.covered.covered_ratio)

    @cached_property
    def looked(self) -> tuple[tuple[datetime, datetime], ...] | None:
        """When somebody looked for waiting jobs; None where no source says."""
        if not self.looks:
            return None
        return everywhere(by_cluster(self.looks, self.view.ask.period), self.view.ask.period)

    @property
    def hours(self) -> float:
        """Hours that means are taken over."""
        seconds = self.view.ask.period.seconds if self.looked is None else covered_seconds(self.looked)
        return seconds / 3600

    @cached_property
    def waited(self) -> Sequence[Mapping[str, Any]]:
        """GPU-hours and jobs by account and user."""
        return waited(self.view.ask, self.waits)

    @cached_property
    def bins(self) -> Bins:
        period = self.view.ask.period
        return cut(period, bin_step(period.seconds), self.view.ask.display_zone)

    def queue(self, by: str) -> Sparse:
        return queue(self.view.ask, self.waits, by, self.bins)

    @cached_property
    def longest(self) -> Sequence[Mapping[str, Any]]:
        return longest(self.view.ask, self.waits, self.rows)

    @cached_property
    def open_since(self) -> datetime | None:
        """A job last seen from here on still waits (naive UTC)."""
        newest = max((source.newest for source in self.looks if source.newest), default=None)
        end = self.view.ask.period.end
        found = last_seen(self.view.ask, self.waits)
        last = newest or (found.replace(tzinfo=UTC) if found else None)
        return (
            None
            if last is None
            else (min(last, end) - timedelta(seconds=hold_seconds(self.looks))).replace(tzinfo=None)
        )

    @cached_property
    def answers(self) -> Mapping[str, Answer]:
        names = ("present_gpu_hours", "allocated_gpu_hours")
        wanted = {
            "project": Wanted(names, ("project",)),
            "open": Wanted((*names, *PEAKS), (), ON_OPEN),
            "peaks": Wanted(PEAKS, ("user",), ON_OPEN),
        }
        return dict(zip(wanted, self.view.ask.together(*wanted.values()), strict=True))

    @cached_property
    def supply(self) -> Mapping[str, Supply]:
        """By project; a GPU of several projects counts under each."""
        found: dict[str, Supply] = defaultdict(Supply)
        for row in self.answers["project"].records():
            for name in split(row["project"] or ""):
                held = found[name]
                found[name] = Supply(
                    held.present + row["present_gpu_hours"], held.allocated + row["allocated_gpu_hours"]
                )
        whole = self.answers["open"].totals
        return found | {"": Supply(whole["present_gpu_hours"] or 0.0, whole["allocated_gpu_hours"] or 0.0)}

    @cached_property
    def crowding(self) -> Crowding:
        """When each project's GPUs were all taken."""
        return Crowding.of(full(self.view.states, by="project"), holders(self.view.states, by="project"))

    @cached_property
    def contention(self) -> Mapping[str, Contention]:
        """By project."""
        found: dict[str, Contention] = defaultdict(Contention)
        for job in each(self.view.ask, self.waits, sorted({side for _, side in self.crowding.full})):
            found[job["account"]] += self.crowding.of_job((job["cluster"], job["account"]), job)
        return found

    @cached_property
    def _aliases(self) -> Mapping[str, str]:
        """Ordinals by rank: who held most open capacity first, then who waited for most."""
        held = [person(named(row["user"])) for row in self.answers["peaks"].records()] if self.has_states else []
        hours: dict[str, float] = defaultdict(float)
        for row in self.waited:
            hours[person(named(row["user_name"]))] += row["gpu_hours"]
        ordered = dict.fromkeys([*held, *sorted(hours, key=lambda name: (-hours[name], name))])
        return {name: f"user {number}" for number, name in enumerate(ordered, 1)}

    @cached_property
    def _full_names(self) -> Mapping[str, str]:
        """The name with its domain, where GPUs know one alone for a person whom the queue names without."""
        found: dict[str, set[str]] = defaultdict(set)
        for row in self.answers["peaks"].records() if self.has_states else ():
            found[person(named(row["user"]))].add(named(row["user"]))
        return {name: min(those) for name, those in found.items() if len(those) == 1}

    def user(self, name: str | None) -> str:
        """How a user is called in this report: one name, whether the queue or a GPU told of them."""
        said = named(name)
        if not self.is_real:
            return self._aliases.get(person(said), "another user")
        return said if "@" in said else self._full_names.get(said, said)

    @property
    def foot(self) -> str:
        """Period and zone, and how much of it somebody looked at the queue, where that is known."""
        period, zone = self.view.ask.period, self.view.ask.display_zone
        said = f"{words.stamp(period.start, zone)} to {words.stamp(period.end, zone)} {zone}"
        return (
            said
            if self.looked is None
            else f"{said} · queue observed {words.percent(self.hours * 3600 / period.seconds)}"
        )


def project(name: str | None) -> str:
    """A project of waiting jobs in words."""
    return NO_PROJECT if name == "" else named(name)


def with_polls(scene: Scene) -> View:
    """The view whose quality strip also shows the polls of waiting jobs."""
    told = tuple(replace(source, source=f"{source.source}, waiting jobs") for source in scene.looks)
    view = View(scene.view.ask)
    view.__dict__["covered"] = replace(scene.view.covered, sources=(*scene.view.covered.sources, *told))
    return view
