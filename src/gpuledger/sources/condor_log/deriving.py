"""Rows of job_events → attempts, their GPUs and their events. All tellings of one job are taken together.

Local stamps become UTC here, by the clock of their access point: the same in every telling, whichever log proved it.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import pyarrow as pa

from gpuledger.model.batch import Batch
from gpuledger.model.clocks import UNKNOWN, LocalClock
from gpuledger.model.columns import Kind
from gpuledger.model.schema import ARROW
from gpuledger.model.tables import ATTEMPT_EVENTS, ATTEMPT_GPUS, JOB_ATTEMPTS
from gpuledger.model.vocabulary import BY_NAME
from gpuledger.sources.condor_log.clock import SLACK_SECONDS
from gpuledger.sources.condor_log.life import STEPS, Fact, Life
from gpuledger.sources.condor_log.rows import Job, attempt_row, event_rows, gpu_rows
from gpuledger.sources.condor_log.telling import LOCAL

_IS_LOCAL = f"{LOCAL}\t"
OFTEN = "040"
"""Code of events that say the same of many jobs: that a transfer began or ended."""
KINDS: dict[str, Kind] = {name: column.kind for name, column in BY_NAME.items()}
JOB = itemgetter(0, 1)


class Telling(NamedTuple):
    """What a row of job_events tells of a job; `observed_at` in microseconds."""

    cluster: str
    job_id: str
    events: str
    reported_by: str | None
    observed_at: int


class Rows(NamedTuple):
    """What was derived so far."""

    attempts: list[dict[str, Any]]
    gpus: list[dict[str, Any]]
    events: list[dict[str, Any]]


def derive(
    events: pa.Table, sites: Mapping[str, str], checkpoint_codes: Iterable[int], clocks: Mapping[str, LocalClock]
) -> Iterator[Batch]:
    """The attempts of the jobs that `events` tells about. It must hold every telling of each of them.

    Equal events of several tellings are one. The order of the tellings does not matter.
    """
    rows = Rows([], [], [])
    codes = tuple(checkpoint_codes)
    for (cluster, job_id), tellings in groupby(sorted(_tellings(events), key=JOB), key=JOB):
        each = in_utc(list(tellings), clocks.get(cluster, UNKNOWN))
        newest = max(each, key=lambda one: (one.observed_at, one.reported_by or ""))
        lines = union([one.events for one in each])
        _add(rows, Job(cluster, job_id, newest.reported_by, newest.observed_at, lines, sites), codes)
    for table, found in zip((JOB_ATTEMPTS, ATTEMPT_GPUS, ATTEMPT_EVENTS), rows, strict=True):
        if found:
            yield Batch(table, _columns(found), pa.array([0] * len(found), pa.int64()))


def _tellings(events: pa.Table) -> Iterator[Telling]:
    """Moments become numbers: as datetimes they would cost more than the reading of their events."""
    moments = events["observed_at"].cast(pa.timestamp("us")).cast(pa.int64())
    columns = [events[name].to_pylist() for name in Telling._fields[:-1]]
    return map(Telling, *columns, moments.to_pylist())


def in_utc(tellings: list[Telling], clock: LocalClock) -> list[Telling]:
    """The tellings of one job with every local stamp read by the clock of its access point."""
    if not any(_IS_LOCAL in one.events for one in tellings):
        return tellings
    known = {_second(line) for one in tellings for line in one.events.split("\n") if line}
    return [_telling_in_utc(one, clock, known) for one in tellings]


def _telling_in_utc(one: Telling, clock: LocalClock, known: set[tuple[str, str]]) -> Telling:
    lines = one.events.split("\n")
    is_local = lines[-1].partition("\t")[0].endswith(LOCAL)
    observed = round(clock.utc(one.observed_at / 1e6) * 1e6) if is_local else one.observed_at
    return one._replace(events="\n".join(_lines_in_utc(lines, clock, known)), observed_at=observed)


def _lines_in_utc(lines: list[str], clock: LocalClock, known: set[tuple[str, str]]) -> Iterator[str]:
    """Of a stamp that occurs twice the occurrence that another telling knows, else the one that keeps the order."""
    last = float("-inf")
    for line in lines:
        time, _, fact = line.partition("\t")
        if not time.endswith(LOCAL):
            yield line
            continue
        moment, *second = clock.readings(float(time[:-1]))
        if second and ((f"{second[0]:.0f}", fact) in known or moment < last - SLACK_SECONDS):
            moment = second[0]
        last = moment
        yield f"{moment}\t{fact}"


def _second(line: str) -> tuple[str, str]:
    time, _, fact = line.partition("\t")
    return time.partition(".")[0], fact


def _add(rows: Rows, job: Job, codes: tuple[int, ...]) -> None:
    life = Life(codes)
    for fact in facts(job.events):
        life.take(fact)
    known: set[str] = set()
    for attempt in life.close():
        row = attempt_row(job, attempt, known)
        rows.attempts.append(row)
        rows.gpus.extend(gpu_rows(row, attempt))
        rows.events.extend(event_rows(row, attempt))


def union(tellings: list[str]) -> list[str]:
    """Every event of several tellings once; where times are equal the longest telling keeps its order.

    An event that was cut off in one telling and is whole in another is one event.
    """
    if len(tellings) == 1:
        return tellings[0].split("\n") if tellings[0] else []
    lines: dict[tuple[str, str], str] = {}
    for text in sorted(tellings, key=lambda text: (-len(text), text)):
        for line in text.split("\n") if text else []:
            time, _, fact = line.partition("\t")
            second = time.partition(".")[0]
            if not any(second == there and whole.startswith(fact) for there, whole in lines):
                lines[second, fact] = line
    return list(lines.values())


def facts(lines: Iterable[str]) -> list[Fact]:
    """The events of one job in their order."""
    return sorted((fact for fact in map(_fact, lines) if fact.code in STEPS), key=itemgetter(0))


def _fact(line: str) -> Fact:
    time, _, said = line.partition("\t")
    return Fact(float(time), *(_often_told if said.startswith(OFTEN) else _told)(said))


def _told(said: str) -> tuple[str, dict[str, str], tuple[str, ...]]:
    """Code, values by key, GPUs. Nobody changes the values: facts may share them."""
    code, *parts = said.split("\t")
    told = dict([part.split("=", 1) for part in parts])
    gpus = tuple(part[4:] for part in parts if part.startswith("gpu=")) if "gpu" in told else ()
    return code, told, gpus


_often_told = lru_cache(maxsize=1 << 12)(_told)


def _columns(rows: list[dict[str, Any]]) -> pa.Table:
    """All rows have the same names in the same order."""
    columns = zip(*(row.values() for row in rows), strict=True)
    return pa.table({name: pa.array(values, ARROW[KINDS[name]]) for name, values in zip(rows[0], columns, strict=True)})
