"""Reports on single hosts, told from what was asked once of all hosts: a page for each costs little."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from gpuledger.metrics import Answer, Wanted
from gpuledger.metrics.states.lanes import Lanes, lanes
from gpuledger.metrics.states.pressure import each, full, holders, is_told, polls, waits
from gpuledger.reports._pool_views.contention import Crowding
from gpuledger.reports._pool_views.host import WANTED, Scene
from gpuledger.reports._pool_views.lanes import lane_step
from gpuledger.reports._pool_views.names import split
from gpuledger.reports._pool_views.view import View

_HOST = "host"
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, eq=False)
class EveryHost:
    """What the period tells of each host, asked when the first of them is told of."""

    view: View

    @cached_property
    def answers(self) -> Mapping[str, Mapping[str, Answer]]:
        """By host, what `Scene.answers` of that host alone would be."""
        asked = [Wanted(metrics, (_HOST, *(d for d in by if d != _HOST))) for metrics, by in WANTED.values()]
        found = dict(zip(WANTED, self.view.ask.together(*asked), strict=True))
        parts = {name: _Parts(answer, is_kept=_HOST in WANTED[name][1]) for name, answer in found.items()}
        return {host: {name: part.of(host) for name, part in parts.items()} for host in found["total"].columns[_HOST]}

    @cached_property
    def lanes(self) -> Mapping[str, Lanes]:
        every = lanes(self.view.states, lane_step(self.view))
        found = defaultdict(list)
        for lane in every.lanes:
            found[lane.host].append(lane)
        return {host: replace(every, lanes=tuple(those)) for host, those in found.items()}

    @cached_property
    def waiting(self) -> Rows | None:
        """Jobs of every project that owns GPUs; None where nobody says who waited."""
        ask = self.view.ask
        looks = polls(ask)
        rows = waits(ask, looks)
        return each(ask, rows, sorted(self._projects)) if is_told(ask, rows, looks) else None

    @property
    def _projects(self) -> set[str]:
        told = (row["project"] for of in self.answers.values() for row in of["project"].records())
        return {name for owned in told if owned for name in split(owned)}

    @cached_property
    def crowding(self) -> Mapping[str, Crowding]:
        states = self.view.states
        crowded, held = (_by_side(rows) for rows in (full(states, by="host"), holders(states, by="host")))
        return {host: Crowding.of(crowded[host], held[host]) for host in self.answers}


@dataclass(frozen=True)
class OneHost(Scene):
    """A report on one of them."""

    every: EveryHost
    host: str

    @cached_property
    def answers(self) -> Mapping[str, Answer]:
        return self.every.answers[self.host]

    @cached_property
    def lanes(self) -> Lanes:
        return self.every.lanes[self.host]

    @cached_property
    def waiting(self) -> Rows | None:
        owners, rows = set(self.projects), self.every.waiting
        return None if rows is None else [row for row in rows if row["account"] in owners]

    @cached_property
    def crowding(self) -> Crowding:
        return self.every.crowding[self.host]


def _by_side(rows: Rows) -> Mapping[str, list[dict[str, Any]]]:
    """Rows of each host, as those of all its GPUs together."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["side"]].append({**row, "side": ""})
    return found


class _Parts:
    """An answer by host and perhaps more, taken apart by host."""

    def __init__(self, answer: Answer, *, is_kept: bool) -> None:
        self._answer = answer
        self._places: dict[str, list[int]] = defaultdict(list)
        for place, host in enumerate(answer.columns[_HOST]):
            self._places[host].append(place)
        self._shown = [name for name in answer.columns if is_kept or name != _HOST]
        self._left = tuple(dimension for dimension in answer.dimensions if is_kept or dimension.name != _HOST)

    def of(self, host: str) -> Answer:
        """With or without the column of hosts. Totals are there where nothing else is told apart."""
        held, rows = self._answer.columns, self._places[host]
        columns = {name: [held[name][row] for row in rows] for name in self._shown}
        totals = {} if self._left else {name: values[0] for name, values in columns.items()}
        return replace(self._answer, columns=columns, dimensions=self._left, totals=totals)
