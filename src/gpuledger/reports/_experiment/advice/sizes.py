"""Rules about what was asked for: memory, disk, CPUs and GPUs against what was used."""

from collections.abc import Iterator
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from gpuledger.metrics import NOT_KNOWN
from gpuledger.metrics.workflows.read import NOT_MATCHED
from gpuledger.model.document import Note
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.requested_used import resources
from gpuledger.reports._experiment.scene import Scene
from gpuledger.reports._experiment.summary import busy

if TYPE_CHECKING:
    from gpuledger.metrics.events import Floats

MIB, KIB = 2.0**20, 2.0**10
HEADROOM = 1.15
"""A request is raised to this times the largest use seen, and at least by as much."""
SPARE, ENOUGH = 0.6, 10
"""A request is too large where hardly any of at least so many attempts used this part of it."""
TAILED = 100
"""Of fewer attempts one is more than a hundredth, so what is said holds for all of them."""
MOST_BUSY, LONG_SECONDS = 0.5, 600.0
"""GPUs busy less than this are said to be idle; shorter attempts say little."""


def memory(scene: Scene) -> Iterator[Note]:
    """Attempts that used more memory than they asked for, or were ended for it."""
    yield from _exceeded(scene, "memory", "request_memory", MIB, "MB", 10_000)


def disk(scene: Scene) -> Iterator[Note]:
    """The same of disk."""
    yield from _exceeded(scene, "disk", "request_disk", KIB, "KB", 1_000_000)


def _exceeded(scene: Scene, what: str, command: str, unit: float, name: str, step: int) -> Iterator[Note]:
    tries = scene.tries
    requested, used = (
        np.where(tries.is_inside, tries[f"{kind}_{what}_bytes"], np.nan) for kind in ("requested", "used")
    )
    chosen = _is_kind(scene, what) & tries.is_inside
    count = int(chosen.sum())
    if not count:
        return
    lost = words.amount(float(np.nansum(tries.gpu_hours[chosen])))
    places = _where(scene, chosen)
    asked = _most_common(requested[chosen])
    head = f"{words.plural(count, 'attempt')}{places} exceeded"
    if asked is None:
        yield Note(
            what, "warning", what, f"{head} their {what}, {lost} GPU-hours lost: raise {command}.", "lost-by-cause"
        )
        return
    enough = _rounded_up(HEADROOM * max(asked, float(np.nanmax(np.append(used[chosen], asked)))) / unit, step)
    yield Note(
        what, "warning", what,
        f"{head} {command} {words.count(asked / unit)} {name}, {lost} GPU-hours lost: request {words.count(enough)} {name}.",
        "requested-and-used",
    )  # fmt: skip


def spare_memory(scene: Scene) -> Iterator[Note]:
    """Memory that nobody used, where no attempt ran out of it."""
    if (_is_kind(scene, "memory") & scene.tries.is_inside).any():
        return
    yield from _spare(scene, "memory", "request_memory", 1024.0, "MB", 1_000)


def spare_cpus(scene: Scene) -> Iterator[Note]:
    """Cores that nobody used."""
    yield from _spare(scene, "cpu", "request_cpus", 1.0, "core", 1)


def _spare(scene: Scene, key: str, command: str, scale: float, name: str, step: int) -> Iterator[Note]:
    each = next(one for one in resources(scene) if one.key == key)
    known = (
        ~np.isnan(each.used) & (each.requested > 0) & (scene.tries.ran_seconds >= LONG_SECONDS) & scene.tries.is_success
    )
    if int(known.sum()) < ENOUGH:
        return
    used, asked = each.used[known], each.requested[known]
    most, peak = _most_of(used / asked), _most_of(used)
    typical = float(np.median(asked))
    enough = _rounded_up(HEADROOM * peak * scale, step)
    if most >= SPARE or enough >= typical * scale:
        return
    yield Note(
        f"spare-{key}", "info", f"over-requested {'CPU' if key == 'cpu' else key}",
        f"{'99 % of' if len(used) >= TAILED else 'All'} {words.plural(len(used), 'successful attempt')} used at most {words.percent(most)}"
        f" of {command} {_amount(typical * scale, name)}: {_amount(enough, name)} would do and match more slots.",
        "requested-and-used",
    )  # fmt: skip


def _most_of(values: "Floats") -> float:
    """The most that was used; of many attempts without the highest hundredth, which may be a fault of measuring."""
    return float(np.percentile(values, 99) if len(values) >= TAILED else values.max())


def _amount(value: float, unit: str) -> str:
    """23,000 MB, 1 core, 3 cores."""
    return words.plural(value, unit, unit if unit.isupper() else "")


def idle_gpus(scene: Scene) -> Iterator[Note]:
    """GPU-hours held without work, of the attempts that told."""
    tries = scene.tries
    ratio, share = busy(scene)
    chosen = tries.is_inside & ~np.isnan(tries["gpu_busy_ratio"]) & (tries.ran_seconds >= LONG_SECONDS)
    if ratio is None or share is None or ratio >= MOST_BUSY or int(chosen.sum()) < ENOUGH:
        return
    hours = float(np.nansum(tries.gpu_hours * (1 - tries["gpu_busy_ratio"])))
    several = chosen & (tries["gpu_count"] > 1)
    more = ""
    if several.any():
        on = float(np.median(tries["gpu_busy_ratio"][several] * tries["gpu_count"][several]))
        more = f"; attempts with several GPUs kept {words.gpus(on)} of them busy: ask for fewer"
    yield Note(
        "idle-gpus", "warning", "idle GPUs",
        f"GPUs were busy {words.percent(ratio)} of the time in {words.plural(int(chosen.sum()), 'attempt')} that told ({words.percent(share)} of GPU-hours),"
        f" {words.amount(hours)} GPU-hours without work{more or ': look at data loading and batch size'}.",
        "gpu-use",
    )  # fmt: skip


def _is_kind(scene: Scene, *kinds: str) -> Any:
    """Lost attempts whose cause is of one of these kinds."""
    return scene.tries.kind.is_one_of(*kinds)


def _where(scene: Scene, chosen: "Floats") -> str:
    """Where these attempts were, to follow a noun: " at Expanse", or of several places (or none) how many at each."""
    site = scene.tries.names["site"]
    counts = dict(zip(site.labels, np.bincount(site.codes[chosen], minlength=len(site.labels)).tolist(), strict=True))
    places = [(_place(name), n) for name, n in sorted(counts.items(), key=_named_first) if n]
    if len(places) == 1:
        return f" {places[0][0]}"
    return f" ({', '.join(f'{words.count(n)} {place}' for place, n in places)})"


def _named_first(counted: tuple[str, int]) -> tuple[bool, int, str]:
    name, count = counted
    return name in _NOWHERE, -count, name


def _place(name: str) -> str:
    return _NOWHERE.get(name) or f"at {name}"


_NOWHERE = {NOT_KNOWN: "where no site is known", NOT_MATCHED: "before any match"}


def _most_common(values: "Floats") -> float | None:
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    found, counts = np.unique(known, return_counts=True)
    return float(found[counts.argmax()])


def _rounded_up(value: float, step: int) -> float:
    return float(ceil(round(value / step, 6)) * step)
