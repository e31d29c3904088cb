"""What attempts asked for beside what they used: CPU, memory, disk, GPU."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gpuledger.model.document import Block, Column, Format, Scalar, Table
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.colours import MEASURE
from gpuledger.reports._experiment.scene import GIB, Scene
from gpuledger.reports._experiment.shapes import Said, at, box, boxes, median

if TYPE_CHECKING:
    from gpuledger.metrics.events import Floats


@dataclass(frozen=True, eq=False)
class Resource:
    """Amounts of every attempt, not a number where not told."""

    key: str
    label: str
    format: Format
    requested: "Floats"
    used: "Floats"

    @property
    def ratio(self) -> "Floats":
        """Used ÷ requested."""
        ratio: Floats = np.divide(
            self.used, self.requested, out=np.full(len(self.used), np.nan), where=self.requested > 0
        )
        return ratio


def resources(scene: Scene) -> tuple[Resource, ...]:
    """CPU use is the mean number of cores, as told, else CPU time ÷ run; memory and disk are peaks; GPUs the mean number busy."""
    tries = scene.tries
    inside = tries.is_inside & tries.is_executed
    wanted = {
        key: np.where(inside, tries[f"requested_{key}"], np.nan)
        for key in ("cpu_count", "memory_bytes", "disk_bytes", "gpu_count")
    }
    seconds = np.where(inside & (tries.ran_seconds > 0), tries.ran_seconds, np.nan)
    told = tries["used_cpu_count"]  # measured over the run itself, CPU time may be of another span
    cores = np.where(inside & ~np.isnan(told), told, tries["used_cpu_seconds"] / seconds)
    busy = np.where(inside, tries["gpu_busy_ratio"] * tries["gpu_count"], np.nan)
    memory, disk = (np.where(inside, tries[f"used_{key}_bytes"], np.nan) / GIB for key in ("memory", "disk"))
    return (
        Resource("cpu", "CPU, cores", "gpu", wanted["cpu_count"], cores),
        Resource("memory", "Memory, GiB", "gib", wanted["memory_bytes"] / GIB, memory),
        Resource("disk", "Disk, GiB", "gib", wanted["disk_bytes"] / GIB, disk),
        Resource("gpu", "GPUs busy", "gpu", wanted["gpu_count"], busy),
    )


def blocks(scene: Scene) -> Iterator[Block]:
    told = [each for each in resources(scene) if np.any(~np.isnan(each.used)) or np.any(~np.isnan(each.requested))]
    finding = _finding(told)
    rows = [row for each in told for row in _rows(scene, each)]
    groups = [box(MEASURE, each.label.partition(",")[0], np.sort(each.ratio[~np.isnan(each.ratio)])) for each in told]
    if any(group.count for group in groups):
        said = Said(
            "used-of-requested",
            "Used ÷ requested of each attempt",
            finding,
            "Not told.",
            "CPU: mean cores; memory and disk: peak; GPU: mean busy",
        )
        yield boxes(scene, said, "ratio", [group for group in groups if group.count], MEASURE)
    yield Table(
        id="requested-and-used", title="Requested and used, by site",
        columns=(
            Column("resource", "Resource"), Column("site", "Site", dimension="site"), Column("asked", "Requested, median", "gpu"),
            Column("used", "Used, median", "gpu", rank=1), Column("most", "Used, 95 %", "gpu"), Column("peak", "Used, most", "gpu"),
            Column("ratio", "Used ÷ requested", "ratio", meaning="Median of the attempts that tell both.", rank=1),
            Column("over", "Above request", "count", meaning="Attempts that used more than they asked for."),
            Column("measured", "Measured", "count"), Column("executed", "Of attempts", "count"),
        ),
        rows=tuple(rows), finding=finding,
        foot="Peaks of memory and disk, mean cores, mean GPUs busy. “–” is not told, never 0.",
        empty="The input tells neither requests nor use.",
    )  # fmt: skip


def _rows(scene: Scene, each: Resource) -> Iterator[tuple[Scalar, ...]]:
    """A row a site that executed; where nothing is told it stays, without amounts."""
    site = scene.tries.names["site"]
    for name in scene.sites:
        here = (site.codes == site.labels.index(name)) & scene.tries.is_inside & scene.tries.is_executed
        asked, used, ratio = (column[here & ~np.isnan(column)] for column in (each.requested, each.used, each.ratio))
        if here.any():
            yield (
                each.label, name, median(asked), median(used), at(used, 95), float(used.max()) if len(used) else None,
                median(ratio), int((ratio > 1).sum()) if len(ratio) else None, len(used), int(here.sum()),
            )  # fmt: skip


def _finding(told: list[Resource]) -> str:
    said = [
        f"{each.label.partition(',')[0]} {words.percent(float(np.nanmedian(each.ratio)))}"
        for each in told if np.any(~np.isnan(each.ratio))
    ]  # fmt: skip
    return (
        f"Half of the attempts used no more of what they asked for than: {', '.join(said)}."
        if said
        else "No attempt tells both what it asked for and what it used."
    )
