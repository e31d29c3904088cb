"""What every section of the report on secondary capacity is given."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gpuledger.metrics import Answer, Wanted
from gpuledger.metrics.states.spells import FREE, RUNNING, Spell, offered, spells
from gpuledger.model.capacity import CLASSES
from gpuledger.reports._pool_views.lengths import Lengths
from gpuledger.reports._pool_views.view import View

HOURS = "observed_secondary_gpu_hours"
OF_CLASS = (HOURS, "secondary_gpus", "present_gpus", "secondary_ratio")
KINDS = {FREE: "Free", RUNNING: "Job running"}
EVICTED = "primary"
"""What follows a secondary job that gave way."""


@dataclass(frozen=True)
class Offer:
    """GPU-hours: without a primary job and in service, of those with a secondary slot, of those with a secondary job."""

    free: float = 0.0
    offered: float = 0.0
    running: float = 0.0

    def __add__(self, other: "Offer") -> "Offer":
        return Offer(self.free + other.free, self.offered + other.offered, self.running + other.running)

    @property
    def efficiency(self) -> float | None:
        return self.offered / self.free if self.free else None

    @property
    def used(self) -> float | None:
        return self.running / self.offered if self.offered else None


@dataclass(frozen=True)
class Scene:
    """One report being built."""

    view: View

    @cached_property
    def answers(self) -> Mapping[str, Answer]:
        wanted = {
            "total": Wanted(OF_CLASS),
            "class": Wanted(OF_CLASS, ("class",)),
            "user": Wanted((HOURS,), ("user",)),
            "user_class": Wanted((HOURS,), ("user", "class")),
        }
        return dict(zip(wanted, self.view.ask.together(*wanted.values()), strict=True))

    @cached_property
    def spells(self) -> Mapping[tuple[str, str], Lengths]:
        """Spells by (kind, class)."""
        found: dict[tuple[str, str], list[Spell]] = defaultdict(list)
        for spell in spells(self.view.ask):
            found[spell.kind, spell.capacity_class].append(spell)
        return {key: Lengths(found[key]) for key in sorted(found, key=lambda key: list(CLASSES).index(key[1]))}

    @cached_property
    def _of_kind(self) -> Mapping[str, Lengths]:
        return {kind: self._whole(kind) for kind in KINDS}

    def of(self, kind: str) -> Lengths:
        """Every spell of a kind."""
        return self._of_kind[kind]

    def _whole(self, kind: str) -> Lengths:
        return Lengths([spell for (name, _), held in self.spells.items() if name == kind for spell in held.spells])

    @cached_property
    def offers(self) -> Mapping[tuple[str, str | None], Offer]:
        """By (host, model)."""
        found: dict[tuple[str, str | None], Offer] = defaultdict(Offer)
        for row in offered(self.view.states).to_pylist():
            found[row["host"], row["gpu_model"]] += Offer(row["free_of_primary"], row["offered"], row["running"])
        return found

    @cached_property
    def offer(self) -> Offer:
        return sum(self.offers.values(), Offer())

    @property
    def days(self) -> float:
        """Days that readings cover."""
        return (self.view.covered.covered_ratio or 0.0) * self.view.ask.period.seconds / 86_400

    @cached_property
    def step(self) -> float:
        """Seconds between readings."""
        steps = [source.period_seconds for source in self.view.covered.sources if source.period_seconds]
        return max(steps, default=300.0)

    @cached_property
    def endings(self) -> Sequence[Spell]:
        """Spells of secondary jobs whose end was seen, whether or not their beginning was."""
        return [spell for spell in self.of(RUNNING).spells if spell.is_ended]

    @property
    def evicted(self) -> int:
        return sum(spell.next == EVICTED for spell in self.endings)
