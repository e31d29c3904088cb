"""GPUs and hosts that had no job at all: where, since when, and who had them last."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from pydantic import Field

from gpuledger.metrics import NOT_KNOWN, Ask
from gpuledger.metrics.newest import rows_of
from gpuledger.metrics.states.unused import Gpu, Seen, Use, last_uses, seen
from gpuledger.model.capacity import CLASSES
from gpuledger.model.document import Column, Document, Number, Numbers, Scalar, Section, Table
from gpuledger.model.tables import GPU_STATES
from gpuledger.reports import Parameters, Report
from gpuledger.reports import _words as words
from gpuledger.reports._pool_views.states import LABELS
from gpuledger.reports._pool_views.view import Said, View, definitions, document, quality
from gpuledger.reports._scene import named

Host = tuple[str, str]
AWAY = ("drained", "prevented", "owner")
"""States in which a GPU cannot be used."""


class UnusedParameters(Parameters):
    """What may be chosen beside period and filters."""

    min_hours: float | None = Field(
        None,
        gt=0,
        description="Count a GPU as unused after so many hours without a job; the whole period when not given.",
    )
    owned_hosts: Path | None = Field(None, description="File of hosts the site reserves, one a line.")
    masked_hosts: Path | None = Field(None, description="YAML file of hosts left out of the numbers, and why.")


@dataclass(frozen=True)
class Scene:
    """One report being built."""

    view: View
    min_hours: float | None

    @cached_property
    def gpus(self) -> Sequence[Seen]:
        """Every GPU that the numbers count."""
        return seen(self.view.states)

    @cached_property
    def unused(self) -> Sequence[Seen]:
        return [one for one in self.gpus if self._is_unused(one)]

    def _is_unused(self, one: Seen) -> bool:
        if self.min_hours is None:
            return one.last_use is None
        return one.last - (one.last_use or one.first) >= timedelta(hours=self.min_hours)

    @cached_property
    def uses(self) -> Mapping[Gpu, Use]:
        """The last job of each GPU of those hosts, however long ago."""
        return last_uses(self.view.states, {one.gpu[1] for one in self.unused})

    @cached_property
    def hosts(self) -> Mapping[Host, Sequence[Seen]]:
        """Hosts none of whose GPUs had a job, with those GPUs."""
        of: dict[Host, list[Seen]] = defaultdict(list)
        for one in self.unused:
            of[one.gpu[:2]].append(one)
        whole: dict[Host, int] = defaultdict(int)
        for one in self.gpus:
            whole[one.gpu[:2]] += 1
        return {host: those for host, those in of.items() if len(those) == whole[host]}

    def since(self, one: Seen) -> datetime | None:
        """The end of its last job, else of the last reading that found one; None when none ever did."""
        use = self.uses.get(one.gpu)
        return one.last_use or (use.time if use else None)

    def user(self, one: Seen) -> str:
        use = self.uses.get(one.gpu)
        return named(use.user) if use else "no job on record"

    def tier(self, one: Seen) -> str:
        return self.view.ask.capacity.tier(one.model) or NOT_KNOWN


def build(ask: Ask, parameters: UnusedParameters) -> Document:
    """Raises NoData when nobody looked in the period."""
    view = View(ask)
    view.require_readings("pool-unused")
    view.require_whole_gpus()
    scene = Scene(view, parameters.min_hours)
    view.require_gpus(len(scene.gpus))
    span = (
        f"for {parameters.min_hours:g}{words.SPACE}h or more" if parameters.min_hours else words.of_period(ask.period)
    )
    subject = f"{len(scene.unused)} of {words.plural(len(scene.gpus), 'GPU')} without a job"
    said = Said(
        "pool-unused", f"GPUs without a job, {span}", _finding(scene), {"min_hours": parameters.min_hours}, subject,
        ("numbers", "groups", "hosts", "gpus"),
    )  # fmt: skip
    sections = (
        Section("overview", "Numbers", (Numbers("numbers", "Numbers", tuple(_cards(scene))),)),
        Section("groups", "By tier and class", (_groups(scene),)),
        Section("hosts", "Hosts", (_hosts(scene),)),
        Section("gpus", "GPUs", (_gpus(scene),)),
        quality(view),
        definitions(view, (), _TERMS),
    )
    return document(view, said, sections)


def _cards(scene: Scene) -> Iterator[Number]:
    observed = f"of {words.percent(scene.view.covered.covered_ratio or 0)} observed"
    whole, unused = len(scene.gpus), scene.unused
    yield Number("unused", "Unused GPUs", len(unused), "count", _TERMS[0][2], reason=observed)
    yield Number(
        "share",
        "Of all GPUs",
        len(unused) / whole if whole else None,
        "ratio",
        "Unused ÷ GPUs seen.",
        reason=f"of {whole}",
    )
    yield Number(
        "hosts", "Unused hosts", len(scene.hosts), "count", "Hosts none of whose GPUs had a job.", reason=observed
    )
    usable = sum(one.part not in AWAY for one in unused)
    said = "at the last reading"
    yield Number(
        "free",
        "Free to use",
        usable,
        "count",
        "Unused GPUs that are not drained, prevented or kept for their owner.",
        reason=said,
    )
    for part in AWAY[:2]:
        count = sum(one.part == part for one in unused)
        yield Number(part, LABELS[part], count, "count", f"Unused GPUs that are {part}.", reason=said)


def _groups(scene: Scene) -> Table:
    keys = sorted({_key(scene, one) for one in scene.gpus}, key=lambda key: (key[0], list(CLASSES).index(key[1])))
    return Table(
        id="groups",
        title="Unused GPUs by tier and class",
        columns=(
            Column("tier", "Tier", meaning="Tier of the model, by the configuration.", rank=1),
            Column("class", "Class", dimension="class", rank=1),
            Column("unused", "Unused", "count", has_bar=True, rank=1),
            Column("gpus", "GPUs seen", "count", rank=1),
            Column("share", "Share unused", "ratio", meaning="Unused ÷ GPUs seen."),
            *(
                Column(part, LABELS[part], "count", meaning="Unused, and so at the last reading.")
                for part in ("idle", *AWAY)
            ),
        ),
        rows=tuple((key[0], CLASSES[key[1]], *_counted(scene, key)) for key in keys),
        totals=("All tiers", "All classes", *_counted(scene, None)),
        foot="Class and state are those of the last reading that found the GPU.",
    )


def _key(scene: Scene, one: Seen) -> tuple[str, str]:
    return scene.tier(one), one.kind or "unknown"


def _counted(scene: Scene, key: tuple[str, str] | None) -> Iterator[Scalar]:
    those = [one for one in scene.unused if key in (None, _key(scene, one))]
    whole = sum(key in (None, _key(scene, one)) for one in scene.gpus)
    yield from (len(those), whole, len(those) / whole if whole else None)
    yield from (sum(one.part == part for one in those) for part in ("idle", *AWAY))


def _hosts(scene: Scene) -> Table:
    def told(host: Host) -> tuple[Scalar, ...]:
        those = scene.hosts[host]
        newest = max(those, key=lambda one: (scene.since(one) is not None, scene.since(one) or one.first))
        models = " and ".join(sorted({named(one.model) for one in those}))
        classes = " and ".join(sorted({CLASSES[one.kind or "unknown"] for one in those}))
        return (
            host[1],
            models,
            classes,
            len(those),
            _states(those),
            scene.since(newest),
            scene.user(newest),
            _reasons(those),
        )

    return Table(
        id="hosts",
        title="Hosts without any job",
        columns=(
            Column("host", "Host", rank=1),
            Column("gpu_model", "GPU model"),
            Column("class", "Class", rank=3),
            Column("gpus", "GPUs", "count", has_bar=True, rank=1),
            Column("state", "Now", meaning="State at the last reading.", rank=1),
            Column("since", "Last job", "instant", meaning="Until when a reading found a job on any of its GPUs."),
            Column("user", "Last user", meaning="Whose job that was."),
            Column("reason", "Reason", meaning="Why new work may not start on it.", rank=3),
        ),
        rows=tuple(told(host) for host in sorted(scene.hosts, key=lambda host: (-len(scene.hosts[host]), host))),
        foot=_FOOT,
        empty="Every host had some job.",
    )  # fmt: skip


def _gpus(scene: Scene) -> Table:
    return Table(
        id="gpus",
        title="GPUs without any job",
        columns=(
            Column("host", "Host", rank=1),
            Column("gpu", "GPU", meaning="Its name on its host, whole.", rank=1),
            Column("gpu_model", "GPU model"),
            Column("tier", "Tier", rank=3),
            Column("class", "Class", rank=3),
            Column("state", "Now", dimension="part", meaning="State at the last reading.", rank=1),
            Column("since", "Last job", "instant", meaning="Until when a reading found a job on it."),
            Column("user", "Last user", meaning="Whose job that was."),
            Column("seen", "Last seen", "instant", meaning="The last reading that found it.", rank=3),
        ),
        rows=tuple(
            (one.gpu[1], one.gpu[2], named(one.model), scene.tier(one), CLASSES[one.kind or "unknown"], LABELS[one.part],
             scene.since(one), scene.user(one), scene.view.states.reading_before(one.gpu[0], one.last))
            for one in scene.unused
        ),
        foot=_FOOT,
        empty="Every GPU had some job.",
    )  # fmt: skip


def _states(those: Sequence[Seen]) -> str:
    """Of a host's GPUs: what they are, each state once, the commonest first."""
    count = {part: sum(one.part == part for one in those) for part in {one.part for one in those}}
    ordered = sorted(count, key=lambda part: (-count[part], part))
    return (
        LABELS[ordered[0]] if len(ordered) == 1 else ", ".join(f"{count[p]} {words.inside(LABELS[p])}" for p in ordered)
    )


def _reasons(those: Sequence[Seen]) -> str | None:
    return "; ".join(sorted({one.reason for one in those if one.reason})) or None


def _finding(scene: Scene) -> str:
    unused, whole = len(scene.unused), len(scene.gpus)
    if not unused:
        return f"Each of {words.plural(whole, 'GPU')} had some job."
    away = sum(one.part in AWAY for one in scene.unused)
    aside = f", {away} of them drained, prevented or kept for their owner" if away else ""
    hosts = f" {words.plural(len(scene.hosts), 'host')} had none at all." if scene.hosts else ""
    return f"{unused} of {words.plural(whole, 'GPU')} had no job{aside}.{hosts}"


_FOOT = "Last job: the whole ledger is searched, not only the period. “–” means that no reading ever found a job."
_TERMS = (
    ("Unused", "GPUs", "A GPU on which no reading of the period found a job of either side; with --min-hours one whose last job was"
     " over so long before it was last seen."),
    ("Now", "", "The state at the last reading of the period that found the GPU."),
)  # fmt: skip

REPORT = Report(
    name="pool-unused",
    title="Unused GPUs of a pool",
    audience="Operators of a pool: GPUs and hosts that nobody used, since when, and who used them last.",
    parameters=UnusedParameters,
    build=build,
    default_last="7d",
    subject=rows_of(GPU_STATES),
)
