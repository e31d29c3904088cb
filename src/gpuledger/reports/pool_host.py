"""One host, some hosts, or the GPUs of one project: who used them, how evenly, and who waited."""

from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import Field

from gpuledger.metrics import Ask
from gpuledger.metrics.newest import rows_of
from gpuledger.model.chart import Chart
from gpuledger.model.document import Document, Note, Number, Numbers, Section
from gpuledger.model.tables import GPU_STATES
from gpuledger.reports import Parameters, Report
from gpuledger.reports import _words as words
from gpuledger.reports._pool_views.every_host import EveryHost, OneHost
from gpuledger.reports._pool_views.host import HOURS, RATIOS, Scene, chosen
from gpuledger.reports._pool_views.host_tables import (
    contention,
    contention_words,
    fairness,
    hosts,
    left_out,
    users,
)
from gpuledger.reports._pool_views.lanes import grid, group
from gpuledger.reports._pool_views.names import hosts as hosts_named
from gpuledger.reports._pool_views.view import WITH_JOBS, Said, View, definitions, document, quality
from gpuledger.reports._scene import named

COLOURED = 12


class HostParameters(Parameters):
    """What may be chosen beside period and filters."""

    host: tuple[str, ...] = Field(
        (),
        description="Hosts by full name or first label; * and ? are wild, case does not matter; all when none is named.",
    )
    project: str | None = Field(None, description="A project (lab): the GPUs that it owns, alone or with others.")
    rows: int = Field(100, ge=1, le=1_000_000, description="Most rows of the table of users on hosts.")
    owned_hosts: Path | None = Field(None, description="File of hosts the site reserves, one a line.")
    masked_hosts: Path | None = Field(None, description="YAML file of hosts left out of the numbers, and why.")


def build(ask: Ask, parameters: HostParameters) -> Document:
    """Of every host that the pool counts where none is named. Raises UsageError for a host or project there is not,
    NoData when nobody looked in the period."""
    view = _view(ask)
    held = View(view.everything.ask) if parameters.host or parameters.project else view
    scene = Scene(held, chosen(held.ask, parameters.host, parameters.project), parameters.project, parameters.rows)
    return _document(view, scene, parameters)


def together(ask: Ask) -> Callable[[HostParameters], Document]:
    """The same for many documents on one host each."""
    view = _view(ask)
    every = EveryHost(View(view.everything.ask))

    def built(parameters: HostParameters) -> Document:
        names = hosts_named(parameters.host, every.answers) if parameters.host else ()
        if len(names) != 1 or parameters.project:
            return build(ask, parameters)
        return _document(view, OneHost(every.view, (), None, parameters.rows, every, names[0]), parameters)

    return built


def _view(ask: Ask) -> View:
    view = View(ask)
    view.require_readings("pool-host")
    view.require_whole_gpus()
    return view


def _document(view: View, scene: Scene, parameters: HostParameters) -> Document:
    scene.view.require_gpus(scene.total["present_gpu_hours"])
    chosen_names = {"host": parameters.host, "project": parameters.project}
    said = Said(
        "pool-host", _title(parameters, view.ask), _finding(scene), chosen_names, _subject(scene), _MAIL, WITH_JOBS
    )
    sections = (
        Section("overview", "Numbers", (Numbers("numbers", "Numbers", tuple(_cards(scene))), *_notes(view, scene))),
        users(scene),
        Section("lanes", "Over time", (_lanes(scene),)),
        hosts(scene),
        contention(scene),
        quality(view, WITH_JOBS),
        definitions(view, (*RATIOS, *HOURS), _TERMS),
    )
    ranks = {"user": tuple(named(row["user"]) for row in scene.users)[:COLOURED]}
    return document(view, said, sections, ranks)


_MAIL = ("numbers", "users", "lanes", "contention", "hosts")


def _subject(scene: Scene) -> str:
    share, hours = scene.total["in_use_ratio"], scene.total[HOURS[0]]
    used = f"in use {words.percent(share)} · " if share is not None else ""
    return f"{used}{words.plural(len(scene.users), 'user')}, {words.amount(hours or 0)} GPU-hours"


def _title(parameters: HostParameters, ask: Ask) -> str:
    what = ", ".join(parameters.host[:3]) + (" …" if len(parameters.host) > 3 else "")
    owner = f"project {parameters.project}" if parameters.project else ""
    return f"GPUs of {', '.join(filter(None, (what, owner))) or 'all hosts'}, {words.of_period(ask.period)}"


def _cards(scene: Scene) -> Iterator[Number]:
    total, metrics = scene.total, scene.view.ask.metrics
    observed = f"of {words.percent(scene.view.covered.covered_ratio or 0)} observed"
    count, seen = words.plural(total["hosts_seen"] or 0, "host"), total["gpus_seen"]
    yield Number("gpus", "GPUs", seen, "count", metrics["gpus_seen"].meaning, reason=f"in {count}")
    for name, label in zip(RATIOS[:2], ("Allocated", "Secondary"), strict=True):
        yield Number(name, label, total[name], "ratio", metrics[name].meaning, reason=observed)
    yield Number("hours", "GPU-hours", total[HOURS[0]], "gpu_hour", metrics[HOURS[0]].meaning, reason=observed)
    yield Number("users", "Users", len(scene.users), "count", "Different users of either side.", reason=observed)
    even = "0 is even" if scene.gini is not None else "no job ran"
    gini = None if scene.gini is None else f"{scene.gini:.2f}"
    yield Number("gini", "Gini of users' hours", gini, "text", _TERMS[0][2], reason=even)


def _notes(counted: View, scene: Scene) -> Iterator[Note]:
    """Hosts that the pool's numbers leave out."""
    capacity = counted.ask.capacity
    for row in {row["host"]: row for row in scene.answers["host"].records()}.values():
        if why := left_out(capacity, row):
            said = f"{row['host']} is not in the pool's numbers ({why}); it is in these."
            yield Note(f"left-out-{row['host']}", "info", "left out", said, "hosts")


def _lanes(scene: Scene) -> Chart:
    groups = (
        group(named(row["gpu_model"]), int(row["hosts_seen"]), row)
        for row in sorted(scene.answers["model"].records(), key=lambda row: named(row["gpu_model"]))
    )
    return grid(scene.view, scene.lanes, "What each GPU did", _level(scene), groups)


def _level(scene: Scene) -> str:
    allocated, secondary = scene.total["allocated_ratio"], scene.total["secondary_ratio"]
    if allocated is None or secondary is None:
        return ""
    return f"{words.percent(allocated)} of the GPU-time was allocated, {words.percent(secondary)} ran secondary jobs."


def _finding(scene: Scene) -> str:
    crowd = contention_words(scene) if scene.projects and scene.waiting is not None else ""
    return " ".join(filter(None, (_level(scene), fairness(scene), crowd)))


_TERMS = (
    ("Gini of users' hours", "", "Σ|a − b| over all pairs of users ÷ (2 n² × mean), of their GPU-hours on both sides: 0 when all have"
     " the same, towards 1 when one has all. Hours of 1, 2 and 3 give 8 ÷ (2 × 9 × 2) = 0.22."),
    ("Equal share", "GPU-hours", "All GPU-hours ÷ the users who had any."),
    ("All GPUs taken", "time", "Every one of them that is in service (not drained, prevented or kept for its owner) holds a primary"
     " job; readings tell."),
    ("Contention", "GPU-hours", "GPUs asked for × time that jobs of the owning projects waited while all GPUs were taken. Self: a job of"
     " the same user held one of them; other: none did. Names are compared before the @: queues tell no domain."),
)  # fmt: skip

REPORT = Report(
    name="pool-host",
    title="Hosts or a project of a pool",
    audience="A lab that owns GPUs, and operators: who used these hosts, how evenly, what each GPU did, who waited.",
    parameters=HostParameters,
    build=build,
    default_last="24h",
    together=together,
    subject=rows_of(GPU_STATES),
)
