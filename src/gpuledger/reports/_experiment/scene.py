"""What every section is given: the attempts with what became of them, how names are ordered, and sums by name."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gpuledger.metrics import NO_GPU, Ask, LedgerCoverage
from gpuledger.metrics.workflows.names import Names
from gpuledger.metrics.workflows.read import NOT_MATCHED, Experiment
from gpuledger.metrics.workflows.tries import CHECKPOINT, LOST, OPEN, Tries
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.failing import Failures

if TYPE_CHECKING:
    from gpuledger.metrics.events import Floats, Whole

NO_STEP = ""
GIB = 2.0**30


@dataclass(frozen=True)
class Totals:
    """Counts and hours of some attempts. `nodes` were submitted, `nodes_done` have a success."""

    attempts: int
    executed: int
    succeeded: int
    nodes: int
    nodes_done: int
    epochs: int
    wall: float
    gpu: float
    good_wall: float
    good_gpu: float
    checkpoint_wall: float
    checkpoint_gpu: float
    lost_wall: float
    lost_gpu: float
    open_wall: float
    open_gpu: float

    @property
    def attempt_success(self) -> float | None:
        """Exit 0 ÷ executed."""
        return self.succeeded / self.executed if self.executed else None

    @property
    def node_success(self) -> float | None:
        """Nodes with a success ÷ nodes submitted."""
        return self.nodes_done / self.nodes if self.nodes else None

    @property
    def good_ratio(self) -> float | None:
        """Part of the wall time that was good, checkpoints that were used included."""
        return (self.good_wall + self.checkpoint_wall) / self.wall if self.wall else None


@dataclass(frozen=True)
class Scene:
    """One report being built. At most `rows` names get a row."""

    ask: Ask
    found: Experiment
    rows: int

    @property
    def tries(self) -> Tries:
        return self.found.tries

    @cached_property
    def coverage(self) -> LedgerCoverage:
        return self.ask.coverage()

    @cached_property
    def failures(self) -> Failures:
        """Which attempts failed, by place."""
        return Failures(self)

    @cached_property
    def inside(self) -> "Floats":
        """Rows of the attempts of the period, 1 or 0."""
        inside: Floats = self.tries.is_inside.astype(np.float64)
        return inside

    @cached_property
    def whole(self) -> Totals:
        """All attempts together."""
        found = self.totals(Names(np.zeros(len(self.tries), dtype=np.int64), ("all",)))
        return found.get("all", Totals(*[0] * 6, *[0.0] * 10))

    @cached_property
    def by_site(self) -> dict[str, Totals]:
        """Totals of each site, most wall time first; sites without a success are there with 0."""
        return dict(sorted(self.totals(self.tries.names["site"]).items(), key=lambda item: (-item[1].wall, item[0])))

    @cached_property
    def sites(self) -> tuple[str, ...]:
        """Sites at which attempts were matched."""
        return tuple(name for name in self.by_site if name != NOT_MATCHED)

    @cached_property
    def ranks(self) -> dict[str, tuple[str, ...]]:
        """One colour per name in every figure."""
        hours = self.by_model(self.tries.gpu_hours)
        models = sorted((name for name in hours if name != NO_GPU), key=lambda name: (-hours[name], name))
        return {
            "site": self.sites[:12],
            "gpu_model": tuple(models[:12]),
            "fate": ("Good", "Lost", "Checkpoint used", "Still open"),
        }

    def totals(self, names: Names) -> dict[str, Totals]:
        """Totals by name; a name without an attempt of the period and without hours in it is left out.

        Nodes count under the name of each attempt they had, a node that succeeded under that of the kept one, an epoch
        under that of the attempt that did the work.
        """
        tries, size = self.tries, len(names.labels)
        inside = self.inside
        counts = {
            "attempts": names.sums(inside),
            "executed": names.sums(inside * tries.is_executed),
            "succeeded": names.sums(inside * tries.is_success),
            "nodes": self._distinct_nodes(names),
            "nodes_done": self._of_nodes(names, tries.kept, size),
            "epochs": self._of_nodes(names, self.credited, size),
        }
        hours = dict(self._hours(names))
        there = [n for n in range(size) if counts["attempts"][n] or hours["wall"][n]]
        return {
            names.labels[n]: Totals(
                *(round(float(held[n])) for held in counts.values()), *(float(held[n]) for held in hours.values())
            )
            for n in there
        }

    def _hours(self, names: Names) -> "Iterator[tuple[str, Floats]]":
        tries = self.tries
        fates = {
            "": np.ones(len(tries)),
            "good_": tries.is_good,
            "checkpoint_": tries.fate == CHECKPOINT,
            "lost_": tries.fate == LOST,
            "open_": tries.fate == OPEN,
        }
        for prefix, chosen in fates.items():
            yield f"{prefix}wall", names.sums(tries.wall_hours * chosen)
            yield f"{prefix}gpu", names.sums(tries.gpu_hours * chosen)

    def _distinct_nodes(self, names: Names) -> "Floats":
        """Different nodes with an attempt of the period, by name."""
        tries = self.tries
        rows = np.flatnonzero(tries.is_inside)
        node = tries.names["node"]
        pairs = np.unique(names.codes[rows] * len(node.labels) + node.codes[rows])
        return np.bincount(pairs // max(1, len(node.labels)), minlength=len(names.labels)).astype(np.float64)

    def _of_nodes(self, names: Names, rows: "Whole", size: int) -> "Floats":
        """Rows, one a node, counted by name where the node's result is of the period."""
        kept = self.tries.kept
        done = np.flatnonzero((rows >= 0) & (kept >= 0))
        done = done[self.tries.is_inside[kept[done]]]
        return np.bincount(names.codes[rows[done]], minlength=size).astype(np.float64)

    @cached_property
    def has_steps(self) -> bool:
        """Whether any node's name or variables tell a step."""
        step = self.tries.names["step"]
        return any(label != NO_STEP for label in step.labels)

    @cached_property
    def credited(self) -> "Whole":
        """Per node with a step the attempt that did its work, -1 elsewhere. Without any step every node counts as one."""
        tries, rows = self.tries, self.tries.credited.copy()
        if self.has_steps:
            step = tries.names["step"]
            has_step = np.array([label != NO_STEP for label in step.labels])
            there = rows >= 0
            rows[there] = np.where(has_step[step.codes[rows[there]]], rows[there], -1)
        return rows

    def by_model(
        self, amounts: "Floats", chosen: "np.ndarray[tuple[int], np.dtype[np.bool_]] | None" = None
    ) -> dict[str, float]:
        """Σ by GPU model; an attempt with several models is split by its GPUs."""
        parts = self.tries.parts
        held = amounts if chosen is None else np.where(chosen, amounts, 0.0)
        return dict(zip(parts.models.labels, parts.models.sums(held[parts.rows] * parts.weights).tolist(), strict=True))

    @property
    def foot(self) -> str:
        """Period, zone and number of attempts: the last line of every figure."""
        period, zone = self.ask.period, self.ask.display_zone
        said = f"{words.stamp(period.start, zone)} to {words.stamp(period.end, zone)} {zone}"
        return f"{words.plural(self.whole.attempts, 'attempt')} · {said}"

    @property
    def step_word(self) -> str:
        """What is counted: epochs where nodes have steps, else nodes."""
        return "epoch" if self.has_steps else "node"


def top(amounts: Iterable[tuple[str, float]], most: int) -> Sequence[tuple[str, float]]:
    """The largest, then by name."""
    return sorted(amounts, key=lambda pair: (-pair[1], pair[0]))[:most]
