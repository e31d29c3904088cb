"""Who holds what now, who used what in the window, who waits and why."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from gpuledger.metrics import NO_GPU, Answer, Filter
from gpuledger.metrics.dimensions import BY_NAME
from gpuledger.model.document import Column, Scalar, Table
from gpuledger.reports import _words as words
from gpuledger.reports._rolling.limits import GIB
from gpuledger.reports._rolling.scene import HOURS, Row, TabScene
from gpuledger.reports._scene import as_utc, label_of, named
from gpuledger.reports._tables import PLURALS

AMOUNTS = ("gpu_count", "cpu_count", "memory_bytes")
_ASKED = ("requested_gpu_count", "requested_cpu_count", "requested_memory_bytes")


def now(scene: TabScene) -> Table:
    """What is held at this moment, from running jobs alone: who holds nothing is not there."""
    groups = _by_name(scene, scene.running)
    rows = sorted(((name, *_held(held)) for name, held in groups.items()), key=_largest)
    shown, rest = rows[: scene.rows], rows[scene.rows :]
    return Table(
        id=f"now{scene.suffix}",
        title=f"In use now, {scene.label}",
        columns=_columns(scene),
        rows=tuple(shown),
        totals=(_all(scene, len(rows)), *_held(scene.running)),
        others=_others(rest),
        finding=_now(scene),
        foot=f"Running jobs as of {scene.stamp}. “–” means not collected, never zero.",
        left_out=f"{words.plural(len(rest), 'other')} in the last row; a larger “rows” names more." if rest else "",
        empty="No job runs.",
    )


def _now(scene: TabScene) -> str:
    gpus, cpus, _, jobs = _held(scene.running)
    if not jobs:
        return f"No job runs, as of {scene.stamp}."
    said = [f"{words.gpus(gpus)} GPUs"] if gpus else []
    said += [f"{words.count(cpus)} CPUs"] if cpus else []
    return f"{words.plural(jobs, 'job')} {'runs' if jobs == 1 else 'run'}" + (
        f" on {' and '.join(said)}." if said else "."
    )


def _by_name(scene: TabScene, rows: Iterable[Row]) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[_name(scene, row)].append(row)
    return groups


def _name(scene: TabScene, row: Row) -> str:
    """What the row is told apart by, as the metrics name it."""
    if scene.by != "gpu_model":
        return named(row[BY_NAME[scene.by].column])
    return NO_GPU if row["gpu_model"] is None and row["gpu_count"] == 0 else named(row["gpu_model"])


def _held(rows: Sequence[Row]) -> tuple[float | None, float | None, float | None, int]:
    """GPUs, CPUs, GiB and jobs; tries of one job cannot run at one moment."""
    gpus, cpus, memory = (_sum(rows, name) for name in AMOUNTS)
    return gpus, cpus, memory and memory / GIB, len(rows)


def _sum(rows: Iterable[Row], name: str) -> float | None:
    """Null where nobody says; of no rows it is 0."""
    rows = list(rows)
    known = [row[name] for row in rows if row[name] is not None]
    return sum(known) if known or not rows else None


def _largest(row: Sequence[Any]) -> tuple[Any, ...]:
    return (*(-(amount or 0) for amount in row[1:]), row[0])


def _columns(scene: TabScene) -> tuple[Column, ...]:
    """The name, then GPUs, CPUs, memory and jobs."""
    dimension = scene.dimension
    return (
        Column(dimension.name, dimension.label, meaning=dimension.meaning, dimension=dimension.name),
        Column("gpus", "GPUs", "gpu", rank=1),
        Column("cpus", "CPUs", "count", rank=1),
        Column("memory_gib", "Memory", "gib", unit="GiB"),
        Column("jobs", "Jobs", "count"),
    )


def _all(scene: TabScene, count: int) -> str:
    return f"All {words.count(count)} {PLURALS.get(scene.by, 'names')}" if count > 1 else "All"


def _others(rest: Sequence[Sequence[Any]]) -> tuple[Scalar, ...] | None:
    if not rest:
        return None
    columns = zip(*(row[1:] for row in rest), strict=True)
    sums = (
        sum(v for v in column if v is not None) if any(v is not None for v in column) else None for column in columns
    )
    return (words.plural(len(rest), "other"), *sums)


def totals(scene: TabScene) -> Table:
    """Hours in the window, by name; the first row is everyone."""
    answer = scene.answers[scene.by]
    records = sorted(
        answer.records(), key=lambda row: (-(row[scene.lead.name] or 0.0), label_of(row, answer.dimensions))
    )
    shown, rest = records[: scene.rows], records[scene.rows :]
    metrics = [scene.ask.metrics[name] for name in SHOWN]
    return Table(
        id=f"totals{scene.suffix}",
        title=f"Used in the window, {scene.label}",
        columns=(
            Column(scene.by, scene.dimension.label, meaning=scene.dimension.meaning, dimension=scene.by),
            *(
                Column(m.name, LABELS.get(m.name, m.label), m.format, meaning=m.meaning, has_bar=m is scene.lead)
                for m in metrics
            ),
        ),
        rows=tuple(_cells(label_of(row, answer.dimensions), row) for row in shown),
        totals=_cells(_all(scene, len(records)), scene.totals.totals),
        others=_rest(scene, answer, rest),
        foot=f"Hours inside {scene.foot}. A job of several names counts under each, in the first row once.",
        left_out=f"{words.plural(len(rest), 'other')} in the last row; a larger “rows” names more." if rest else "",
        empty="No job held resources in the window.",
    )


SHOWN = (*HOURS[:4], "jobs")
LABELS = {"attempt_hours": "Job-hours"}


def _cells(name: str, row: Mapping[str, Any]) -> tuple[Scalar, ...]:
    return (name, *(row[metric] for metric in SHOWN))


def _rest(scene: TabScene, answer: Answer, rest: Sequence[Mapping[str, Any]]) -> tuple[Scalar, ...] | None:
    """Asked, not summed: jobs of several names are one."""
    if not rest:
        return None
    names = tuple(row[scene.by] for row in rest)
    found = scene.ask.ask(*SHOWN, where=(Filter(scene.by, "=", names),))
    return _cells(words.plural(len(rest), "other"), found.totals)


def reasons(scene: TabScene) -> Table:
    """What waiting jobs wait for."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in scene.waiting:
        groups[named(row["reason"])].append(row)
    rows = sorted(((reason, *_wanted(scene, held)) for reason, held in groups.items()), key=_most)
    return Table(
        id=f"waiting{scene.suffix}",
        title=f"Waiting now, {scene.label}",
        columns=(
            Column("reason", "Reason"),
            Column("jobs", "Jobs", "count", rank=1),
            Column("gpus", "GPUs asked for", "gpu"),
            Column("cpus", "CPUs asked for", "count"),
            Column("memory_gib", "Memory asked for", "gib", unit="GiB"),
            Column("longest", "Longest wait", "second", rank=1),
        ),
        rows=tuple(rows),
        totals=("All reasons", *_wanted(scene, scene.waiting)),
        foot=f"As of {scene.stamp}; every task of a waiting array is a job.",
        empty="No job waits.",
    )


def _most(row: Sequence[Any]) -> tuple[Any, ...]:
    return -row[1], row[0]


def _wanted(scene: TabScene, rows: Sequence[Row]) -> tuple[Scalar, ...]:
    """Jobs, what they ask for together, and the longest wait; a task of an array is a job."""
    many = [{**row, **{name: _times(row, name) for name in _ASKED}} for row in rows]
    gpus, cpus, memory = (_sum(many, name) for name in _ASKED)
    return _jobs(rows), gpus, cpus, memory and memory / GIB, max((_waited(scene, row) for row in rows), default=None)


def _times(row: Row, name: str) -> float | None:
    return None if row[name] is None else row[name] * (row["task_count"] or 1)


def _jobs(rows: Iterable[Row]) -> int:
    return round(sum(row["task_count"] or 1 for row in rows))


def _waited(scene: TabScene, row: Row) -> float:
    """Seconds since it was submitted."""
    since: datetime = row["since"]
    return max(0.0, (scene.at - since.replace(tzinfo=UTC)).total_seconds())


def waits(scene: TabScene) -> Table:
    """The jobs that wait longest."""
    rows = sorted(scene.waiting, key=lambda row: (-_waited(scene, row), row["job_id"]))
    shown = rows[: scene.rows]
    return Table(
        id=f"waiting-jobs{scene.suffix}",
        title=f"Waiting jobs, {scene.label}",
        columns=(
            Column("job_id", "Job"),
            Column("user", "User", dimension="user"),
            Column("account", "Account", dimension="account"),
            Column("reason", "Reason"),
            Column("tasks", "Tasks", "count"),
            Column("gpus", "GPUs", "gpu"),
            Column("cpus", "CPUs", "count"),
            Column("since", "Submitted", "instant"),
            Column("waited", "Waited", "second", rank=1),
        ),
        rows=tuple(_wait(scene, row) for row in shown),
        left_out=f"{words.plural(len(rows) - len(shown), 'job')} that waited less; a larger “rows” names more."
        if rows[len(shown) :]
        else "",
        empty="No job waits.",
    )


def _wait(scene: TabScene, row: Row) -> tuple[Scalar, ...]:
    people = (named(row["user_name"]), named(row["account"]), named(row["reason"]))
    asked = (row["requested_gpu_count"], row["requested_cpu_count"])
    return (row["job_id"], *people, row["task_count"] or 1, *asked, as_utc(row["since"]), _waited(scene, row))
