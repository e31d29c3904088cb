"""Every host of the pool by model, those left out of its numbers too: what their GPUs did."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from gpuledger.metrics import Answer, Ask, Wanted
from gpuledger.metrics.newest import rows_of
from gpuledger.metrics.states.lanes import Lanes, lanes_of_all
from gpuledger.model.capacity import CLASSES
from gpuledger.model.chart import Chart, GridGroup
from gpuledger.model.document import Column, Document, Number, Numbers, Scalar, Section, Table
from gpuledger.model.tables import GPU_STATES
from gpuledger.reports import Parameters, Report
from gpuledger.reports import _words as words
from gpuledger.reports._pool_views.lanes import PART_HOURS, grid, group, lane_step
from gpuledger.reports._pool_views.view import PARTS_IN_WORDS, WITH_JOBS, Said, View, definitions, document, quality
from gpuledger.reports._scene import named

NUMBERS = (
    "allocated_ratio", "present_gpus", "allocated_gpus", "secondary_gpus", "drained_gpus", "prevented_gpus", "owner_gpus",
    "idle_gpus", "unknown_gpus",
)  # fmt: skip
_ASKED = ("gpus_seen", *NUMBERS, "observed_gpu_hours", "secondary_ratio")
_OF_HOST = ("cluster", "host", "gpu_model")
COUNTED = "yes"
_LAST_SEEN = "The last reading up to the period's end that found a GPU of the host."
_NAMED = 3
"""Hosts without a job that a sentence names."""
_OPEN = "(open)"
"""The owner of a GPU that no project owns."""


Host = tuple[str, str]


class HostsParameters(Parameters):
    """What may be chosen beside period and filters."""

    owned_hosts: Path | None = Field(None, description="File of hosts the site reserves, one a line.")
    masked_hosts: Path | None = Field(None, description="YAML file of hosts left out of the numbers, and why.")


@dataclass(frozen=True)
class Scene:
    """The pool as its numbers count it, and with everything; what was asked of it together."""

    view: View

    @cached_property
    def counted(self) -> Answer:
        """The totals of the pool's own numbers."""
        return self.answers["counted"]

    @property
    def answers(self) -> Mapping[str, Answer]:
        """Over every host there is; `counted` over those that the numbers count."""
        return self._told[1]

    @property
    def lanes(self) -> Lanes:
        """Of every GPU there is."""
        return self._told[0]

    @cached_property
    def _told(self) -> tuple[Lanes, Mapping[str, Answer]]:
        every = {
            "hosts": Wanted(_ASKED, _OF_HOST),
            "models": Wanted((*_ASKED, *PART_HOURS, "hosts_seen"), ("gpu_model",)),
            "class": Wanted(("present_gpu_hours",), ("cluster", "host", "class")),
            "project": Wanted(("present_gpu_hours",), ("cluster", "host", "project")),
        }
        wanted = {name: replace(asked, with_left_out=True) for name, asked in every.items()}
        wanted["counted"] = Wanted((*_ASKED, "hosts_seen"))
        lanes, answers = lanes_of_all(self.view.states, lane_step(self.view), tuple(wanted.values()))
        return lanes, dict(zip(wanted, answers, strict=True))

    @cached_property
    def seen(self) -> Mapping[tuple[str, str], datetime]:
        return self.view.states.last_seen

    @cached_property
    def has_clusters(self) -> bool:
        return len({row["cluster"] for row in self.hosts}) > 1

    @cached_property
    def hosts(self) -> Sequence[Mapping[str, Any]]:
        """By model, then host."""
        rows = self.answers["hosts"].records()
        return sorted(rows, key=lambda row: (named(row["gpu_model"]), row["cluster"], row["host"]))

    @cached_property
    def left_out(self) -> frozenset[Host]:
        """Hosts with GPUs that the numbers do not count."""
        return frozenset(_host_of(row) for row in self.hosts if self.why_left_out(row))

    @cached_property
    def idle(self) -> Sequence[Host]:
        """Hosts that the numbers count and that ran no job."""
        counted = [row for row in self.hosts if not self.why_left_out(row)]
        used = {_host_of(row) for row in counted if row["observed_gpu_hours"]}
        return sorted({_host_of(row) for row in counted} - used)

    def names(self, dimension: str) -> Mapping[tuple[str, str], str]:
        """The classes or projects of each (cluster, host), joined."""
        found: dict[tuple[str, str], list[str]] = defaultdict(list)
        for row in self.answers[dimension].records():
            label = CLASSES.get(row["class"], "") if dimension == "class" else _project(row["project"])
            found[row["cluster"], row["host"]].append(label)
        return {host: " and ".join(dict.fromkeys(labels)) for host, labels in found.items()}

    def why_left_out(self, row: Mapping[str, Any]) -> str:
        """Why the pool's numbers do not count these GPUs; empty where they do."""
        capacity = self.view.ask.capacity
        reason = capacity.reason(row["host"])
        if reason is not None:
            return f"excluded: {reason}" if reason else "excluded"
        return "model left out" if capacity.is_hidden(row["gpu_model"]) else ""


def _host_of(row: Mapping[str, Any]) -> Host:
    return row["cluster"], row["host"]


def build(ask: Ask, parameters: HostsParameters) -> Document:
    """Raises NoData when nobody looked in the period."""
    view = View(ask)
    view.require_readings("pool-hosts")
    view.require_whole_gpus()
    scene = Scene(view)
    view.require_gpus(len(scene.hosts))
    title = f"Hosts of the pool, {words.of_period(ask.period)}"
    said = Said(
        "pool-hosts", title, _finding(scene), {}, _subject(scene), ("numbers", "models", "lanes", "hosts"), WITH_JOBS
    )
    return document(
        view,
        said,
        (
            Section("overview", "Numbers", (Numbers("numbers", "Numbers", tuple(_cards(scene))),)),
            Section("models", "Models", (_models(scene),)),
            Section("over-time", "Over time", (_lanes(scene),)),
            Section("hosts", "Hosts", (_hosts(scene),)),
            quality(view, WITH_JOBS),
            definitions(view, ("gpus_seen", *NUMBERS), _TERMS),
        ),
    )


def _cards(scene: Scene) -> Iterator[Number]:
    whole, metrics = scene.counted.totals, scene.view.ask.metrics
    observed = f"of {words.percent(scene.view.covered.covered_ratio or 0)} observed"
    yield Number(
        "hosts", "Hosts", whole["hosts_seen"], "count", "Hosts that the pool's numbers count.", reason=observed
    )
    yield Number("gpus", "GPUs", whole["gpus_seen"], "count", "Different GPUs of those hosts.", reason=observed)
    for name in ("allocated_ratio", "secondary_ratio"):
        yield Number(name, metrics[name].label, whole[name], "ratio", metrics[name].meaning, reason=observed)
    yield Number(
        "idle",
        "Hosts without a job",
        len(scene.idle),
        "count",
        "No reading found a job of either side.",
        reason=observed,
    )
    meaning = "Hosts with GPUs that the pool's numbers leave out, by host or by model."
    yield Number("left_out", "Hosts left out", len(scene.left_out), "count", meaning, reason="by the configuration")


def _hosts(scene: Scene) -> Table:
    classes, projects = scene.names("class"), scene.names("project")
    left_out = sum(bool(scene.why_left_out(row)) for row in scene.hosts)
    return Table(
        id="hosts",
        title="Hosts by model",
        columns=tuple(_host_columns(scene)),
        rows=tuple(tuple(_host(scene, row, classes, projects)) for row in scene.hosts),
        totals=tuple(_totals(scene)),
        finding=_idle(scene),
        foot="The first row counts what the pool's numbers count"
        + (f"; {words.plural(left_out, 'row')} below that they leave out say why." if left_out else "."),
    )


def _host_columns(scene: Scene) -> Iterable[Column]:
    yield Column("host", "Host", meaning="Machine; one with GPUs of two models has two rows.", rank=1)
    if scene.has_clusters:
        yield Column("cluster", "Cluster")
    yield Column("gpu_model", "GPU model")
    yield Column("gpus_seen", "GPUs", "count", meaning=scene.view.ask.metrics["gpus_seen"].meaning, rank=1)
    yield Column("class", "Class", meaning="Whose capacity its GPUs are.", rank=3)
    yield Column("project", "Projects", meaning="Who owns them.", rank=3)
    yield from _number_columns(scene)
    yield Column("last_seen", "Last seen", "instant", meaning=_LAST_SEEN, rank=3)
    yield Column("counted", "Counted", meaning="Whether the pool's numbers count it, and if not why.", rank=3)


def _number_columns(scene: Scene) -> Iterable[Column]:
    for name in NUMBERS[:1] + NUMBERS[2:]:
        yield _number_column(scene, name, 1 if name == "allocated_ratio" else 2)


def _number_column(scene: Scene, name: str, rank: Literal[1, 2] = 2) -> Column:
    """The allocated share and the allocated GPUs stand beside each other: their heads differ."""
    metric, is_share = scene.view.ask.metrics[name], name == "allocated_ratio"
    label = "Allocated share" if is_share else metric.label
    return Column(name, label, metric.format, meaning=metric.meaning, has_bar=is_share, rank=rank)


def _host(
    scene: Scene, row: Mapping[str, Any], classes: Mapping[Any, str], projects: Mapping[Any, str]
) -> Iterable[Scalar]:
    key = (row["cluster"], row["host"])
    yield row["host"]
    if scene.has_clusters:
        yield row["cluster"]
    yield named(row["gpu_model"])
    yield row["gpus_seen"]
    yield classes.get(key)
    yield projects.get(key)
    yield from (row[name] for name in NUMBERS if name != "present_gpus")
    seen = scene.seen.get(key)
    yield seen.replace(tzinfo=UTC) if seen else None
    yield scene.why_left_out(row) or COUNTED


def _totals(scene: Scene) -> Iterable[Scalar]:
    whole = scene.counted.totals
    yield f"All {words.plural(whole['hosts_seen'] or 0, 'counted host')}"
    yield from (None,) * (1 + scene.has_clusters)
    yield whole["gpus_seen"]
    yield from (None, None)
    yield from (whole[name] for name in NUMBERS if name != "present_gpus")
    yield from (None, None)


def _models(scene: Scene) -> Table:
    names = ("hosts_seen", "gpus_seen", *NUMBERS)
    rows = sorted(scene.answers["models"].records(), key=lambda row: named(row["gpu_model"]))
    hidden = scene.view.ask.capacity.is_hidden
    return Table(
        id="models",
        title="Models",
        columns=(
            Column("gpu_model", "GPU model", rank=1),
            *(_number_column(scene, name) for name in names),
            Column("counted", "Counted", meaning="Whether the pool's numbers count it.", rank=3),
        ),
        rows=tuple(
            (
                named(row["gpu_model"]),
                *(row[name] for name in names),
                "model left out" if hidden(row["gpu_model"]) else COUNTED,
            )
            for row in rows
        ),
        foot=f"Every host there is, those left out of the pool's numbers too. {PARTS_IN_WORDS}",
    )


def _lanes(scene: Scene) -> Chart:
    return grid(scene.view, scene.lanes, "What each GPU did", _idle(scene), _groups(scene))


def _groups(scene: Scene) -> Iterable[GridGroup]:
    for row in sorted(scene.answers["models"].records(), key=lambda row: named(row["gpu_model"])):
        yield group(named(row["gpu_model"]), int(row["hosts_seen"]), row)


def _idle(scene: Scene) -> str:
    """Hosts that ran nothing at all: said of those that the numbers count."""
    idle = scene.idle
    if not idle:
        return "Every host ran some job."
    shown = idle[:_NAMED] if len(idle) > _NAMED + 1 else idle  # "and 1 more" is no shorter than its name
    more = f" and {len(idle) - len(shown)} more" if len(idle) > len(shown) else ""
    return f"{words.plural(len(idle), 'host')} ran no job at all: {', '.join(host for _, host in shown)}{more}."


def _finding(scene: Scene) -> str:
    whole = scene.counted.totals
    left_out = scene.left_out
    size = f"{words.plural(whole['hosts_seen'] or 0, 'host')} with {words.plural(whole['gpus_seen'] or 0, 'GPU')}"
    beside = f"; {words.plural(len(left_out), 'host')} left out of the numbers" if left_out else ""
    share = whole["allocated_ratio"]
    return f"{size}, {words.percent(share)} allocated{beside}. {_idle(scene)}" if share is not None else _idle(scene)


def _subject(scene: Scene) -> str:
    whole = scene.counted.totals
    hosts, gpus = words.plural(whole["hosts_seen"] or 0, "host"), words.plural(whole["gpus_seen"] or 0, "GPU")
    share = whole["allocated_ratio"]
    return f"{hosts}, {gpus}" + (f" · allocated {words.percent(share)}" if share is not None else "")


def _project(name: str | None) -> str:
    return _OPEN if name == "" else named(name)


_TERMS = (
    ("State of a column", "", "A lane shows the state that held longest in the column, no data and absence among them; a GPU"
     " that runs a secondary job is shown as running it, whatever its primary side says."),
    ("Last seen", "instant", _LAST_SEEN),
)  # fmt: skip

REPORT = Report(
    name="pool-hosts",
    title="Hosts of a pool",
    audience="Operators of a pool: every host by model, what its GPUs did, which are left out and why.",
    parameters=HostsParameters,
    build=build,
    default_last="24h",
    subject=rows_of(GPU_STATES),
)
