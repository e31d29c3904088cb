"""Counts and hours of attempts by name: the definitions that the report and the metrics share."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gpuledger.metrics.workflows.names import Names
from gpuledger.metrics.workflows.tries import CHECKPOINT, LOST, Tries

if TYPE_CHECKING:
    from gpuledger.metrics.events import Floats, Whole

NO_STEP = ""


@dataclass(frozen=True)
class Totals:
    """Counts and hours of some attempts. `nodes` were submitted, `nodes_done` have a success. Hours are of attempts
    that are over; `open_count` attempts have started and have no end, their hours so far are `open_wall`, `open_gpu`."""

    attempts: int
    executed: int
    succeeded: int
    nodes: int
    nodes_done: int
    epochs: int
    open_count: int
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


NOTHING = Totals(*[0] * 7, *[0.0] * 10)


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
    def credited(self) -> "Whole":
        """Per node with a step the attempt that did its work, -1 elsewhere. Without any step every node counts as one."""
        tries, rows = self.tries, self.tries.credited.copy()
        if self.has_steps:
            step = tries.names["step"]
            has_step = np.array([label != NO_STEP for label in step.labels])
            there = rows >= 0
            rows[there] = np.where(has_step[step.codes[rows[there]]], rows[there], -1)
        return rows

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
            "open_count": names.sums(inside * tries.is_executed * tries.is_open),
        }
        hours = dict(self._hours(names))
        there = [n for n in range(size) if counts["attempts"][n] or hours["wall"][n] or hours["open_wall"][n]]
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
        }
        for prefix, chosen in fates.items():
            yield f"{prefix}wall", names.sums(tries.wall_hours * chosen)
            yield f"{prefix}gpu", names.sums(tries.gpu_hours * chosen)
        yield "open_wall", names.sums(tries.open_hours)
        yield "open_gpu", names.sums(tries.open_hours * tries["gpu_count"])

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
