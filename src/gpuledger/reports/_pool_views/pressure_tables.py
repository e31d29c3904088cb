"""Queue against supply by project, the longest waiting jobs, suspicious jobs, most GPUs of a user on open capacity."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from gpuledger.metrics.states.jobs import commands_known, long_jobs
from gpuledger.model.document import Block, Column, Scalar, Section, Table, Text
from gpuledger.model.suspicion import program
from gpuledger.reports import _words as words
from gpuledger.reports._pool_views.contention import Contention
from gpuledger.reports._pool_views.pressure import ON_OPEN, Scene, Supply, project

NO_STATES = "What projects own and hold is not collected for this period: there is no reading of GPUs."


def supply(scene: Scene) -> Table:
    """What each project's jobs asked for, and what it owns."""
    rows = _by_project(scene)
    ordered = sorted(rows, key=lambda name: (-rows[name]["gpu_hours"], project(name)))
    whole = {key: sum(row[key] for row in rows.values()) for key in ("gpu_hours", "jobs")}
    every = (
        sum((scene.contention.get(name or "", Contention()) for name in rows), Contention())
        if scene.has_states
        else Contention()
    )
    return Table(
        id="supply",
        title="Queue and supply by project",
        columns=tuple(_supply_columns(scene)),
        rows=tuple(tuple(_supply_row(scene, name, rows[name])) for name in ordered),
        totals=(
            f"All {words.plural(sum(bool(name) for name in rows), 'project')}", whole["jobs"], len({row["user_name"] for row in scene.waited}),
            whole["gpu_hours"], whole["gpu_hours"] / scene.hours if scene.hours else None,
            *((None, None, None, None, every.self, every.other) if scene.has_states else ()),
        ),
        finding=_supply_finding(scene, ordered, rows),
        foot="A job without a project waits for open capacity, which stands in its row. A GPU with several owners is in the row of"
        " each." if scene.has_states else NO_STATES,
        empty="No job waited in the period.",
    )  # fmt: skip


def _by_project(scene: Scene) -> Mapping[str | None, dict[str, float]]:
    found: dict[str | None, dict[str, float]] = defaultdict(lambda: {"gpu_hours": 0.0, "jobs": 0.0, "users": 0.0})
    for row in scene.waited:
        of = found[row["account"]]
        of["gpu_hours"] += row["gpu_hours"]
        of["jobs"] += row["jobs"]
        of["users"] += 1
    return found


def _supply_columns(scene: Scene) -> Iterator[Column]:
    yield Column("project", "Project", dimension="project", rank=1)
    yield Column("jobs", "Jobs", "count", meaning="Jobs that waited at some moment of the period.")
    yield Column("users", "Users", "count")
    yield Column(
        "gpu_hours", "GPU-hours waited for", "gpu_hour", meaning="GPUs asked for × time waited.", has_bar=True, rank=1
    )
    yield Column("waiting", "GPUs asked for", "gpu", meaning="GPU-hours waited for ÷ hours observed.", rank=1)
    if scene.has_states:
        yield Column(
            "own", "Own GPUs", "gpu", meaning="Mean number of GPUs that the project owns, alone or with others.", rank=1
        )
        yield Column("held", "Allocated share", "ratio", meaning="Share of their time held by primary jobs of anybody.")
        yield Column("times", "× supply", "gpu", meaning="GPUs asked for ÷ own GPUs.")
        yield Column(
            "full", "All taken", "second", meaning="Time for which every own GPU in service held a primary job."
        )
        yield Column(
            "self",
            "Contention, self",
            "gpu_hour",
            meaning="GPU-hours waited for meanwhile by users who held some of them.",
        )
        yield Column(
            "other", "Contention, other", "gpu_hour", meaning="GPU-hours waited for meanwhile by users who held none."
        )


def _supply_row(scene: Scene, name: str | None, row: Mapping[str, float]) -> Iterator[Scalar]:
    waiting = row["gpu_hours"] / scene.hours if scene.hours else None
    yield from (project(name), row["jobs"], row["users"], row["gpu_hours"], waiting)
    if not scene.has_states:
        return
    own = scene.supply.get("?" if name is None else name, Supply())
    covered = (scene.view.covered.covered_ratio or 0.0) * scene.view.ask.period.seconds / 3600
    gpus = own.present / covered if covered else None
    yield gpus
    yield own.allocated / own.present if own.present else None
    yield waiting / gpus if gpus and waiting is not None else None
    is_owner = bool(name and own.present)
    crowded = sum(scene.crowding.hours(side) for side in scene.crowding.full if side[1] == name) * 3600
    yield crowded if is_owner else None
    held = scene.contention.get(name or "", Contention())
    yield from (held.self, held.other) if is_owner else (None, None)


def _supply_finding(scene: Scene, ordered: "list[str | None]", rows: Mapping[str | None, Mapping[str, float]]) -> str:
    total = sum(row["gpu_hours"] for row in rows.values())
    if not total:
        return "No job waited in the period."
    first = ordered[0]
    return f"{project(first)} waited for {words.percent(rows[first]['gpu_hours'] / total)} of {words.amount(total)} GPU-hours."


def longest(scene: Scene) -> Table:
    """The jobs that had waited longest."""
    first = next(iter(scene.longest), None)
    said = f"The longest waited {words.duration(first['waited_seconds'])}." if first else "No job waited in the period."
    return Table(
        id="longest",
        title="Longest waiting jobs",
        columns=(
            *([Column("job", "Job", rank=3)] if scene.is_real else []),
            Column("user", "User", dimension="user", rank=1),
            Column("project", "Project", dimension="project"),
            Column("gpus", "GPUs", "gpu", rank=1),
            Column("memory", "Memory of a GPU", "byte", meaning="Least memory of one GPU that the job asks for.", rank=3),
            Column("waited", "Waited", "second", meaning="From its submission (its first sight where that is not told) to its last"
                   " sight waiting.", rank=1),
            Column("submitted_at", "Submitted", "instant"),
            Column("state", "Now", meaning="Whether the newest reading still showed it waiting."),
        ),
        rows=tuple(tuple(_waiting(scene, row)) for row in scene.longest),
        finding=said,
        left_out=f"The first {scene.rows}; --rows names more." if len(scene.longest) == scene.rows else "",
        empty="No job waited in the period.",
    )  # fmt: skip


def _waiting(scene: Scene, row: Mapping[str, Any]) -> Iterator[Scalar]:
    if scene.is_real:
        yield row["job_id"]
    yield from (
        scene.user(row["user_name"]),
        project(row["account"]),
        row["gpus"],
        row["memory_bytes"],
        row["waited_seconds"],
    )
    submitted = row["submitted_at"]
    yield submitted.replace(tzinfo=UTC) if submitted else None
    is_open = scene.open_since is not None and row["last_seen_at"] >= scene.open_since
    yield "waiting" if is_open else "no longer"


def suspicious(scene: Scene) -> Section:
    """Jobs on open capacity whose command looks as if they only held a GPU."""
    return Section("suspicious", "Suspicious jobs", (_suspicious(scene),))


def _suspicious(scene: Scene) -> Block:
    rule = scene.view.ask.capacity.suspicion
    if not scene.has_states:
        return Text("suspicious", NO_STATES)
    if not commands_known(scene.view.ask):
        text = "Commands of jobs: not collected. A queue (source htcondor) or job_info databases (source job-pressure) tell them."
        return Text("suspicious", text, "Suspicious jobs on open capacity")
    found = [row for row in long_jobs(scene.view.states, ON_OPEN, rule.least_seconds) if rule.is_meant(row["command"])]
    shown = found[: scene.rows]
    least = words.duration(rule.least_seconds)
    return Table(
        id="suspicious",
        title=f"Jobs on open capacity of {least} or more whose command looks idle",
        columns=(
            *([Column("job", "Job", rank=3)] if scene.is_real else []),
            Column("user", "User", dimension="user", rank=1),
            Column("command", "Command", meaning="The last part of its path.", rank=1),
            Column("gpus", "GPUs", "count", meaning="Different GPUs that it was seen on."),
            Column("ran", "Seen running", "second", meaning="From its first to its last reading in the period.", rank=1),
            Column("gpu_hours", "GPU-hours", "gpu_hour", has_bar=True, rank=1),
            Column("host", "Host", meaning="The first by name.", rank=3),
        ),
        rows=tuple(tuple(_suspect(scene, row)) for row in shown),
        finding=f"{words.plural(len(found), 'job')}, {words.amount(sum(row['gpu_hours'] for row in found))} GPU-hours."
        if found else "",
        foot=f"Commands that match {', '.join(rule.patterns)} and ran {least} or more; only of jobs whose command a queue told.",
        left_out=f"{len(found) - len(shown)} more; --rows names them." if len(found) > len(shown) else "",
        empty="No job on open capacity looks so.",
    )  # fmt: skip


def _suspect(scene: Scene, row: Mapping[str, Any]) -> Iterator[Scalar]:
    if scene.is_real:
        yield row["job_id"]
    seconds = (row["until_us"] - row["since_us"]) / 1e6
    yield from (scene.user(row["user"]), program(row["command"]), row["gpus"], seconds, row["gpu_hours"], row["host"])


def peaks(scene: Scene) -> Section:
    """How many GPUs of the open capacity one user had at once."""
    if not scene.has_states:
        return Section("peaks", "Most at once", (Text("peaks", NO_STATES),))
    metrics, rows = scene.view.ask.metrics, scene.answers["peaks"].records()
    ordered = sorted(rows, key=lambda row: (-(row["most_gpus"] or 0), -row["observed_gpu_hours"]))
    shown = ordered[: scene.rows]
    total = scene.answers["open"].totals
    table = Table(
        id="peaks",
        title="Most GPUs of a user at once on open capacity",
        columns=(
            Column("user", "User", dimension="user", rank=1),
            Column("most_gpus", "Most at once", "gpu", meaning=metrics["most_gpus"].meaning, has_bar=True, rank=1),
            Column("observed_gpu_hours", "GPU-hours", "gpu_hour", meaning=metrics["observed_gpu_hours"].meaning, rank=1),
            Column("share", "Share", "ratio", meaning="Part of the GPU-hours of all users.", is_share=True),
            Column("primary", "Primary", "gpu_hour", meaning=metrics["observed_primary_gpu_hours"].meaning),
        ),
        rows=tuple(_peak(scene, row, total["observed_gpu_hours"]) for row in shown),
        totals=(f"All {words.plural(len(rows), 'user')}", total["most_gpus"], total["observed_gpu_hours"],
                1.0 if total["observed_gpu_hours"] else None, total["observed_primary_gpu_hours"]),
        finding=_peak_finding(scene, ordered),
        foot="Most at once of all together is less than the sum: users have theirs at different moments.",
        left_out=f"{len(ordered) - len(shown)} more; --rows names them." if len(ordered) > len(shown) else "",
        empty="No job ran on open capacity.",
    )  # fmt: skip
    return Section("peaks", "Most at once", (table,))


def _peak(scene: Scene, row: Mapping[str, Any], total: float | None) -> tuple[Scalar, ...]:
    hours = row["observed_gpu_hours"]
    return (
        scene.user(row["user"]),
        row["most_gpus"],
        hours,
        hours / total if total else None,
        row["observed_primary_gpu_hours"],
    )


def _peak_finding(scene: Scene, ordered: "list[dict[str, Any]]") -> str:
    if not ordered:
        return "No job ran on open capacity."
    first = ordered[0]
    return f"{scene.user(first['user'])} had {words.gpus(first['most_gpus'] or 0)} GPUs of the open capacity at once."
