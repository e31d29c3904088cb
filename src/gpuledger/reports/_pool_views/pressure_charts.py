"""The queue over time: GPUs that waiting jobs ask for, by project and by user."""

from collections.abc import Sequence

import numpy as np

from gpuledger.metrics.bins import coverage_of
from gpuledger.metrics.events import Floats
from gpuledger.model.chart import Axis, Chart, Gap, Lines, Series
from gpuledger.reports import _words as words
from gpuledger.reports._charts import OTHERS
from gpuledger.reports._pool_views.pressure import Scene, project

COLOURED = 12
BLIND = "The source does not tell when it looked: a time without waiting jobs may be one at which nobody looked."


class Queue:
    """GPUs asked for in each bin, by name, most first."""

    def __init__(self, scene: Scene, by: str) -> None:
        found = scene.queue(by)
        self.scene, self.by = scene, by
        told = [project(key[0]) if by == "project" else scene.user(key[0]) for key in found.keys]
        self.names = list(dict.fromkeys(told))
        area = np.zeros((len(self.names), len(scene.bins)))
        np.add.at(area, [self.names.index(name) for name in told], found.area_us(0))
        order = np.argsort(-area.sum(axis=1), kind="stable").tolist()
        self.names, self.area = [self.names[number] for number in order], area[order]

    @property
    def top(self) -> tuple[str, ...]:
        return tuple(self.names[:COLOURED])

    @property
    def total(self) -> Floats:
        """Mean GPUs asked for in each bin."""
        mean: Floats = self.area.sum(axis=0) / self.scene.bins.lengths_us
        return mean

    def chart(self) -> Chart:
        """Stacked means, the first twelve names and the rest."""
        scene, bins = self.scene, self.scene.bins
        step = float(bins.lengths_us[0]) / 1e6
        series = self._series()
        return Chart(
            id=f"queue-by-{self.by}",
            title=f"GPUs asked for by waiting jobs by {self.by}, mean of {words.duration(step)}",
            finding=self.finding,
            x=Axis("", kind="time", values=bins.edges[:-1], zone=scene.view.ask.display_zone),
            y=Axis("GPUs asked for", unit="gpu"),
            shape=Lines("area", True, series, step, total_unit="gpu_hour"),
            dimension=self.by,
            readout=f"mean {words.gpus(float(self.area.sum()) / 3.6e9 / scene.hours)}" if scene.hours else "",
            foot=f"Idle GPU jobs · {scene.foot}",
            left_out=BLIND if scene.looked is None else "",
            gaps=_gaps(scene),
            empty="" if series else "No job waited in the period.",
        )

    @property
    def finding(self) -> str:
        """When the queue was longest."""
        if not self.area.size or not self.area.sum():
            return "No job waited in the period."
        fullest = int(self.total.argmax())
        start, zone = self.scene.bins.edges[fullest], self.scene.view.ask.display_zone
        length = words.duration(float(self.scene.bins.lengths_us[fullest]) / 1e6)
        return f"Most in the {length} from {words.stamp(start, zone)}: {words.gpus(float(self.total[fullest]))} GPUs asked for."

    def _series(self) -> tuple[Series, ...]:
        held = [number for number, area in enumerate(self.area.sum(axis=1).tolist()) if area > 0]
        named, rest = held[:COLOURED], held[COLOURED:]
        series = [self._band(self.names[number], self.names[number], [number]) for number in named]
        if rest:
            series.append(self._band(OTHERS, words.plural(len(rest), "other"), rest))
        return tuple(series)

    def _band(self, key: str, label: str, rows: Sequence[int]) -> Series:
        area = self.area[rows].sum(axis=0)
        looked = self.scene.looked
        seen = np.ones(len(area)) if looked is None else coverage_of(self.scene.bins, looked)
        means = area / self.scene.bins.lengths_us
        values = tuple(float(m) if s > 0 or m > 0 else None for m, s in zip(means, seen, strict=True))
        return Series(key, label, values, total=float(area.sum()) / 3.6e9)


def _gaps(scene: Scene) -> tuple[Gap, ...]:
    """Times at which nobody looked, where the source says when it did."""
    if scene.looked is None:
        return ()
    edges = [scene.view.ask.period.start, *(edge for span in scene.looked for edge in span), scene.view.ask.period.end]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return tuple(Gap(start, end) for start, end in pairs if (end - start).total_seconds() >= 60)
