"""What people submit: each habit, hour by hour, becomes jobs whose fate is decided before the scheduler sees them."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from random import Random

from gpuledger.demo.failures import Fate, draw_fate
from gpuledger.demo.machines import QUEUES
from gpuledger.demo.people import PEOPLE, Habit, Person

HOUR = 3600
_OFFICE = (0.05,) * 7 + (0.3, 0.9, 1.8, 2.2, 2.0, 1.4, 1.8, 2.2, 2.0, 1.8, 1.4, 0.8, 0.5, 0.4, 0.3, 0.2, 0.1)
_ALWAYS = (0.6,) * 7 + (0.7, 0.9, 1.3, 1.5, 1.4, 1.2, 1.4, 1.5, 1.5, 1.4, 1.3, 1.1, 1.0, 0.9, 0.8, 0.8, 0.7)
_NIGHT = (3.0,) * 5 + (1.0,) * 2 + (0.1,) * 13 + (1.0,) * 2 + (3.0,) * 2
RHYTHMS: Mapping[str, tuple[float, ...]] = {"office": _OFFICE, "always": _ALWAYS, "night": _NIGHT}
_WEEKEND = {"office": 0.12, "always": 0.55, "night": 1.0}


@dataclass(frozen=True)
class Job:
    """One submission as the scheduler gets it, with the fate it will meet if machines let it run.

    `gpus` is type → count on each node. `shown_id` is what JobID shows (`7_3` of an array, `9+1` of a het job).
    """

    raw_id: int
    shown_id: str
    person: Person
    habit: Habit
    submit: int
    nodes: int
    gpus: Mapping[str, int]
    limit_minutes: int
    fate: Fate
    is_typed: bool = True

    @property
    def gpus_a_node(self) -> int:
        return sum(self.gpus.values())

    @property
    def cpus_a_node(self) -> int:
        return self.habit.cpus * max(1, self.gpus_a_node)

    @property
    def memory_mb_a_node(self) -> int:
        return self.habit.memory_gib * 1024 * max(1, self.gpus_a_node)


def submissions(random: Random, start: int, end: int) -> list[Job]:
    """Every job submitted in [start, end), by time of submission; ids rise with time as Slurm's do."""
    calls = [
        (moment, number, person, habit)
        for number, (person, habit) in enumerate((p, h) for p in PEOPLE for h in p.habits)
        for moment in _moments(random, habit, start, end)
    ]
    ids = count(4_100_000)
    calls.sort(key=lambda call: call[:2])
    return [job for moment, _, person, habit in calls for job in _call(random, ids, person, habit, moment)]


def _moments(random: Random, habit: Habit, start: int, end: int) -> Iterator[int]:
    first, last = (start + int(share * (end - start)) for share in habit.active)
    for hour in range(first - first % HOUR, last, HOUR):
        at = datetime.fromtimestamp(hour, UTC)
        weight = RHYTHMS[habit.rhythm][at.hour] * (_WEEKEND[habit.rhythm] if at.weekday() >= 5 else 1.0)
        for _ in range(_poisson(random, habit.per_day / 24 * weight)):
            yield min(end - 1, hour + random.randrange(HOUR))


def _poisson(random: Random, mean: float) -> int:
    """Knuth's method; fine for means below one."""
    limit, product, drawn = math.exp(-mean), random.random(), 0
    while product > limit:
        product *= random.random()
        drawn += 1
    return drawn


def _call(random: Random, ids: Iterator[int], person: Person, habit: Habit, moment: int) -> Iterator[Job]:
    """One sbatch: a job, an array, or the two components of a heterogeneous job."""
    first = next(ids)
    job = _job(random, first, person, habit, moment)
    if habit.array > 1:
        tasks = random.randint(max(2, habit.array // 2), habit.array)
        yield replace(job, shown_id=f"{first}_0")
        for index in range(1, tasks):
            yield replace(_job(random, next(ids), person, habit, moment, job), shown_id=f"{first}_{index}")
    elif habit.het:
        yield replace(job, shown_id=f"{first}+0")
        yield replace(job, raw_id=next(ids), shown_id=f"{first}+1", gpus={}, is_typed=True)
    else:
        yield job


def _job(random: Random, raw_id: int, person: Person, habit: Habit, moment: int, like: Job | None = None) -> Job:
    limit = like.limit_minutes if like else _limit_minutes(random, habit)
    gpus = like.gpus if like else _gpus(random, habit)
    nodes = like.nodes if like else random.choice(habit.nodes)
    fate = draw_fate(random, habit, person.uid, limit)
    return Job(raw_id, str(raw_id), person, habit, moment, nodes, gpus, limit, fate, random.random() < 0.6)


def _gpus(random: Random, habit: Habit) -> Mapping[str, int]:
    types = tuple(QUEUES[habit.queue].nodes[0].gpus)
    if habit.mixed:
        return dict.fromkeys(types, 1)
    wanted = random.choice(habit.gpus)
    return {random.choice(types): wanted} if wanted else {}


def _limit_minutes(random: Random, habit: Habit) -> int:
    rounded = (60, 120, 240, 480, 720, 1440, 2880, 4320, 10080)
    wished = habit.minutes * random.choice((3, 4, 6, 8))
    return min(QUEUES[habit.queue].limit_minutes, next((limit for limit in rounded if limit >= wished), rounded[-1]))
