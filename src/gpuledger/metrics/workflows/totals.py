"""Counts and hours of attempts by name: the definitions that the report and the metrics share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from gpuledger.metrics.workflows.names import Flags, Names
from gpuledger.metrics.workflows.tries import CHECKPOINT, UNTOLD, Tries

if TYPE_CHECKING:
    from gpuledger.metrics.events import Floats, Whole

NO_STEP = ""
Amount = TypeVar("Amount", int, float, float | None)


@dataclass(frozen=True)
class Totals:
    """Counts and hours of some attempts. `nodes` were submitted, `nodes_done` have a success. Hours are of attempts
    that are over; `open_count` attempts have started and have no end, their hours so far are `open_wall`, `open_gpu`.
    Of the attempts that executed `gpu_told` tell how many GPUs they had, `gpu_untold` do not.

    `step_nodes` are nodes that can be an epoch: with a step, all where none has one.

    `untold` attempts, `executed_untold` of which executed, do not tell how they ended, so that of `nodes_untold` nodes
    nobody knows whether they have a success; theirs are `untold_wall`, `untold_gpu`. What is said of outcomes (`*_or_none`
    and ratios) is None where no outcome is told."""

    attempts: int
    executed: int
    succeeded: int
    nodes: int
    nodes_done: int
    epochs: int
    open_count: int
    gpu_told: int
    gpu_untold: int
    told: int
    untold: int
    executed_untold: int
    nodes_untold: int
    step_nodes: int
    wall: float
    gpu: float
    good_wall: float
    good_gpu: float
    checkpoint_wall: float
    checkpoint_gpu: float
    lost_wall: float
    lost_gpu: float
    untold_wall: float
    untold_gpu: float
    open_wall: float
    open_gpu: float

    @property
    def attempt_success(self) -> float | None:
        """Exit 0 ÷ executed and told how it ended."""
        return self.succeeded / self.executed_told if self.executed_told else None

    @property
    def node_success(self) -> float | None:
        """Nodes with a success ÷ nodes of which it is known whether they have one."""
        return self.nodes_done / self.nodes_told if self.nodes_told else None

    @property
    def good_ratio(self) -> float | None:
        """Part of the wall time whose outcome is told that was good, checkpoints that were used included."""
        return self.useful_wall / self.told_wall if self.told_wall > 0 else None

    @property
    def useful_wall(self) -> float:
        """Good, and checkpoints that were used."""
        return self.good_wall + self.checkpoint_wall

    @property
    def executed_told(self) -> int:
        """Executed, and not among those that do not tell how they ended; those still open are."""
        return self.executed - self.executed_untold

    @property
    def nodes_told(self) -> int:
        """Nodes of which it is known whether they have a success so far."""
        return self.nodes - self.nodes_untold

    @property
    def told_wall(self) -> float:
        """Good, checkpoints that were used, and lost."""
        return self.useful_wall + self.lost_wall

    @property
    def succeeded_or_none(self) -> int | None:
        """Attempts that ended with exit code 0."""
        return self._decided(self.succeeded)

    @property
    def nodes_done_or_none(self) -> int | None:
        """Nodes with a success."""
        return self._decided(self.nodes_done)

    @property
    def epochs_or_none(self) -> int | None:
        """Epochs completed."""
        return self._decided(self.epochs)

    @property
    def good_wall_or_none(self) -> float | None:
        """Wall hours of what was good."""
        return self._decided(self.good_wall)

    @property
    def checkpoint_wall_or_none(self) -> float | None:
        """Wall hours of checkpoints that were used."""
        return self._decided(self.checkpoint_wall)

    @property
    def useful_wall_or_none(self) -> float | None:
        """Wall hours of both."""
        return self._decided(self.useful_wall)

    @property
    def lost_wall_or_none(self) -> float | None:
        """Wall hours of what was lost."""
        return self._decided(self.lost_wall)

    @property
    def gpu_or_none(self) -> float | None:
        """GPU-hours; None where attempts executed and none tells its GPUs."""
        return self._told(self.gpu)

    @property
    def good_gpu_or_none(self) -> float | None:
        """The same of what was good."""
        return self._decided(self._told(self.good_gpu))

    @property
    def lost_gpu_or_none(self) -> float | None:
        """The same of what was lost."""
        return self._decided(self._told(self.lost_gpu))

    def _told(self, hours: float) -> float | None:
        return hours if self.gpu_told or not self.gpu_untold else None

    def _decided(self, amount: Amount) -> Amount | None:
        """An amount of outcomes; None where attempts are and none tells how it ended."""
        return amount if self.told or not self.untold else None


NOTHING = Totals(*[0] * 14, *[0.0] * 12)


@dataclass(frozen=True, eq=False)
class Split:
    """Attempts taken apart: `rows` the attempt, `weights` its part; each is there once a name."""

    rows: "Whole"
    weights: "Floats"


@dataclass(frozen=True, eq=False)
class Counted:
    """Attempts, and which of each node's did its work."""

    tries: Tries

    @cached_property
    def inside(self) -> "Floats":
        """Rows of the attempts of the period, 1 or 0."""
        inside: Floats = self.tries.is_inside.astype(np.float64)
        return inside

    @cached_property
    def has_steps(self) -> bool:
        """Whether any node's name or variables tell a step."""
        return any(label != NO_STEP for label in self.tries.names["step"].labels)

    @cached_property
    def is_of_step(self) -> Any:
        """Attempts of nodes that can be an epoch: with a step, all where none has one."""
        step = self.tries.names["step"]
        return np.array([label != NO_STEP or not self.has_steps for label in step.labels] or [False])[step.codes]

    @cached_property
    def credited(self) -> "Whole":
        """Per node with a step the attempt that did its work, -1 elsewhere. Without any step every node counts as one."""
        rows = self.tries.credited.copy()
        there = rows >= 0
        rows[there] = np.where(self.is_of_step[rows[there]], rows[there], -1)
        return rows

    def totals(self, names: Names, split: Split | None = None) -> dict[str, Totals]:
        """Totals by name; a name without an attempt of the period and without hours in it is left out. `names` are those
        of the attempts, or of the rows of `split`.

        Nodes count under the name of each attempt they had, a node that succeeded under that of the kept one, an epoch
        under that of the attempt that did the work.
        """
        every = split or Split(np.arange(len(self.tries)), np.ones(len(self.tries)))
        counts = {name: names.sums(held[every.rows]) for name, held in self._counts.items()}
        counts["nodes"] = self._distinct_nodes(names, every.rows)
        counts["nodes_untold"] = self._distinct_nodes(names, every.rows, self._is_of_untold_node)
        counts["step_nodes"] = self._distinct_nodes(names, every.rows, self.is_of_step)
        hours = {name: names.sums(held[every.rows] * every.weights) for name, held in self._hours()}
        there = np.flatnonzero(counts["attempts"] + hours["wall"] + hours["open_wall"]).tolist()
        return {
            names.labels[n]: _made(counts, hours, n)
            for n in there
        }  # fmt: skip

    @cached_property
    def _counts(self) -> dict[str, Flags]:
        """Which attempts add one to a count."""
        tries, inside = self.tries, self.tries.is_inside
        ran = tries.is_executed & (tries.is_inside | (tries.wall_hours > 0))
        is_told = ~np.isnan(tries["gpu_count"])
        is_untold, is_there = tries.fate == UNTOLD, tries.is_inside | (tries.wall_hours > 0)
        return {
            "attempts": inside,
            "executed": inside & tries.is_executed,
            "succeeded": inside & tries.is_success,
            "nodes_done": self._results(tries.kept),
            "epochs": self._results(self.credited),
            "open_count": inside & tries.is_executed & tries.is_open,
            "gpu_told": ran & is_told,
            "gpu_untold": ran & ~is_told,
            "told": is_there & ~is_untold,
            "untold": is_there & is_untold,
            "executed_untold": inside & tries.is_executed & is_untold,
        }

    def _hours(self) -> "Iterator[tuple[str, Floats]]":
        """What each attempt adds to a sum of hours, one after the other: together they are half as large as the attempts."""
        tries = self.tries
        fates = {
            "": np.ones(len(tries)),
            "good_": tries.is_good,
            "checkpoint_": tries.fate == CHECKPOINT,
            "lost_": tries.is_lost,
            "untold_": tries.fate == UNTOLD,
        }
        for prefix, chosen in fates.items():
            yield f"{prefix}wall", tries.wall_hours * chosen
            yield f"{prefix}gpu", tries.gpu_hours * chosen
        yield "open_wall", tries.open_hours
        yield "open_gpu", tries.open_hours * tries["gpu_count"]

    @cached_property
    def _is_of_untold_node(self) -> Any:
        """Attempts of nodes without a success of which one attempt does not tell how it ended."""
        node = self.tries.names["node"]
        is_untold = np.zeros(len(node.labels), dtype=bool)
        is_untold[node.codes[self.tries.fate == UNTOLD]] = True
        return (is_untold & (self.tries.kept < 0))[node.codes]

    def _distinct_nodes(self, names: Names, rows: "Whole", chosen: Any = True) -> "Floats":
        """Different nodes with an attempt of the period, by name; of the chosen attempts only."""
        node = self.tries.names["node"]
        is_inside = (self.tries.is_inside & chosen)[rows]
        pairs = np.unique(names.codes[is_inside] * len(node.labels) + node.codes[rows][is_inside])
        return np.bincount(pairs // max(1, len(node.labels)), minlength=len(names.labels)).astype(np.float64)

    def _results(self, rows: "Whole") -> Flags:
        """The attempts in `rows`, one a node, whose node's result is of the period."""
        kept, results = self.tries.kept, np.zeros(len(self.tries), dtype=bool)
        done = np.flatnonzero((rows >= 0) & (kept >= 0))
        results[rows[done[self.tries.is_inside[kept[done]]]]] = True
        return results


def _made(counts: "Mapping[str, Floats]", hours: "Mapping[str, Floats]", at: int) -> Totals:
    """The totals of one name."""
    told: dict[str, Any] = {name: round(float(held[at])) for name, held in counts.items()}
    told |= {name: float(held[at]) for name, held in hours.items()}
    return Totals(**told)
