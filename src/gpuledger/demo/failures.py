"""How jobs end: decided per job from its owner's habits, before any machine is found for it."""

from dataclasses import dataclass
from random import Random

from gpuledger.demo.people import Habit


@dataclass(frozen=True)
class Fate:
    """What becomes of a job that is let run: `seconds` of running, then `state` with sacct's `exit_code`.

    `patience` is how long it may wait before its owner cancels it. `busy_ratio` is what the GPUs do meanwhile, None
    where nothing measures it. `is_forgotten`: the accounting never hears of its end (a runaway record).
    """

    seconds: int
    state: str
    exit_code: str
    cpu_ratio: float
    memory_ratio: float
    busy_ratio: float | None = None
    patience: int | None = None
    is_forgotten: bool = False


_EXIT_CODES = ("1:0", "1:0", "1:0", "2:0", "127:0", "137:0", "0:11", "134:0")
_UNMEASURED = 0.06
"""Jobs whose GPU use nobody sampled though the queue has NVML: too short, or the plugin failed."""


def draw_fate(random: Random, habit: Habit, uid: int, limit_minutes: int) -> Fate:
    """Draws a run time and an end: success, a crash (early), out of memory, cancelled by its owner, or the limit."""
    seconds = max(5, int(60 * habit.minutes * random.lognormvariate(0.0, habit.spread)))
    state, code, share = _end(random, habit, uid)
    seconds = max(3, int(seconds * share))
    if seconds > limit_minutes * 60:
        seconds, state, code = limit_minutes * 60 + random.randrange(20), "TIMEOUT", "0:0"
    patience = random.randrange(600, 86_400) if random.random() < 0.015 else None
    busy = _busy(random, habit)
    return Fate(seconds, state, code, random.betavariate(4, 2), random.betavariate(3, 3), busy, patience)


def _end(random: Random, habit: Habit, uid: int) -> tuple[str, str, float]:
    """(state, exit code, share of the wished time it ran)."""
    drawn = random.random()
    if habit.qos == "scavenger" and drawn < 0.35:
        return "PREEMPTED", "0:0", random.random()
    if drawn < habit.failing:
        return "FAILED", random.choice(_EXIT_CODES), random.random() ** 2
    if drawn < habit.failing + 0.012:
        return "OUT_OF_MEMORY", "0:125", random.random()
    if drawn < habit.failing + 0.055:
        return f"CANCELLED by {uid if random.random() < 0.9 else 0}", "0:0", random.random()
    return "COMPLETED", "0:0", 1.0


def _busy(random: Random, habit: Habit) -> float | None:
    if habit.busy is None or random.random() < _UNMEASURED:
        return None
    if habit.busy == 0 or random.random() < 0.02:
        return 0.0
    return min(0.99, max(0.01, random.gauss(habit.busy, 0.09)))
