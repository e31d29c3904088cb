"""Use over time: stacked steps by name, with the mean and the exact peak of the period.

Bins begin on the display zone's clock; the first and the last one are what of them lies in the period.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from gpuledger.metrics import NO_GPU, Ask, InUse, WantedSeries
from gpuledger.model.chart import Axis, Chart, Gap, Lines, Series
from gpuledger.model.document import Format
from gpuledger.reports import _words as words
from gpuledger.reports._bins import edges
from gpuledger.reports._scene import Scene, named
from gpuledger.reports._tables import PLURALS

STEPS = (300, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
"""Widths a bin may have; longer periods take whole days."""
MOST_BINS, MOST_SMALL_BINS = 400, 160
"""More would be narrower than the pixels of a wide figure, or of one of three side by side."""
OTHERS = "others"


@dataclass(frozen=True)
class Held:
    """A resource in use: the held metric, the metrics of its mean and peak (or none), and how amounts are written."""

    id: str
    what: str
    metric: str
    mean: str
    peak: str
    format: Format
    total_unit: str
    unit: str = ""


GPUS = Held("gpus-in-use", "GPUs in use", "gpu_hours", "mean_gpus", "peak_gpus", "gpu", "gpu_hour")
CPUS = Held("cpus-in-use", "CPUs in use", "cpu_hours", "mean_cpus", "peak_cpus", "gpu", "CPU-h")
MEMORY = Held(
    "memory-in-use", "Memory in use", "memory_gib_hours", "mean_memory_gib", "peak_memory_gib", "gib", "GiB-h", "GiB"
)
RUNNING = Held("jobs-running", "Jobs running", "attempt_hours", "mean_attempts", "peak_attempts", "gpu", "hour")


def bin_step(seconds: float, most: int = MOST_BINS) -> float:
    """The narrowest of the allowed widths that keeps a period's bins drawable; else the fewest whole days."""
    fitting = (step for step in STEPS if seconds / step <= most)
    return next(fitting, 86_400 * -(-seconds // (86_400 * most)))


def series_wanted(ask: Ask, by: str) -> tuple[WantedSeries, ...]:
    """What the charts are made of, asked before it is known what leads: in narrow bins, and in wide ones for what stands
    beside it."""
    shown = ((MOST_BINS, (GPUS, CPUS)), (MOST_SMALL_BINS, (CPUS, MEMORY, RUNNING)))
    return tuple(WantedSeries(tuple(held.metric for held in those), _cut(ask, most), by) for most, those in shown)


def over_time(scene: Scene, resources: Sequence[Held], series: Sequence[Sequence[InUse]]) -> Iterator[Chart]:
    """A chart per resource, of the answers to `series_wanted`: the leading one wide, the others side by side."""
    lead, *others = resources
    wide, small = ({use.metric.name: use for use in those} for those in series)
    yield in_use(scene, lead, wide[lead.metric], _step(scene.ask, MOST_BINS))
    for held in others:
        yield in_use(scene, held, small[held.metric], _step(scene.ask, MOST_SMALL_BINS))


def _cut(ask: Ask, most: int) -> tuple[datetime, ...]:
    return edges(ask.period, timedelta(seconds=_step(ask, most)), ask.display_zone)


def _step(ask: Ask, most: int) -> float:
    return min(bin_step(ask.period.seconds, most), ask.period.seconds)


def in_use(scene: Scene, held: Held, use: InUse, step: float) -> Chart:
    """Stacked means per bin of `step` seconds: the document's top names in their order, the rest pooled."""
    series = _series(use, scene.ranks[scene.by])
    return Chart(
        id=held.id,
        title=f"{held.what} by {words.inside(scene.dimension.label)}, mean of {words.duration(step)}",
        finding=_finding(scene, held, use),
        x=Axis("", kind="time", values=use.edges[:-1], zone=scene.ask.display_zone),
        y=Axis(held.what, unit=held.format),
        shape=Lines(
            "area",
            True,
            series,
            step,
            _partial_from(scene, use.edges),
            total_unit=held.total_unit,
        ),
        dimension=scene.by,
        readout=_readout(scene, held),
        foot=f"Attempts that held resources · {scene.foot}{_known_unseen(use)}",
        left_out=_without(scene, held),
        gaps=tuple(_gaps(scene, use)),
        empty="" if series else f"{_nothing(held, scene)}",
    )


def _series(use: InUse, ranked: Sequence[str]) -> tuple[Series, ...]:
    """Ranked names first, bottom up, then everyone else as one; names that held nothing are left out."""
    names = use.names[:-1] if use.left_out else use.names
    rows = {named(name): number for number, name in enumerate(names)}
    hours = use.hours
    drawn = [name for name in ranked if name in rows and hours[rows[name]] > 0]
    rest = [number for name, number in rows.items() if name not in drawn and hours[number] > 0]
    count = len(rest) + use.left_out
    rest += [len(names)] if use.left_out else []
    found = [Series(name, name, _band(use, [rows[name]]), total=float(hours[rows[name]])) for name in drawn]
    if rest:
        label = words.plural(count, "other")
        found.append(Series(OTHERS, label, _band(use, rest), total=float(hours[rest].sum())))
    return tuple(found)


def _band(use: InUse, rows: Sequence[int]) -> tuple[float | None, ...]:
    """Means over the observed part of each bin. Where nobody looked: what is known to have been held, else no value, never 0."""
    observed, held = use.observed[rows].sum(axis=0), use.means[rows].sum(axis=0)
    values = np.where(np.isnan(observed) & (held > 0), held, observed)
    different, places = np.unique(values, return_inverse=True)
    told = [None if math.isnan(value) else value for value in different.tolist()]
    return tuple(
        map(told.__getitem__, places.tolist())
    )  # a level that was held again is the same float: a tenth of the memory


def _gaps(scene: Scene, use: InUse) -> Iterator[Gap]:
    """What nobody observed, but for the bins in which something is known to have been held."""
    pieces = list(scene.coverage.gaps)
    for number in _unseen(use):
        left, right = use.edges[number], use.edges[number + 1]
        cut = [part for start, end in pieces for part in ((start, min(end, left)), (max(start, right), end))]
        pieces = [(start, end) for start, end in cut if start < end]
    return (Gap(start, end) for start, end in pieces)


def _unseen(use: InUse) -> list[int]:
    """Bins that nobody observed, in which attempts that were told later held something."""
    found: list[int] = np.flatnonzero((use.covered == 0) & (use.total > 0)).tolist()
    return found


def _known_unseen(use: InUse) -> str:
    """Why there are bars inside a gap."""
    return " · Bars where nobody looked: what was told later, perhaps not all" if _unseen(use) else ""


def _without(scene: Scene, held: Held) -> str:
    """Names of the table that have no band."""
    answer = scene.answers[scene.by]
    if held.metric not in answer.columns:
        return ""
    names = [name for (name,), amount in answer.of(held.metric).items() if not amount]
    without = sum(name not in (None, NO_GPU) for name in names)
    what = words.plural(without, words.inside(scene.dimension.label), PLURALS.get(scene.by, ""))
    return f"{what} without {scene.ask.metrics[held.metric].label}." if without else ""


def _partial_from(scene: Scene, edges: Sequence[datetime]) -> int | None:
    """The first bin that was not over when the newest reading was made."""
    newest = min(scene.ask.now, scene.coverage.newest or scene.ask.now)
    return next((number for number, end in enumerate(edges[1:]) if end > newest), None)


def _readout(scene: Scene, held: Held) -> str:
    mean, peak = (scene.totals.value(name) if name else None for name in (held.mean, held.peak))
    if mean is None or peak is None:
        return ""
    return f"mean {amount(held, mean)} · peak {amount(held, peak)}"


def amount(held: Held, value: float) -> str:
    """A mean or a limit with its unit."""
    if held.format == "gpu":
        return words.gpus(value)
    return f"{words.amount(value)}{words.SPACE}{held.unit}"


def _finding(scene: Scene, held: Held, use: InUse) -> str:
    """Which bin was the fullest, a whole one if anything ran in one; said only where something ran."""
    total = np.nan_to_num(use.observed.sum(axis=0))
    if not total.size or total.max() <= 0:
        return _nothing(held, scene)
    whole = np.where(use.bin_seconds >= np.median(use.bin_seconds), total, 0)
    fullest = int((whole if whole.max() > 0 else total).argmax())
    start, zone = use.edges[fullest], scene.ask.display_zone
    length = words.duration(float(use.bin_seconds[fullest]))
    return f"The fullest {length} began {words.stamp(start, zone)}: {amount(held, float(total[fullest]))} on average."


def _nothing(held: Held, scene: Scene) -> str:
    """True zero and "the source does not say" are different sentences."""
    what = held.what.split(" ")[0]
    if scene.totals.value(held.metric) is None:
        return f"{what}: not collected; the accounting does not say how much jobs held."
    if scene.totals.value(held.metric):
        return f"{what}: held only while nobody looked."
    return "No job ran in the period." if held is RUNNING else f"{what}: none held in the period."
