"""What one log tells of each job: facts gathered until the job is over, then one row of job_events."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

import pyarrow as pa

from gpuledger.model.batch import Batch
from gpuledger.model.clocks import Knowledge
from gpuledger.model.schema import ARROW
from gpuledger.model.tables import CLOCKS, JOB_EVENTS
from gpuledger.sources.condor_log.clock import Clock
from gpuledger.sources.condor_log.frames import Event

JOBS_A_BATCH = 1000
NO_ACCESS_POINT = "condor"
LOCAL = "L"
"""After the seconds of a local stamp, which are told as if it were UTC."""
OVER = ("005", "009")
"""Codes after which a job is over, as a rule."""
JobKey = tuple[int, int]
Fact = tuple[float, bool, str]
"""When, whether that is local time, and what an event tells."""


@dataclass(slots=True)
class Telling:
    """What is told of one job so far, in the log's order."""

    facts: list[Fact] = field(default_factory=list)
    event_count: int = 0
    access_point: str = ""
    is_over: bool = False


class Tellings:
    """The jobs of one log. Those that are over leave in the order they ended, some time after."""

    def __init__(self, clock: Clock, reported_by: str, cluster: str | None) -> None:
        self.access_point = ""
        self.clusters: set[str] = set()
        self._clock, self._reported_by, self._cluster = clock, reported_by, cluster
        self._jobs: dict[JobKey, Telling] = {}
        self._over: deque[JobKey] = deque()
        self._uncounted = 0
        self._known: list[Knowledge] = []

    def count(self, event: Event) -> None:
        """An event that tells nothing about attempts: it is counted with the next row."""
        self._uncounted += 1
        if not self._jobs:
            self._jobs[event.job] = Telling()

    def take(self, job: JobKey, code: str, moment: float, is_local: bool, fact: str | None) -> None:
        """An event of this code; the fact begins with it."""
        told = self._jobs.get(job)
        if told is None:
            told = self._jobs[job] = Telling()
        told.event_count += 1
        if fact is None:
            return
        told.facts.append((moment, is_local, fact))
        if code == "000":
            told.access_point = self.access_point = _host(fact) or self.access_point
        elif code in OVER and not told.is_over:
            told.is_over = True
            self._over.append(job)

    def started(self, job: JobKey) -> float | None:
        """When the job last began to execute."""
        told = self._jobs.get(job)
        return (
            next((moment for moment, _, fact in reversed(told.facts) if fact.startswith("001")), None) if told else None
        )

    def finished(self) -> Iterator[Batch]:
        """The jobs that ended a while ago; late events of those just ended still join them."""
        while len(self._over) >= 2 * JOBS_A_BATCH:
            batch = self._batch([self._over.popleft() for _ in range(JOBS_A_BATCH)], None)
            yield from self._knowledge()
            yield batch

    def rest(self) -> Iterator[Batch]:
        """All other jobs, at the end of the log; `observed_at` of those still open is the log's last moment."""
        jobs = [*self._over, *(job for job, told in self._jobs.items() if not told.is_over)]
        for begin in range(0, len(jobs), JOBS_A_BATCH):
            batch = self._batch(jobs[begin : begin + JOBS_A_BATCH], self._clock.last)
            yield from self._knowledge()
            yield batch
        yield from self._knowledge()

    def _knowledge(self) -> Iterator[Batch]:
        """What the log tells of the clock of its access point, where that is more than was said before."""
        known = self._clock.known
        if known == self._known or not self.clusters:
            return
        self._known = known
        rows = [
            (cluster, zone, _instant(first), _instant(last), count)
            for cluster in sorted(self.clusters)
            for zone, first, last, count in known
        ]
        kinds = {
            "cluster": pa.string(), "zone": pa.string(), "time": ARROW["instant"], "observed_at": ARROW["instant"],
            "row_count": pa.int64(),
        }  # fmt: skip
        columns = {name: pa.array([row[at] for row in rows], kind) for at, (name, kind) in enumerate(kinds.items())}
        yield Batch(CLOCKS, pa.table(columns), pa.array([0] * len(rows), pa.int64()))

    def _batch(self, jobs: list[JobKey], end: float | None) -> Batch:
        self._jobs[jobs[0]].event_count += self._uncounted
        self._uncounted = 0
        rows = [self._row(job, self._jobs.pop(job), end) for job in jobs]
        self.clusters.update(row[0] for row in rows)
        kinds = {"time": ARROW["instant"], "observed_at": ARROW["instant"]}
        names = ("cluster", "job_id", "time", "events_hash", "events", "reported_by", "observed_at")
        columns = {
            name: pa.array([row[at] for row in rows], kinds.get(name, pa.string())) for at, name in enumerate(names)
        }
        return Batch(JOB_EVENTS, pa.table(columns), pa.array([row[-1] for row in rows], pa.int64()))

    def _row(self, job: JobKey, told: Telling, end: float | None) -> tuple[Any, ...]:
        lines = _once(told.facts)
        text = "\n".join(f"{moment}{LOCAL if is_local else ''}\t{fact}" for moment, is_local, fact in lines)
        first, last = (lines[0][0], max(lines)[0]) if lines else (end or 0.0, end or 0.0)
        is_as_told = not lines or lines[-1][1] == self._clock.is_local
        observed = end if end is not None and is_as_told and not told.is_over else last
        return (
            self._cluster or told.access_point or self.access_point or NO_ACCESS_POINT, f"{job[0]}.{job[1]}",
            _instant(first), blake2b(text.encode(), digest_size=8).hexdigest(), text, self._reported_by,
            _instant(observed), told.event_count,
        )  # fmt: skip


def _once(facts: list[Fact]) -> list[Fact]:
    """Of equal facts of one second the first."""
    first = {(int(fact[0]), fact[2]): fact for fact in reversed(facts)}
    return facts if len(first) == len(facts) else [fact for fact in facts if first[int(fact[0]), fact[2]] is fact]


def _host(fact: str) -> str:
    return fact.partition("\thost=")[2].partition("\t")[0]


def _instant(moment: float) -> int:
    return round(moment * 1_000_000)


def as_datetime(moment: float) -> datetime:
    """Epoch seconds as an instant."""
    return datetime.fromtimestamp(moment, UTC)
