"""Rules about why time was lost: limits, hung attempts, evictions without checkpoints, transfers, missing commands."""

from collections.abc import Iterator
from math import sqrt

import numpy as np

from gpuledger.metrics.workflows.tries import LOST
from gpuledger.model.document import Note
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.advice.sizes import _is_kind, _where
from gpuledger.reports._experiment.scene import Scene

HUNG_FACTOR, FEWEST = 3.0, 5
"""An attempt that ran so many times the median of its type's successes and was then ended hung; of at least 5 successes."""
CHECKPOINT_SECONDS = 120.0
"""Assumed time to write a checkpoint, said with the advice."""
WORTH = 0.02
"""Part of the wall time below which a loss is not worth a change."""
NOT_FOUND = (126.0, 127.0)


def time_limits(scene: Scene) -> Iterator[Note]:
    """Attempts ended by a limit on their time."""
    tries = scene.tries
    chosen = _is_kind(scene, "time") & tries.is_inside
    if not chosen.any():
        return
    ran = tries.ran_seconds[chosen & tries.is_executed]
    longest = f" after up to {words.duration(float(ran.max()))}" if len(ran) else ""
    yield Note(
        "time-limits", "warning", "time limits",
        f"{words.plural(int(chosen.sum()), 'attempt')}{_where(scene, chosen)} reached a time limit{longest}, {_lost(scene, chosen)} lost:"
        " split the step, write checkpoints, or choose faster GPUs for it.",
        "lost-by-cause",
    )  # fmt: skip


def hung(scene: Scene) -> Iterator[Note]:
    """Attempts that somebody or something removed long after a success would have been over."""
    tries = scene.tries
    kind = tries.names["node_type"]
    limit = np.full(len(kind.labels), np.inf)
    for code, values in enumerate(kind.of_each(tries.ran_seconds, tries.is_success).values()):
        if len(values) >= FEWEST:
            limit[code] = HUNG_FACTOR * float(np.median(values))
    chosen = (
        _is_kind(scene, "removed", "policy", "unknown")
        & tries.is_inside
        & (tries.fate == LOST)
        & (tries.ran_seconds > limit[kind.codes])
        & ~(np.isnan(tries["cpu_count"]) & np.isnan(tries["gpu_count"]))  # jobs of the access point itself
    )
    if not chosen.any():
        return
    longest = float(np.nanmax(tries.ran_seconds[chosen]))
    allowed = float(limit[kind.codes[chosen]].max())
    yield Note(
        "hung", "warning", "hung attempts",
        f"{words.plural(int(chosen.sum()), 'attempt')}{_where(scene, chosen)} ran more than {words.count(HUNG_FACTOR)} times as long as half of the successes need"
        f" (up to {words.duration(longest)}) before the end, {_lost(scene, chosen)} lost:"
        f" set allowed_execute_duration to {words.count(allowed)} s, so that they end by themselves.",
        "lost-by-cause",
    )  # fmt: skip


def checkpoints(scene: Scene) -> Iterator[Note]:
    """How often work should be saved, from how often it was cut off. Source: Young 1974, CACM 17(9), 530."""
    tries = scene.tries
    chosen = _is_kind(scene, "eviction", "connection") & tries.is_inside & tries.is_executed
    count, hours = int(chosen.sum()), float(tries.wall_hours[chosen].sum())
    if count < FEWEST or hours < WORTH * scene.whole.wall:
        return
    between = float(tries.wall_hours.sum()) * 3600 / count
    every = sqrt(2 * CHECKPOINT_SECONDS * between)
    yield Note(
        "checkpoint-interval", "warning", "checkpoint interval",
        f"{words.plural(count, 'run')} were evicted or cut off, one in {words.duration(between)} of running, {_lost(scene, chosen)} lost:"
        f" save a checkpoint every {words.duration(every)} (Young's interval, if one takes {words.duration(CHECKPOINT_SECONDS)})"
        " and end with it (checkpoint_exit_code).",
        "lost-by-cause",
    )  # fmt: skip


def transfers(scene: Scene) -> Iterator[Note]:
    """Transfers that stalled or failed."""
    tries = scene.tries
    chosen = _is_kind(scene, "transfer") & tries.is_inside
    count = int(chosen.sum())
    if not count:
        return
    vain = float(np.nansum(tries["failed_transfer_seconds"][chosen])) / 3600
    of = int(tries.is_inside.sum())
    told = f"{words.amount(vain)} h of transfers in vain" if vain else "how long in vain is not told"
    lost = told + (f" and {_lost(scene, chosen)} lost" if tries.wall_hours[chosen].sum() else "")
    yield Note(
        "failing-transfers", "warning" if count >= WORTH * of else "info", "failing transfers",
        f"{words.count(count)} of {words.plural(of, 'attempt')} ended by a transfer that stalled or failed{_where(scene, chosen)}; {lost}:"
        " fetch large input through a cache near the site (osdf://), or send less of it.",
        "transfers-by-site",
    )  # fmt: skip


def quota(scene: Scene) -> Iterator[Note]:
    """Output that could not be written where it is kept: no request of the job changes that."""
    chosen = _is_kind(scene, "quota") & scene.tries.is_inside
    if chosen.any():
        yield Note(
            "disk-quota", "warning", "disk quota",
            f"{words.plural(int(chosen.sum()), 'attempt')}{_where(scene, chosen)} ended because a disk quota was used up (9.122), {_lost(scene, chosen)} lost:"
            " free space, or have the quota raised, where output is written; a larger request_disk does not help.",
            "lost-by-cause",
        )  # fmt: skip


def not_found(scene: Scene) -> Iterator[Note]:
    """Exit codes of a shell that could not run the command."""
    tries = scene.tries
    chosen = tries.is_inside & (tries.fate == LOST) & np.isin(tries["exit_code"], NOT_FOUND)
    if chosen.any():
        yield Note(
            "not-found", "warning", "command not found",
            f"{words.plural(int(chosen.sum()), 'attempt')}{_where(scene, chosen)} ended with exit code 126 or 127, a command that was not found or could not be run,"
            f" {_lost(scene, chosen)} lost: test for it at the start of the job, and require what provides it.",
            "lost-by-cause",
        )  # fmt: skip


def _lost(scene: Scene, chosen: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> str:
    """Hours of these attempts in words: GPU-hours where GPUs are known."""
    tries = scene.tries
    gpu, wall = float(np.nansum(tries.gpu_hours[chosen])), float(tries.wall_hours[chosen].sum())
    return f"{words.amount(gpu)} GPU-hours" if gpu else f"{words.amount(wall)} wall hours"
