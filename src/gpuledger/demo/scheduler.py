"""A small real scheduler: priority, first come first served, backfill, node failures and requeues.

Waits are what the machines and the other jobs make them, so no GPU is ever held twice.
"""

from bisect import insort
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from heapq import heappop, heappush
from itertools import count

from gpuledger.demo.machines import QUEUES
from gpuledger.demo.outage import Down
from gpuledger.demo.placement import machines, place
from gpuledger.demo.workload import Job

REQUEUE_DELAY = 120
"""Slurm holds a requeued job back for two minutes."""
_RANK = {"interactive": 1, "normal": 2, "scavenger": 3}
_BLOCKS_AFTER = 36 * 3600
"""After this long at the head of its queue a job that does not fit keeps later ones from starting."""


@dataclass(frozen=True)
class Attempt:
    """One record of the accounting: a job's try. `start` None: never ran. `end` None: waiting or running."""

    job: Job
    submit: int
    eligible: int
    start: int | None = None
    end: int | None = None
    state: str = "PENDING"
    exit_code: str = "0:0"
    nodes: tuple[str, ...] = ()


@dataclass(order=True)
class _Waiting:
    rank: int
    submit: int
    raw_id: int
    attempt: Attempt = field(compare=False)


class Scheduler:
    """Runs jobs through machines until `now`; `run` tells what accounting would know then."""

    def __init__(self, jobs: Iterable[Job], downs: Iterable[Down], now: int) -> None:
        self.now = now
        self._fleet = machines()
        self._waiting: dict[str, list[_Waiting]] = {name: [] for name in QUEUES}
        self._running: dict[int, Attempt] = {}
        self._done: list[Attempt] = []
        self._events: list[tuple[int, int, Callable[[int], None]]] = []
        self._numbers = count()
        for job in jobs:
            self._plan(job.submit, partial(self._submit, Attempt(job, job.submit, job.submit)))
        for down in downs:
            self._plan(down.start, partial(self._lose, down.node))
            self._plan(down.end, partial(self._regain, down.node))

    def run(self) -> list[Attempt]:
        """Every record known at `now`, by id and time of submission."""
        while self._events and self._events[0][0] < self.now:
            moment, _, happen = heappop(self._events)
            happen(moment)
        pending = [waiting.attempt for queue in self._waiting.values() for waiting in queue]
        known = [*self._done, *self._running.values(), *pending]
        return sorted(known, key=lambda attempt: (attempt.job.raw_id, attempt.submit))

    def _plan(self, moment: int, happen: Callable[[int], None]) -> None:
        heappush(self._events, (moment, next(self._numbers), happen))

    def _submit(self, attempt: Attempt, moment: int) -> None:
        job = attempt.job
        waiting = _Waiting(_RANK[job.habit.qos], attempt.eligible, job.raw_id, attempt)
        insort(self._waiting[job.habit.queue], waiting)
        if job.fate.patience is not None:
            self._plan(moment + job.fate.patience, partial(self._give_up, waiting))
        # Slurm looks at its queues every half minute, not at every submission.
        self._plan(attempt.eligible + 11 + job.raw_id % 19, partial(self._start_what_fits, job.habit.queue))

    def _give_up(self, waiting: _Waiting, moment: int) -> None:
        queue = self._waiting[waiting.attempt.job.habit.queue]
        if waiting in queue:
            queue.remove(waiting)
            state = f"CANCELLED by {waiting.attempt.job.person.uid}"
            self._done.append(replace(waiting.attempt, end=moment, state=state))

    def _start_what_fits(self, name: str, moment: int) -> None:
        """Starts every waiting job of a queue that fits, in order; equal demands are tried once."""
        queue = self._waiting[name]
        refused: set[tuple[object, ...]] = set()
        for waiting in list(queue):
            job = waiting.attempt.job
            demand = (job.nodes, tuple(job.gpus.items()), job.cpus_a_node, job.memory_mb_a_node)
            if demand in refused or waiting.attempt.eligible > moment:
                continue
            if nodes := place(job, self._fleet):
                queue.remove(waiting)
                self._start(replace(waiting.attempt, start=moment, state="RUNNING", nodes=nodes))
            elif moment - waiting.submit > _BLOCKS_AFTER:
                return
            refused.update(() if nodes else (demand,))

    def _start(self, attempt: Attempt) -> None:
        assert attempt.start is not None
        for name in attempt.nodes:
            self._fleet[name].hold(attempt.job)
        self._running[attempt.job.raw_id] = attempt
        self._plan(attempt.start + attempt.job.fate.seconds, partial(self._finish, attempt))

    def _finish(self, attempt: Attempt, moment: int) -> None:
        if self._running.get(attempt.job.raw_id) is attempt:
            fate = attempt.job.fate
            self._end(attempt, moment, fate.state, fate.exit_code)
            if fate.state == "PREEMPTED":
                self._requeue(replace(attempt.job, fate=replace(fate, state="COMPLETED")), moment)

    def _end(self, attempt: Attempt, moment: int, state: str, exit_code: str = "0:0") -> None:
        del self._running[attempt.job.raw_id]
        for name in attempt.nodes:
            self._fleet[name].hold(attempt.job, -1)
        ended = replace(attempt, state=state, exit_code=exit_code, end=moment)
        self._done.append(attempt if attempt.job.fate.is_forgotten else ended)
        self._start_what_fits(attempt.job.habit.queue, moment)

    def _requeue(self, job: Job, moment: int) -> None:
        self._submit(Attempt(job, moment, moment + REQUEUE_DELAY), moment)

    def _lose(self, node: str, moment: int) -> None:
        self._fleet[node].downs += 1
        for attempt in [running for running in self._running.values() if node in running.nodes]:
            self._end(attempt, moment, "NODE_FAIL", "1:0")
            self._requeue(attempt.job, moment)

    def _regain(self, node: str, moment: int) -> None:
        self._fleet[node].downs -= 1
        for name, queue in QUEUES.items():
            if any(machine.name == node for machine in queue.nodes):
                self._start_what_fits(name, moment)
