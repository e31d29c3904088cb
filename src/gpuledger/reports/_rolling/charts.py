"""What was in use over time, against what may be."""

from collections.abc import Iterator
from dataclasses import replace

from gpuledger.metrics import InUse
from gpuledger.model.chart import Chart, Lines, Mark, Shape
from gpuledger.reports import _words as words
from gpuledger.reports._charts import CPUS, GPUS, MEMORY, RUNNING, Held, in_use
from gpuledger.reports._rolling.scene import TabScene

NODES = Held("nodes-in-use", "Nodes in use", "node_hours", "", "", "gpu", "hour")
JITTER_SECONDS = 60
"""A report made seconds after the last reading has no gap to show."""
FOUR = (GPUS, CPUS, MEMORY, RUNNING)


def charts(scene: TabScene) -> Iterator[Chart]:
    """What is scarce leads: GPUs, without any of them CPUs; nodes too where they are limited."""
    four = FOUR if scene.totals.value(GPUS.metric) or GPUS.metric in scene.limits else (CPUS, GPUS, *FOUR[2:])
    shown = [*four, *([NODES] if NODES.metric in scene.limits else [])]
    metrics = [held.metric for held in shown]
    series = scene.ask.series_of(metrics, scene.edges, by=scene.by, kept=scene.drawn)
    for held, use in zip(shown, series, strict=True):
        yield _chart(scene, held, use)


def _chart(scene: TabScene, held: Held, use: InUse) -> Chart:
    chart = in_use(scene, held, use, scene.step)
    chart = replace(chart, shape=_marked(scene, chart))
    limit = scene.limits.get(held.metric)
    gaps = tuple(gap for gap in chart.gaps if (gap.end - gap.start).total_seconds() >= JITTER_SECONDS)
    chart = replace(chart, gaps=gaps, id=f"{held.id}{scene.suffix}", title=f"{chart.title}, {scene.label}")
    if (each := scene.user_limits.get(held.metric)) is not None:
        chart = replace(chart, finding=f"{chart.finding} Each user may hold at most {_said(each, held)}.")
    if limit is None:
        return chart
    said = _said(limit, held)
    mark = Mark("y", limit, f"limit {said}")
    return replace(
        chart,
        marks=(mark,),
        readout=_against(scene, held, chart.readout, limit),
        finding=_finding(scene, held, chart, said),
    )


def _said(limit: float, held: Held) -> str:
    return f"{words.count(limit) if limit == round(limit) else words.amount(limit)}{words.SPACE}{held.unit}".rstrip()


def _marked(scene: TabScene, chart: Chart) -> Shape:
    """The last bin of a window that ends now is not over, however new the data is."""
    shape, count = chart.shape, len(chart.x.values)
    length = (scene.edges[-1] - scene.edges[-2]).total_seconds()
    if (
        not isinstance(shape, Lines)
        or shape.partial_from is not None
        or scene.ask.period.kind != "last"
        or length >= scene.step
    ):
        return shape
    return replace(shape, partial_from=count - 1)


def _against(scene: TabScene, held: Held, readout: str, limit: float) -> str:
    """ "mean 40.9 · peak 62.0 (96.9 % of limit)"."""
    peak = scene.totals.value(held.peak) if held.peak else None
    if not readout or peak is None or not limit:
        return readout
    return f"{readout} ({words.percent(peak / limit)} of limit)"


def _finding(scene: TabScene, held: Held, chart: Chart, limit: str) -> str:
    hours = scene.hours_over[held.metric]
    if not hours:
        return f"{chart.finding} Never above the limit of {limit}."
    return f"{chart.finding} Above the limit of {limit} for {words.duration(hours * 3600)}."
