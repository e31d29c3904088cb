"""Time in which nothing ran: waiting for a slot, on hold."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gpuledger.metrics.workflows.names import Names
from gpuledger.model.chart import Chart
from gpuledger.model.document import Block, Column, Scalar, Table
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.scene import Scene
from gpuledger.reports._experiment.shapes import Said, at, bars, box, boxes, median

if TYPE_CHECKING:
    from gpuledger.metrics.events import Floats

_NOT_TOLD = "The input tells of no waiting time."


def blocks(scene: Scene) -> Iterator[Block]:
    tries = scene.tries
    site, chosen = tries.names["site"], tries.is_inside & ~np.isnan(tries.queue_seconds)
    found = site.of_each(tries.queue_seconds, chosen)
    every = np.sort(tries.queue_seconds[chosen])
    finding = (
        f"Half of the attempts waited {words.duration(float(np.median(every)))} or less, one in ten longer than {words.duration(float(np.percentile(every, 90)))}."
        if len(every) else _NOT_TOLD
    )  # fmt: skip
    said = Said(
        "queue-by-site",
        "Time in the queue before each match, by site",
        finding,
        _NOT_TOLD,
        "Since submission, release or the end of the attempt before",
    )
    names = [name for name, totals in scene.by_site.items() if totals.attempts]
    if len(every):
        yield boxes(scene, said, "second", [box(name, name, np.maximum(found[name], 1.0)) for name in names], "site")
    yield from _held(scene)
    yield _table(scene, finding)
    yield from _holds(scene)


def _table(scene: Scene, finding: str) -> Table:
    tries = scene.tries
    site, inside = tries.names["site"], tries.is_inside
    queue = site.of_each(tries.queue_seconds, inside)
    held = site.of_each(tries["held_seconds"], inside)
    rows = [
        (name, len(queue[name]), median(queue[name]), at(queue[name], 90), float(queue[name].sum()) / 3600, len(held[name]), float(held[name].sum()) / 3600)
        for name in scene.by_site
    ]  # fmt: skip
    every, holds = (column[inside & ~np.isnan(column)] for column in (tries.queue_seconds, tries["held_seconds"]))
    totals: tuple[Scalar, ...] = (
        "All", len(every), median(every), at(every, 90), float(every.sum()) / 3600, len(holds), float(holds.sum()) / 3600,
    )  # fmt: skip
    return Table(
        id="waits-by-site", title="Queue and hold, by site",
        columns=(
            Column("site", "Site", dimension="site"), Column("count", "Waits", "count"), Column("median", "Median queue", "second", rank=1),
            Column("p90", "90 %", "second"), Column("queue", "Queue hours", "hour", has_bar=True), Column("holds", "Held attempts", "count"),
            Column("held", "Hold hours", "hour"),
        ),
        rows=tuple(rows), totals=totals, finding=finding,
        foot=f"Queue and hold are apart from each other and from the run; a hold without a release is not counted{_unreleased(scene)}.",
    )  # fmt: skip


def _unreleased(scene: Scene) -> str:
    """How many attempts ended in a hold that no release ends: how long it lasted is not told."""
    tries = scene.tries
    count = int((tries.is_inside & tries.is_state("held") & np.isnan(tries["held_seconds"])).sum())
    return f": {words.plural(count, 'attempt')} ended in one" if count else ""


def _held(scene: Scene) -> Iterator[Chart]:
    """Hours on hold after an attempt at each site, where any was held."""
    tries = scene.tries
    found = tries.names["site"].of_each(tries["held_seconds"], tries.is_inside)
    hours = {name: float(found[name].sum()) / 3600 for name in scene.by_site}
    whole, count = sum(hours.values()), sum(len(found[name]) for name in hours)
    if not whole:
        return
    worded = words.amounts(hours.values())
    said = Said(
        "hold-by-site", "Hours on hold by site of the attempt before",
        f"{words.amount(whole)} h on hold in {words.plural(count, 'attempt')}.", "Nothing was held.", "Hours, share, n attempts",
    )  # fmt: skip
    yield bars(
        scene, said, "site", hours,
        lambda amount, name: f"{worded(amount)} h · {words.percent(amount / whole)} · n {words.count(len(found.get(name, ())))}",
    )  # fmt: skip


def _holds(scene: Scene) -> Iterator[Table]:
    """Hours on hold by how the attempt before the hold ended."""
    tries = scene.tries
    held: Floats = np.where(tries.is_inside, np.nan_to_num(tries["held_seconds"]), 0.0) / 3600
    cause = Names(tries.cause.codes, tries.cause.labels)
    hours, counts = cause.sums(held), cause.sums((held > 0).astype(np.float64))
    order = [n for n in np.argsort(-hours, kind="stable").tolist() if counts[n]]
    if not order:
        return
    yield Table(
        id="holds-by-cause", title="Time on hold by what ended the attempt before",
        columns=(Column("cause", "Attempt ended by"), Column("hours", "Hold hours", "hour", has_bar=True), Column("count", "Attempts", "count")),
        rows=tuple((cause.labels[n], float(hours[n]), int(counts[n])) for n in order[: scene.rows]),
        totals=("All", float(hours.sum()), int(counts.sum())),
        finding=f"{words.amount(float(hours.sum()))} h on hold in {words.plural(int(counts.sum()), 'attempt')}.",
    )  # fmt: skip
