"""Secondary (backfill) capacity: how long it is free, how long its jobs run, what ends them, who uses it."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field

from gpuledger.metrics import Ask
from gpuledger.metrics.newest import rows_of
from gpuledger.metrics.states.spells import FREE, RUNNING
from gpuledger.model.document import Document, Number, Numbers, Section
from gpuledger.model.tables import GPU_STATES
from gpuledger.reports import Parameters, Report
from gpuledger.reports import _words as words
from gpuledger.reports._pool_views.backfill import HOURS, Scene
from gpuledger.reports._pool_views.backfill_lengths import endings, evicted_words, lengths
from gpuledger.reports._pool_views.backfill_use import efficiency_words, offers, users
from gpuledger.reports._pool_views.view import Said, View, definitions, document, quality
from gpuledger.reports._scene import named

COLOURED = 12


class BackfillParameters(Parameters):
    """What may be chosen beside period and filters."""

    owned_hosts: Path | None = Field(None, description="File of hosts the site reserves, one a line.")
    masked_hosts: Path | None = Field(None, description="YAML file of hosts left out of the numbers, and why.")


def build(ask: Ask, parameters: BackfillParameters) -> Document:
    """Raises NoData when nobody looked in the period."""
    view = View(ask)
    view.require_readings("pool-backfill")
    view.require_whole_gpus()
    scene = Scene(view)
    view.require_gpus(scene.answers["total"].value("present_gpus"))
    title = f"Secondary (backfill) capacity, {words.of_period(ask.period)}"
    finding = f"{efficiency_words(scene)} {evicted_words(scene)}"
    said = Said("pool-backfill", title, finding, {}, _subject(scene), _MAIL)
    sections = (
        Section("overview", "Numbers", (Numbers("numbers", "Numbers", tuple(_cards(scene))),)),
        lengths(scene),
        endings(scene),
        offers(scene),
        users(scene),
        quality(view),
        definitions(view, (HOURS, "secondary_gpus", "secondary_ratio"), _TERMS),
    )
    ranks = {"user": tuple(named(row["user"]) for row in scene.answers["user"].records())[:COLOURED]}
    return document(view, said, sections, ranks)


_MAIL = ("numbers", "spell-lengths", "endings", "offered-by-model", "by-class", "by-user")


def _subject(scene: Scene) -> str:
    used, per_day = scene.offer.used, scene.evicted / scene.days
    said = f"used {words.percent(used)} of what is offered · " if used is not None else ""
    return f"{said}evictions {words.amount(per_day)} per 24{words.SPACE}h"


def _cards(scene: Scene) -> Iterator[Number]:
    observed = f"of {words.percent(scene.view.covered.covered_ratio or 0)} observed"
    whole, hours = scene.offer, scene.days * 24
    yield Number(
        "offered", "Secondary offered", whole.offered / hours, "gpu", "Mean number of GPUs in service without a primary"
        " job on which a secondary slot was offered.", reason=observed,
    )  # fmt: skip
    yield Number("efficiency", "Slot-creation efficiency", whole.efficiency, "ratio", _TERMS[2][2], reason=observed)
    yield Number(
        "used",
        "Used of what is offered",
        whole.used,
        "ratio",
        "GPU-time of secondary jobs ÷ offered GPU-time.",
        reason=observed,
    )
    for kind, label in ((FREE, "Free, median"), (RUNNING, "Secondary job, median")):
        held = scene.of(kind)
        said = f"{words.plural(len(held.whole), 'whole spell')}, {words.count(held.cut)} cut"
        yield Number(kind, label, held.at(50), "second", _TERMS[0 if kind == FREE else 1][2], reason=said)
    per_day = scene.evicted / scene.days if scene.days else None
    said = f"{words.count(scene.evicted)} of {words.count(len(scene.endings))} that ended"
    yield Number("evictions", "Evictions per 24 h", per_day, "gpu", _TERMS[3][2], reason=said)


_TERMS = (
    ("Free spell", "time", "A run of readings in which a GPU in service offered a secondary slot and no job of either side ran."),
    ("Secondary job's spell", "time", "A run of readings in which one secondary job (one user, where its id is not known) held"
     " the GPU and no primary job did. A job with several GPUs is a spell on each."),
    ("Slot-creation efficiency", "%", "Secondary offered ÷ GPUs in service that no primary job held, in GPU-time. Offered: the"
     " reading tells a secondary slot of the GPU, used or not."),
    ("Eviction", "", "A secondary job's spell after which the next reading found a primary job on the GPU."),
    ("Cut", "", "A spell that the period's edge, a gap, or a reading that missed the GPU cuts: it is not counted as ended, and no"
     " quantile counts it."),
)  # fmt: skip

REPORT = Report(
    name="pool-backfill",
    title="Secondary (backfill) capacity of a pool",
    audience="Operators of a pool and owners of its machines: how long idle GPUs wait for secondary jobs, and how those end.",
    parameters=BackfillParameters,
    build=build,
    default_last="7d",
    subject=rows_of(GPU_STATES),
)
