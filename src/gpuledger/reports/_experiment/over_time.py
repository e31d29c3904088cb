"""Epochs and GPU-hours over time, each and in all, by site."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from gpuledger.model.chart import Axis, Chart, Lines
from gpuledger.model.document import Block, Column, Table
from gpuledger.model.period import label
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.course import Course
from gpuledger.reports._experiment.scene import Scene
from gpuledger.reports._experiment.shapes import Said, over_time

if TYPE_CHECKING:
    from gpuledger.metrics.events import Floats


def blocks(scene: Scene) -> Iterator[Block]:
    course = Course.of(scene)
    epochs, hours = _epochs(scene, course), course.spread(scene.tries["gpu_count"])
    yield _epochs_chart(scene, course, epochs, is_running=False)
    yield _epochs_chart(scene, course, epochs, is_running=True)
    yield _hours_chart(scene, course, hours, is_running=False)
    yield _hours_chart(scene, course, hours, is_running=True)
    yield _table(scene, course, epochs.sum(axis=0), hours.sum(axis=0))


def _epochs(scene: Scene, course: Course) -> "Floats":
    """Each node once, at the end of the kept attempt, for the site that did the work."""
    tries, kept = scene.tries, scene.tries.kept
    done = np.flatnonzero((scene.credited >= 0) & (kept >= 0))
    moments = np.full(len(tries), np.nan)
    moments[scene.credited[done]] = tries["ended_us"][kept[done]]
    return course.counted(moments, np.ones(len(tries)))


def _epochs_chart(scene: Scene, course: Course, held: "Floats", *, is_running: bool) -> Chart:
    word = f"{scene.step_word.capitalize()}s completed"
    most = held.sum(axis=0)
    best = int(most.argmax()) if most.size and most.any() else None
    finding = (
        f"Most in the {course.step} from {course.begin(best)}: {words.count(float(most[best]))} of {words.count(float(most.sum()))}."
        if best is not None else f"No {scene.step_word} was completed."
    )  # fmt: skip
    if is_running and best is not None:
        finding = _half(course, most, f"{words.plural(float(most.sum()), scene.step_word)} were completed")
    said = Said(
        "epochs-cumulative" if is_running else "epochs-over-time",
        f"{word} by site, added up" if is_running else f"{word} by site, {course.word}",
        finding, f"No {scene.step_word} was completed in the period.", course.foot("At the end of the kept attempt"),
    )  # fmt: skip
    shape = Lines(
        "area" if is_running else "bar",
        True,
        course.series(held, is_running=is_running, zero=_without(scene) if best is not None else ()),
        course.seconds,
        total_unit="count",
    )
    return over_time(scene, said, course.edges[:-1], shape, Axis(word, unit="count"))


def _without(scene: Scene) -> list[str]:
    """Sites at which attempts executed and completed nothing: they are named with their 0, as in every table."""
    return [name for name, totals in scene.by_site.items() if totals.executed and totals.epochs_or_none == 0]


def _half(course: Course, most: "Floats", what: str) -> str:
    """In which part half was reached."""
    reached = min(int(np.searchsorted(np.cumsum(most), most.sum() / 2)), len(most) - 1)
    begun = course.begin(reached)
    return f"Half of {what} by the end of {begun if course.step == 'day' else f'the {course.step} from {begun}'}."


def _hours_chart(scene: Scene, course: Course, held: "Floats", *, is_running: bool) -> Chart:
    total = held.sum()
    most = held.sum(axis=0)
    best = int(most.argmax()) if most.size and most.any() else None
    finding = (
        f"{words.amount(float(total))} GPU-hours; most in the {course.step} from {course.begin(best)}: {words.amount(float(most[best]))}."
        if best is not None else "No GPU was held."
    )  # fmt: skip
    if is_running and best is not None:
        finding = _half(course, most, f"{words.amount(float(total))} GPU-hours were used")
    said = Said(
        "gpu-hours-cumulative" if is_running else "gpu-hours-over-time",
        "GPU-hours by site, added up" if is_running else f"GPU-hours by site, {course.word}",
        finding, "No attempt held a GPU in the period.", course.foot("Hours in the part in which they ran"),
    )  # fmt: skip
    shape = Lines(
        "area" if is_running else "bar",
        True,
        course.series(held, is_running=is_running),
        course.seconds,
        total_unit="gpu_hour",
    )
    return over_time(scene, said, course.edges[:-1], shape, Axis("GPU-hours", unit="gpu_hour"))


def _table(
    scene: Scene,
    course: Course,
    epochs: "Floats",
    hours: "Floats",
) -> Table:
    zone = scene.ask.display_zone
    ends = np.cumsum(epochs)
    rows = [
        (label(edge, course.step, zone), int(e), int(c), float(h))
        for edge, e, c, h in zip(course.edges[:-1], epochs, ends, hours, strict=True) if e or h
    ]  # fmt: skip
    word = f"{scene.step_word.capitalize()}s"
    return Table(
        id="over-time-table", title=f"{word} and GPU-hours by {course.step}",
        columns=(Column("part", course.step.capitalize()), Column("epochs", word, "count", has_bar=True), Column("so_far", "So far", "count"), Column("gpu", "GPU-hours", "gpu_hour")),
        rows=tuple(rows), totals=("All", int(epochs.sum()), int(epochs.sum()), float(hours.sum())),
        foot="Without the parts in which nothing ran or was completed.", empty="Nothing ran.",
    )  # fmt: skip
