"""Beside the four charts, for one tab: what was held by account and GPU model, how jobs ended, how well, after what wait."""

from collections.abc import Iterator

from gpuledger.metrics import Wanted
from gpuledger.model.document import Column, Number, Numbers, Section, Table
from gpuledger.reports._outcomes import OF_STATES, OF_WAITS, outcomes, waits, waste
from gpuledger.reports._rolling.scene import TabScene
from gpuledger.reports._tables import asked_metrics, usage_by

QUALITY = (
    "cpu_used_ratio", "memory_used_ratio", "gpu_busy_ratio", "attempt_success_ratio", "wait_seconds_median", "wait_seconds_p90",
)  # fmt: skip
_PARTS = tuple(
    f"{part}_gpu_hours" for part in ("good", "lost", "open", "busy", "unused", "unmeasured", "idle", "measured")
)
BESIDE = (
    *QUALITY, *_PARTS, "gpu_busy_measured_ratio", "wait_seconds_max", "attempts_started", "attempts_ended",
    "duration_seconds_median", "requested_gpu_hours", "requested_cpu_hours",
)  # fmt: skip
"""Totals that these sections read."""
_UNKNOWN = {
    "cpu_used_ratio": "no attempt reported the CPU time it used",
    "memory_used_ratio": "no attempt reported the memory it used",
    "gpu_busy_ratio": "no attempt reported how busy its GPUs were",
    "attempt_success_ratio": "no attempt that had started ended in the window",
}
_ASKED = (("GPU-hours", "gpu_hours", "requested_gpu_hours"), ("CPU-hours", "cpu_hours", "requested_cpu_hours"))


def of_beside(by: str) -> dict[str, Wanted]:
    """The questions of these sections."""
    names = [name for name in ("account", "gpu_model") if name != by]
    return {
        **{name: Wanted(asked_metrics(has_gpus=True), (name,)) for name in names}, **OF_WAITS, "states": OF_STATES,
    }  # fmt: skip


def beside(scene: TabScene) -> Iterator[Section]:
    """The sections; of a window in which nothing ran there are none."""
    if not scene.totals.value("attempts"):
        return
    names = [name for name in ("account", "gpu_model") if name != scene.by and (scene.has_gpus or name != "gpu_model")]
    tables = tuple(usage_by(scene, name) for name in names)
    yield Section("who", "Held by", (*tables, _requested(scene)))
    yield Section("how-well", "How well", (_quality(scene),))
    yield outcomes(scene)
    if scene.has_gpus:
        yield waste(scene)
    yield waits(scene)


def _quality(scene: TabScene) -> Numbers:
    return Numbers("quality-numbers", "How well", tuple(_card(scene, name) for name in QUALITY))


def _card(scene: TabScene, name: str) -> Number:
    metric, value = scene.ask.metrics[name], scene.totals.value(name)
    reason = _UNKNOWN.get(name, "no attempt started in the window") if value is None else None
    return Number(name, metric.label, value, metric.format, metric.meaning, better=metric.better, reason=reason)


def _requested(scene: TabScene) -> Table:
    """What was given may be more than what was asked for (whole machines), or of another kind."""
    rows = tuple((label, scene.totals.value(held), scene.totals.value(asked)) for label, held, asked in _ASKED)
    return Table(
        id="requested",
        title="Held and asked for",
        columns=(
            Column("resource", "Resource"),
            Column("held", "Held", "hour", meaning="What was allocated × hours inside the window."),
            Column("asked", "Asked for", "hour", meaning="What was asked for × the same hours."),
        ),
        rows=rows,
        foot="Every number of this report is of what was held.",
    )
