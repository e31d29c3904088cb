"""A model, or the whole pool, at one moment: each GPU, who used it, and which reading says so."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field

from gpuledger.metrics import Ask, Filter
from gpuledger.metrics.newest import rows_of
from gpuledger.metrics.states.ask import StateAsk
from gpuledger.metrics.states.moment import TICK, Reading, readings, states_at, told_of
from gpuledger.model.capacity import CLASSES
from gpuledger.model.document import Column, Document, Note, Number, Numbers, Scalar, Section, Table
from gpuledger.model.errors import NoData
from gpuledger.model.period import Period, parse_instant
from gpuledger.model.tables import GPU_STATES
from gpuledger.reports import Parameters, Report
from gpuledger.reports import _words as words
from gpuledger.reports._pool_views.names import models
from gpuledger.reports._pool_views.states import ACTIVE, LABELS
from gpuledger.reports._pool_views.view import Said, View, definitions, document, quality
from gpuledger.reports._scene import named

Row = Mapping[str, Any]
SHOWN = ("primary", "secondary", "idle", "drained", "prevented", "owner", "unknown")
_METRICS = {
    "primary": "allocated_gpus", "secondary": "secondary_gpus", "idle": "idle_gpus", "owner": "owner_gpus",
    "drained": "drained_gpus", "prevented": "prevented_gpus", "unknown": "unknown_gpus",
}  # fmt: skip
COLOURED = 12


class SnapshotParameters(Parameters):
    """What may be chosen beside period and filters."""

    model: tuple[str, ...] = Field((), description="GPU models, as H200 or *A100*; all of them when none is named.")
    at: str | None = Field(None, description="The moment, as 2026-07-15T12:00; the newest reading when none is given.")
    owned_hosts: Path | None = Field(None, description="File of hosts the site reserves, one a line.")
    masked_hosts: Path | None = Field(None, description="YAML file of hosts left out of the numbers, and why.")


@dataclass(frozen=True)
class Scene:
    """One moment. `asked` is the moment asked for, None for the newest; `gpus` go by cluster, host and name."""

    view: View
    asked: datetime | None
    readings: tuple[Reading, ...]
    gpus: Sequence[Row]

    @cached_property
    def users(self) -> tuple[str, ...]:
        """Who had GPUs, most first."""
        count = Counter(_user(row) for row in self.active)
        return tuple(sorted(count, key=lambda name: (-count[name], name)))

    @cached_property
    def active(self) -> Sequence[Row]:
        return [row for row in self.gpus if row["part"] in ACTIVE]

    @property
    def time(self) -> datetime:
        """When the newest of the readings was made."""
        return max(reading.time for reading in self.readings)


def build(ask: Ask, parameters: SnapshotParameters) -> Document:
    """Raises NoData when no reading is within a day of the moment, UsageError for a model there is not."""
    scene = _scene(ask, parameters)
    what = " and ".join(parameters.model) or "All GPUs"
    title = f"{what} at {words.stamp(scene.time, ask.display_zone)} {ask.display_zone}"
    said = Said(
        "pool-snapshot",
        title,
        _finding(scene),
        {"model": parameters.model, "at": parameters.at},
        _subject(scene),
        ("numbers", "models", "users"),
    )
    sections = (
        Section("overview", "Numbers", (_cards(scene), _told(scene))),
        Section("models", "Models", (_by_model(scene),)),
        Section("users", "Users", (_by_user(scene),)),
        Section("gpus", "GPUs", (_each(scene),)),
        quality(scene.view),
        definitions(scene.view, _METRICS.values(), _TERMS),
    )
    return document(scene.view, said, sections, {"user": scene.users[:COLOURED]})


def _scene(ask: Ask, parameters: SnapshotParameters) -> Scene:
    asked = parse_instant(parameters.at, ask.display_zone) if parameters.at else None
    view = View(ask.of_period(_ending(ask.period, asked)) if asked else ask)
    if not asked:
        view.require_readings("pool-snapshot")
    at = told_of(ask, asked or ask.period.end - TICK)
    if at is None:
        view.require_readings("pool-snapshot")
        raise NoData(f"No reading of GPUs is within a day of {words.stamp(asked or ask.period.end, ask.display_zone)}.")
    there = _shown(ask, parameters).of_period(Period(at, at + TICK, ask.period.zone))
    moment = StateAsk(there)
    names = models(parameters.model, moment.sorting.models)
    found = states_at(moment, [Filter("gpu_model", "=", names)] if names else ()).to_pylist()
    rows = sorted(found, key=lambda row: (row["cluster"], row["host"], row["gpu"]))
    if ask.where:
        View(there).require_gpus(len(rows))
    return Scene(view, asked, readings(ask, at), rows)


def _ending(period: Period, moment: datetime) -> Period:
    return Period(moment - (period.end - period.start), moment, period.zone)


def _shown(ask: Ask, parameters: SnapshotParameters) -> Ask:
    """A model that is named is shown, though the pool's numbers leave it out."""
    return ask.with_capacity(replace(ask.capacity, hidden_models=())) if parameters.model else ask


def _cards(scene: Scene) -> Numbers:
    count = Counter(row["part"] for row in scene.gpus)
    metrics = scene.view.ask.metrics
    told = "at one moment"
    items = [
        Number("gpus", "GPUs", len(scene.gpus), "count", "Physical GPUs that the reading found.", reason=told),
        Number("active", "Active", len(scene.active), "count", "GPUs with a job of either side.", reason=told),
        Number("users", "Users", len(scene.users), "count", "Different users of those jobs.", reason=told),
        *(
            Number(part, LABELS[part], count[part], "count", metrics[_METRICS[part]].meaning, reason=told)
            for part in ("idle", "drained", "prevented")
        ),
    ]
    return Numbers("numbers", "Numbers", tuple(items))


def _told(scene: Scene) -> Note:
    """Which readings were used, and how far from the moment they are."""
    zone = scene.view.ask.display_zone
    used = " and ".join(
        f"{reading.cluster} ({reading.source}) of {words.stamp(reading.time, zone)}" for reading in scene.readings
    )
    if scene.asked is None:
        age = words.duration((scene.view.ask.now - scene.time).total_seconds())
        return Note("reading", "info", "reading", f"The newest reading is used: {used} {zone}, {age} old.", "coverage")
    away = max((abs(scene.asked - reading.time) for reading in scene.readings), default=None)
    assert away is not None
    side = "before" if scene.time <= scene.asked else "after"
    holds = bool(readings(scene.view.ask, scene.asked))
    sentence = (
        f"Told by the reading of {used} {zone}, {words.duration(away.total_seconds())} {side} the moment asked for"
    )
    said = f"{sentence}." if holds else f"{sentence}: nobody looked closer to it."
    return Note("reading", "info" if holds else "warning", "reading", said, "coverage")


def _by_model(scene: Scene) -> Table:
    rows = [(name, _of(scene.gpus, "gpu_model", name)) for name in sorted({named(r["gpu_model"]) for r in scene.gpus})]
    return Table(
        id="models",
        title="GPUs by model",
        columns=(Column("gpu_model", "GPU model", rank=1), *_part_columns(scene)),
        rows=tuple((name, *_counted(those)) for name, those in rows),
        totals=("All", *_counted(scene.gpus)),
        empty="The reading found no such GPU.",
    )


def _part_columns(scene: Scene) -> Iterator[Column]:
    yield Column("gpus", "GPUs", "count", rank=1)
    yield Column("active", "Active", "count", meaning="With a job of either side.", has_bar=True, rank=1)
    for part in SHOWN:
        yield Column(part, LABELS[part], "count", meaning=scene.view.ask.metrics[_METRICS[part]].meaning)


def _counted(rows: Sequence[Row]) -> tuple[int, ...]:
    count = Counter(row["part"] for row in rows)
    return (len(rows), sum(count[part] for part in ACTIVE), *(count[part] for part in SHOWN))


def _of(rows: Iterable[Row], column: str, name: str) -> list[Row]:
    return [row for row in rows if named(row[column]) == name]


def _by_user(scene: Scene) -> Table:
    those = [(name, [row for row in scene.active if _user(row) == name]) for name in scene.users]
    return Table(
        id="users",
        title="Who had GPUs",
        columns=(
            Column("user", "User", dimension="user", rank=1),
            Column("gpus", "GPUs", "count", has_bar=True, rank=1),
            Column("primary", LABELS["primary"], "count"),
            Column("secondary", LABELS["secondary"], "count"),
            Column("jobs", "Jobs", "count", meaning="Different jobs on these GPUs; – where a job's id is not known."),
            Column("hosts", "Hosts", "count"),
        ),
        rows=tuple((name, *_had(rows)) for name, rows in those),
        totals=(f"All {words.plural(len(those), 'user')}", *_had(scene.active)),
        empty="No GPU held a job.",
    )


def _had(rows: Sequence[Row]) -> tuple[Scalar, ...]:
    part = Counter(row["part"] for row in rows)
    jobs = {(row["cluster"], _job(row)) for row in rows}
    hosts = {(row["cluster"], row["host"]) for row in rows}
    is_known = all(job is not None for _, job in jobs)
    return (len(rows), part["primary"], part["secondary"], len(jobs) if is_known else None, len(hosts))


def _each(scene: Scene) -> Table:
    return Table(
        id="gpus",
        title="Each GPU",
        columns=(
            Column("host", "Host", rank=1),
            Column("gpu", "GPU", meaning="Its name on its host, whole.", rank=1),
            Column("part", "State", dimension="part", rank=1),
            Column("user", "User"),
            Column("job", "Job", rank=3),
            Column("gpu_model", "GPU model"),
            Column("class", "Class", rank=3),
            Column("project", "Projects", rank=3),
            Column("reason", "Reason", meaning="Why new work may not start on it.", rank=3),
        ),
        rows=tuple(tuple(_gpu(row)) for row in scene.gpus),
        foot="– where there is none, or where the reading does not tell.",
        empty="The reading found no such GPU.",
    )


def _gpu(row: Row) -> Iterator[Scalar]:
    yield from (row["host"], row["gpu"])
    yield LABELS[row["part"]] + (", draining" if row["is_draining"] else "")
    yield _user(row) if row["part"] in ACTIVE else None
    yield _job(row)
    yield from (named(row["gpu_model"]), CLASSES.get(row["class"]))
    yield row["owner_projects"] or ("(open)" if row["owner_projects"] == "" else None)
    yield row["prevented_reason"] or None


def _user(row: Row) -> str:
    return named(row["primary_user"] if row["part"] == "primary" else row["backfill_user"])


def _job(row: Row) -> str | None:
    job: str | None = {"primary": row["primary_job_id"], "secondary": row["backfill_job_id"]}.get(row["part"])
    return job


def _finding(scene: Scene) -> str:
    if not scene.gpus:
        return "The reading found no such GPU."
    active, whole = len(scene.active), len(scene.gpus)
    said = f"{active} of {words.plural(whole, 'GPU')} {'was' if active == 1 else 'were'} active"
    return f"{said}, with jobs of {words.plural(len(scene.users), 'user')}." if scene.users else f"{said}."


def _subject(scene: Scene) -> str:
    return f"{len(scene.active)} of {words.plural(len(scene.gpus), 'GPU')} active"


_TERMS = (
    ("Active", "GPUs", "A GPU with a job of the primary or of the secondary side."),
    ("Reading used", "", "The one that holds at the moment: it stands until the next, at most twice the usual step. Where none"
     " holds, the nearest within a day."),
)  # fmt: skip

REPORT = Report(
    name="pool-snapshot",
    title="A pool at one moment",
    audience="Operators and users of a pool: each GPU of a model at a moment, who had it, and what the reading said.",
    parameters=SnapshotParameters,
    build=build,
    default_last="24h",
    subject=rows_of(GPU_STATES),
)
