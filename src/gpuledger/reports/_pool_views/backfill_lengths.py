"""How long secondary slots are free and secondary jobs run, and what ends the jobs."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from gpuledger.metrics.bins import coverage_of, cut
from gpuledger.metrics.states.spells import FREE, RUNNING, Spell
from gpuledger.model.capacity import CLASSES
from gpuledger.model.chart import Axis, Box, Boxes, Chart, Histogram, Lines, Series
from gpuledger.model.document import Column, Scalar, Section, Table
from gpuledger.reports import _words as words
from gpuledger.reports._charts import bin_step
from gpuledger.reports._pool_views.backfill import EVICTED, KINDS, Scene
from gpuledger.reports._pool_views.lengths import Lengths, edges_of
from gpuledger.reports._scene import named

MOST_BARS = 60
_LOG_FROM = 30
_NEXT = {
    EVICTED: "A primary job took the GPU",
    "secondary": "Another secondary job took it",
    "idle": "It was free",
    "owner": "It was kept for its owner",
    "prevented": "It was prevented",
    "drained": "It was drained",
    "unknown": "Its state was not known",
}


def lengths(scene: Scene) -> Section:
    """Distributions of both kinds."""
    return Section("lengths", "How long", (_histogram(scene), _boxes(scene), _table(scene)))


def endings(scene: Scene) -> Section:
    """What ended secondary jobs."""
    return Section("endings", "Endings", (_over_time(scene), _by_next(scene), _by_model(scene)))


def _histogram(scene: Scene) -> Chart:
    held = {kind: scene.of(kind) for kind in KINDS}
    edges = edges_of(scene.step, held.values())
    series = tuple(
        Series(kind, label, held[kind].counts(edges), total=float(len(held[kind].whole)))
        for kind, label in KINDS.items()
    )
    return Chart(
        id="spell-lengths",
        title="Spells of secondary capacity by length",
        finding=_free_words(scene),
        x=Axis("length", unit="second", is_log=True),
        y=Axis("spells", unit="count"),
        shape=Histogram(edges, series),
        foot=f"Bins hold 1, 2 to 3, 4 to 7 … readings, each twice as wide · {scene.view.foot}",
        left_out=_cut(scene),
        empty="" if any(one.total for one in series) else "No spell began and ended in the period.",
    )


def _cut(scene: Scene) -> str:
    cut = {label: scene.of(kind).cut for kind, label in KINDS.items()}
    said = " and ".join(f"{words.count(number)} ({words.inside(label)})" for label, number in cut.items() if number)
    return f"Cut by an edge of the period or a gap, and not among them: {said}." if said else ""


def _free_words(scene: Scene) -> str:
    free, running = scene.of(FREE).at(50), scene.of(RUNNING).at(50)
    said = []
    if free is not None:
        said.append(f"Half of the free spells were over within {words.duration(free)}")
    if running is not None:
        said.append(f"{'half' if said else 'Half'} of the secondary jobs within {words.duration(running)}")
    return f"{', '.join(said)}." if said else "No spell began and ended in the period."


def _boxes(scene: Scene) -> Chart:
    boxes = tuple(_each_box(scene))
    values = [v for box in boxes for v in (box.low, box.high, *box.outliers) if v]
    return Chart(
        id="spells-by-class",
        title="Length of spells by class",
        finding=_tail_words(scene),
        x=Axis("length", unit="second", is_log=bool(values) and max(values) > _LOG_FROM * min(values)),
        y=Axis("", kind="category"),
        shape=Boxes(boxes),
        foot=f"Spells whose two ends were seen: median, quartiles, 5 to 95 % · {scene.view.foot}",
        empty="" if values else "No spell began and ended in the period.",
    )


def _tail_words(scene: Scene) -> str:
    """The long ones."""
    free, running = scene.of(FREE).at(90), scene.of(RUNNING).at(90)
    if free is None or running is None:
        return "Too few spells began and ended in the period to tell how long they may get."
    return f"One free spell in ten lasted longer than {words.duration(free)}, one job in ten longer than {words.duration(running)}."


def _each_box(scene: Scene) -> Iterator[Box]:
    for kind, label in ((FREE, "Free"), (RUNNING, "Job")):
        for (name, group), held in scene.spells.items():
            if name == kind:
                yield held.box(f"{kind}-{group}", f"{label}: {words.inside(CLASSES[group])}")


_QUANTILES = (10, 25, 50, 75, 90)


def _table(scene: Scene) -> Table:
    return Table(
        id="spells",
        title="Length of spells",
        columns=(
            Column("kind", "Spell", rank=1),
            Column("class", "Class", rank=1),
            Column("whole", "Whole", "count", meaning="Spells whose beginning and end were seen; lengths are theirs."),
            *(
                Column(f"p{percent}", "Median" if percent == 50 else f"{percent} %", "second",
                       meaning=f"{percent} % of the whole spells are at most this long.", rank=1 if percent == 50 else 2)
                for percent in _QUANTILES
            ),
            Column("longest", "Longest", "second"),
            Column("survival", "Median, cut ones too", "second", meaning="By Kaplan and Meier: a spell whose end was not seen"
                   " lasted at least as long as it was seen.", rank=3),
            Column("cut", "Cut", "count", meaning="Spells cut by an edge of the period, a gap, or a reading without the GPU."),
            Column("gpu_hours", "GPU-hours", "gpu_hour", meaning="Of all spells, as far as they were seen."),
        ),
        rows=tuple(_length_rows(scene)),
        foot="A spell that is cut did not end there and is at least as long as it was seen.",
        empty="No GPU offered a secondary slot or ran a secondary job.",
    )  # fmt: skip


def _length_rows(scene: Scene) -> Iterator[tuple[Scalar, ...]]:
    """Each kind as a whole, then by class."""
    for kind, label in KINDS.items():
        yield _length_row(label, "All classes", scene.of(kind))
        for (name, group), held in scene.spells.items():
            if name == kind:
                yield _length_row(label, CLASSES[group], held)


def _length_row(kind: str, group: str, held: Lengths) -> tuple[Scalar, ...]:
    quantiles = (held.at(percent) for percent in _QUANTILES)
    return (kind, group, len(held.whole), *quantiles, held.at(100), held.survival_median, held.cut, held.hours)


def _over_time(scene: Scene) -> Chart:
    period = scene.view.ask.period
    bins = cut(period, bin_step(period.seconds, MOST_BARS), scene.view.ask.display_zone)
    edges = bins.edges_us
    is_seen = coverage_of(bins, scene.view.states.covered) > 0

    def counted(label: str, key: str, *, is_evicted: bool) -> Series:
        ends = [spell.until_us for spell in scene.endings if (spell.next == EVICTED) == is_evicted]
        counts = np.histogram(ends, edges)[0].tolist()
        values = tuple(float(n) if seen or n else None for n, seen in zip(counts, is_seen.tolist(), strict=True))
        return Series(key, label, values, total=float(len(ends)))

    step = words.duration(float(bins.lengths_us[0]) / 1e6)
    return Chart(
        id="endings-over-time",
        title=f"Secondary jobs that ended, by {step}",
        finding=evicted_words(scene),
        x=Axis("", kind="time", values=bins.edges[:-1], zone=scene.view.ask.display_zone),
        y=Axis("jobs ended", unit="count"),
        shape=Lines(
            "bar", True,
            (counted("Evicted by a primary job", "evicted", is_evicted=True), counted("Otherwise", "otherwise", is_evicted=False)),
            float(bins.lengths_us[0]) / 1e6, total_unit="count",
        ),
        foot=f"One GPU of a job is one · {scene.view.foot}",
        gaps=scene.view.gaps,
        empty="" if scene.endings else "No secondary job was seen to end.",
    )  # fmt: skip


def evicted_words(scene: Scene) -> str:
    """How often a secondary job gave way."""
    if not scene.endings:
        return "No secondary job was seen to end."
    share, per_day = scene.evicted / len(scene.endings), scene.evicted / scene.days
    return (
        f"{words.count(scene.evicted)} of {words.count(len(scene.endings))} secondary jobs seen to end gave way to a primary job"
        f" ({words.percent(share)}), {words.amount(per_day)} per 24{words.SPACE}h observed."
    )


def _by_next(scene: Scene) -> Table:
    count = Counter(spell.next for spell in scene.endings)
    whole = len(scene.endings)
    return Table(
        id="endings",
        title="What came next on the GPU",
        columns=(
            Column("next", "At the next reading", rank=1),
            Column("count", "Ended", "count", has_bar=True, rank=1),
            Column("share", "Share", "ratio", is_share=True),
            Column("per_day", "Per 24 h observed", "gpu", meaning="Ended ÷ the days that readings cover.", rank=1),
        ),
        rows=tuple(
            (_NEXT[part], count[part], count[part] / whole, count[part] / scene.days) for part in _NEXT if count[part]
        ),
        totals=("All", whole, 1.0 if whole else None, whole / scene.days if scene.days else None),
        foot="A job that ended by itself just before a primary job took the GPU counts as evicted: readings cannot tell.",
        empty="No secondary job was seen to end.",
    )


def _by_model(scene: Scene) -> Table:
    names = sorted({named(spell.gpu_model) for spell in scene.endings})
    those = {name: [spell for spell in scene.endings if named(spell.gpu_model) == name] for name in names}
    return Table(
        id="evictions-by-model",
        title="Evictions by model",
        columns=(
            Column("gpu_model", "GPU model", rank=1),
            Column("evicted", "Evicted", "count", has_bar=True, rank=1),
            Column("ended", "Ended", "count", meaning="Secondary jobs seen to end, evicted or not."),
            Column("share", "Evicted share", "ratio", meaning="Evicted ÷ ended."),
            Column("per_day", "Evicted per 24 h observed", "gpu", rank=1),
        ),
        rows=tuple((name, *_evictions(scene, those[name])) for name in names),
        totals=("All", *_evictions(scene, scene.endings)),
        empty="No secondary job was seen to end.",
    )


def _evictions(scene: Scene, ended: Sequence[Spell]) -> tuple[Scalar, ...]:
    evicted = sum(spell.next == EVICTED for spell in ended)
    return (evicted, len(ended), evicted / len(ended) if ended else None, evicted / scene.days if scene.days else None)
