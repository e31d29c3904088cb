"""One simulated history: who asked for what, what the scheduler made of it, and the exact totals."""

from collections import Counter
from dataclasses import dataclass, replace
from random import Random

from gpuledger.demo.outage import DAY, downs
from gpuledger.demo.scheduler import Attempt, Scheduler
from gpuledger.demo.workload import Job, submissions

WARM_UP_DAYS = 5
"""Simulated before the history begins, so that its first day finds a busy site."""


@dataclass(frozen=True)
class Site:
    """`attempts` is everything accounting knows at `now` of jobs that were there in [start, now) (epoch seconds)."""

    attempts: tuple[Attempt, ...]
    start: int
    now: int


def simulate(start: int, now: int, seed: int) -> Site:
    """Plays the site from `start` to `now`; equal arguments give equal histories."""
    random = Random(seed)
    begin = start - WARM_UP_DAYS * DAY
    jobs = _forget_one(submissions(random, begin, now), now)
    attempts = Scheduler(jobs, downs(random, begin, now), now).run()
    return Site(tuple(a for a in attempts if a.end is None or a.end > start), start, now)


def _forget_one(jobs: list[Job], now: int) -> list[Job]:
    """One notebook of the last days whose end never reaches accounting: it ran to its limit, the record runs on."""
    for number, job in enumerate(jobs):
        if job.habit.name == "jupyter" and job.gpus and job.submit > now - 6 * DAY:
            fate = replace(job.fate, seconds=job.limit_minutes * 60, state="TIMEOUT", is_forgotten=True)
            return [*jobs[:number], replace(job, fate=fate), *jobs[number + 1 :]]
    return jobs


@dataclass(frozen=True)
class Totals:
    """Sums over [lo, hi) in whole units, by user."""

    gpu_seconds: Counter[str]
    cpu_seconds: Counter[str]
    memory_mb_seconds: Counter[str]
    gpu_seconds_by_type: Counter[str]


def totals(site: Site, lo: int, hi: int) -> Totals:
    """What a correct ledger must answer for [lo, hi): an open record counts to `now`, at most to its limit."""
    sums = Totals(Counter(), Counter(), Counter(), Counter())
    for attempt in site.attempts:
        seconds = held_seconds(attempt, site.now, lo, hi) * attempt.job.nodes
        name = attempt.job.person.name
        sums.gpu_seconds[name] += seconds * attempt.job.gpus_a_node
        sums.cpu_seconds[name] += seconds * attempt.job.cpus_a_node
        sums.memory_mb_seconds[name] += seconds * attempt.job.memory_mb_a_node
        for kind, count in attempt.job.gpus.items():
            sums.gpu_seconds_by_type[kind] += seconds * count
    return sums


def held_seconds(attempt: Attempt, now: int, lo: int, hi: int) -> int:
    """Seconds of [lo, hi) in which the attempt held its resources."""
    if attempt.start is None:
        return 0
    end = attempt.end if attempt.end is not None else min(now, attempt.start + attempt.job.limit_minutes * 60)
    return max(0, min(end, hi) - max(attempt.start, lo))


def most_held(site: Site) -> Counter[str]:
    """The largest number of GPUs of each type held at one moment."""
    edges = []
    for attempt in site.attempts:
        seconds = held_seconds(attempt, site.now, 0, site.now)
        if attempt.start is not None and seconds:
            for kind, count in attempt.job.gpus.items():
                edges += [
                    (attempt.start, kind, count * attempt.job.nodes),
                    (attempt.start + seconds, kind, -count * attempt.job.nodes),
                ]
    held: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for _, kind, change in sorted(edges, key=lambda edge: (edge[0], edge[2])):
        held[kind] += change
        most[kind] = max(most[kind], held[kind])
    return most
