"""Waiting jobs of a pool: how many GPUs they ask for, against what their project owns; who waits longest."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from gpuledger.metrics import Ask
from gpuledger.metrics.newest import rows_of
from gpuledger.metrics.states.pressure import FILTERS
from gpuledger.model.document import Block, Document, Note, Number, Numbers, Section, Text
from gpuledger.model.errors import NoData, UsageError
from gpuledger.model.tables import GPU_STATES, PENDING
from gpuledger.reports import Parameters, Report
from gpuledger.reports import _words as words
from gpuledger.reports._pool_views.contention import Contention
from gpuledger.reports._pool_views.pressure import Scene, with_polls
from gpuledger.reports._pool_views.pressure_charts import BLIND, Queue
from gpuledger.reports._pool_views.pressure_tables import longest, peaks, supply, suspicious
from gpuledger.reports._pool_views.view import WITH_JOBS, Said, View, definitions, document, quality

_NOT_COLLECTED = (
    "Waiting jobs: not collected for this period. `gpuledger ingest job_pressure_YYYY-MM.db` reads those of an earlier"
    " collector; the source htcondor asks the schedds."
)


class PressureParameters(Parameters):
    """What may be chosen beside period and filters."""

    names: Literal["real", "pseudonym"] = Field(
        "real", description="real, or pseudonym: people are `user 1`, `user 2` … by rank."
    )
    rows: int = Field(20, ge=1, le=1_000_000, description="Most rows of the tables of jobs and users.")
    suspicious: Path | None = Field(
        None, description="YAML file of commands that look idle and how long they must run."
    )
    owned_hosts: Path | None = Field(None, description="File of hosts the site reserves, one a line.")
    masked_hosts: Path | None = Field(None, description="YAML file of hosts left out of the numbers, and why.")


def build(ask: Ask, parameters: PressureParameters) -> Document:
    """Raises NoData when nobody looked at GPUs or at the queue, UsageError for a filter that waiting jobs lack."""
    for wanted in ask.where:
        if wanted.column not in FILTERS:
            raise UsageError(f"Waiting jobs cannot be filtered by {wanted.column}; they can by {', '.join(FILTERS)}.")
    scene = Scene(View(ask), parameters.rows, parameters.names == "real")
    if not scene.is_told and not scene.has_states:
        raise NoData(f"{_NOT_COLLECTED} Nor is there any reading of GPUs.")
    queues = {by: Queue(scene, by) for by in ("project", "user")} if scene.is_told else {}
    title = f"Waiting jobs, {words.of_period(ask.period)}"
    chosen = {"names": parameters.names, "rows": parameters.rows}
    said = Said("pool-pressure", title, _finding(scene, queues), chosen, _subject(scene, queues), _MAIL, WITH_JOBS)
    sections = (
        Section("overview", "Numbers", tuple(_overview(scene, queues))),
        *(
            [Section("queue", "The queue over time", tuple(queue.chart() for queue in queues.values()))]
            if queues
            else []
        ),
        *([Section("supply", "Queue and supply", (supply(scene), longest(scene)))] if queues else []),
        suspicious(scene),
        peaks(scene),
        quality(with_polls(scene), WITH_JOBS),
        definitions(scene.view, ("most_gpus", "observed_gpu_hours"), _TERMS),
    )
    return document(with_polls(scene), said, sections, {by: queue.top for by, queue in queues.items()})


_MAIL = ("numbers", "queue-by-project", "supply", "longest", "suspicious", "peaks")


def _subject(scene: Scene, queues: Mapping[str, Queue]) -> str:
    if not queues or not scene.hours:
        return "waiting jobs not collected"
    jobs = words.plural(sum(row["jobs"] for row in scene.waited), "job")
    return f"{words.gpus(float(queues['project'].area.sum()) / 3.6e9 / scene.hours)} GPUs asked for · {jobs} waited"


def _overview(scene: Scene, queues: dict[str, Queue]) -> Iterator[Block]:
    if not queues:
        yield Text("not-collected", _NOT_COLLECTED)
        return
    yield Numbers("numbers", "Numbers", tuple(_cards(scene, queues["project"])))
    if scene.looked is None:
        yield Note("polls", "info", "polls", BLIND, "queue-by-project")


def _cards(scene: Scene, queue: Queue) -> Iterator[Number]:
    hours = float(queue.area.sum()) / 3.6e9
    step = words.duration(float(scene.bins.lengths_us[0]) / 1e6)
    count = words.plural(len({row["user_name"] for row in scene.waited}), "user")
    jobs, first = sum(row["jobs"] for row in scene.waited), next(iter(scene.longest), None)
    yield Number(
        "waiting",
        "GPUs asked for",
        hours / scene.hours if scene.hours else None,
        "gpu",
        _TERMS[0][2],
        reason="on average",
    )
    fullest = float(queue.total.max()) if queue.area.size else 0.0
    yield Number("fullest", "Most asked for", fullest, "gpu", f"Mean of the fullest {step}.", reason=f"mean of {step}")
    yield Number("gpu_hours", "GPU-hours waited for", hours, "gpu_hour", _TERMS[0][2], reason=f"by {count}")
    yield Number(
        "jobs",
        "Jobs that waited",
        jobs,
        "count",
        "Jobs seen waiting at some moment of the period.",
        reason="in the period",
    )
    yield Number(
        "longest",
        "Longest wait",
        first["waited_seconds"] if first else None,
        "second",
        "From submission to last sight.",
        reason="of one job",
    )
    whole = sum(scene.contention.values(), Contention()) if scene.has_states else None
    said = "while all own GPUs were taken" if whole else "no reading of GPUs"
    yield Number(
        "contention", "Contention", whole.self + whole.other if whole else None, "gpu_hour", _TERMS[2][2], reason=said
    )


def _finding(scene: Scene, queues: dict[str, Queue]) -> str:
    if not queues:
        return _NOT_COLLECTED
    queue = queues["project"]
    if not queue.area.sum():
        return "No job waited in the period."
    mean = words.gpus(float(queue.area.sum()) / 3.6e9 / scene.hours) if scene.hours else "–"
    return f"Waiting jobs asked for {mean} GPUs on average. {queue.finding}"


_TERMS = (
    ("GPU-hours waited for", "GPU-hours", "GPUs a waiting job asks for × time from the first to the last reading that showed it, and on to"
     " the next reading where the source says how often it looks; inside the period."),
    ("All taken", "time", "Every GPU of the project that is in service (not drained, prevented or kept for its owner) holds a primary"
     " job, of whomever."),
    ("Contention", "GPU-hours", "GPU-hours that jobs of a project waited for while all its GPUs were taken. Self: a job of the same user held"
     " one of them; other: none did. Names are compared before the @: queues tell no domain."),
    ("Suspicious", "", "A job on open capacity whose command matches the site's patterns and that ran so long: it may only hold the GPU."
     " A hint to look, no proof."),
)  # fmt: skip

REPORT = Report(
    name="pool-pressure",
    title="Waiting jobs of a pool",
    audience="Operators of a pool: how long the queue is, whose GPUs are short, which jobs wait or look idle, who has most at once.",
    parameters=PressureParameters,
    build=build,
    default_last="7d",
    subject=rows_of(GPU_STATES, PENDING),
)
