"""Users, hosts, GPUs and contention of some hosts or one project."""

from collections.abc import Iterator, Mapping
from typing import Any

from gpuledger.model.capacity import Capacity
from gpuledger.model.document import Column, Scalar, Section, Table, Text
from gpuledger.reports import _words as words
from gpuledger.reports._pool_views.contention import Contention, person
from gpuledger.reports._pool_views.host import HOURS, MEANS, RATIOS, Scene
from gpuledger.reports._scene import named

_SIDES = ("Both sides", "Primary", "Secondary")


def users(scene: Scene) -> Section:
    """Who had how many GPU-hours, and how evenly."""
    total, count = scene.total["observed_gpu_hours"] or 0.0, len(scene.users)
    equal = total / count if count else None
    table = Table(
        id="users",
        title="GPU-hours by user",
        columns=(
            Column("user", "User", dimension="user", rank=1),
            Column("gpu_hours", "GPU-hours", "gpu_hour", meaning="Of both sides.", has_bar=True, rank=1),
            Column("share", "Share", "ratio", is_share=True),
            Column("primary", "Primary", "gpu_hour", meaning=scene.view.ask.metrics[HOURS[1]].meaning),
            Column("secondary", "Secondary", "gpu_hour", meaning=scene.view.ask.metrics[HOURS[2]].meaning),
            Column("times_equal", "× equal share", "gpu", meaning="GPU-hours ÷ the equal share of all users.", rank=3),
        ),
        rows=tuple(
            (named(row["user"]), row[HOURS[0]], row[HOURS[0]] / total, row[HOURS[1]], row[HOURS[2]], row[HOURS[0]] / (equal or 1))
            for row in scene.users
        ),
        totals=(f"All {words.plural(count, 'user')}", *_totals(scene, total), 1.0 if count else None),
        finding=fairness(scene),
        foot="Hours that readings saw; nothing is extrapolated. An even use has a Gini coefficient of 0.",
        empty="No job ran on these GPUs.",
    )  # fmt: skip
    return Section("users", "Users", (table, _users_of_hosts(scene)))


def _users_of_hosts(scene: Scene) -> Table:
    """Each user on each host."""
    records = [row for row in scene.answers["user_host"].records() if row[HOURS[0]]]
    ordered = sorted(records, key=lambda row: (row["host"], -row[HOURS[0]], named(row["user"])))
    shown = ordered[: scene.rows]
    return Table(
        id="users-of-hosts",
        title="GPU-hours by host and user",
        columns=(
            Column("host", "Host", rank=1),
            Column("user", "User", dimension="user", rank=1),
            Column("gpu_hours", "GPU-hours", "gpu_hour", meaning="Of both sides.", has_bar=True, rank=1),
            Column("primary", "Primary", "gpu_hour", meaning=scene.view.ask.metrics[HOURS[1]].meaning),
            Column("secondary", "Secondary", "gpu_hour", meaning=scene.view.ask.metrics[HOURS[2]].meaning),
        ),
        rows=tuple((row["host"], named(row["user"]), *(row[name] for name in HOURS)) for row in shown),
        totals=("All hosts", f"All {words.plural(len(scene.users), 'user')}", *(scene.total[name] for name in HOURS)),
        left_out=f"{len(ordered) - len(shown)} more; --rows names them." if len(ordered) > len(shown) else "",
        empty="No job ran on these GPUs.",
    )


def _totals(scene: Scene, total: float) -> Iterator[Scalar]:
    yield from (total, 1.0 if total else None, scene.total[HOURS[1]], scene.total[HOURS[2]])


def fairness(scene: Scene) -> str:
    """How evenly the hours are spread."""
    count, gini = len(scene.users), scene.gini
    if gini is None:
        return "No job ran on these GPUs."
    if count == 1:
        return f"{named(scene.users[0]['user'])} alone used them."
    equal = (scene.total["observed_gpu_hours"] or 0.0) / count
    first = scene.users[0]
    share = first["observed_gpu_hours"] / (scene.total["observed_gpu_hours"] or 1)
    return (
        f"{named(first['user'])} used {words.percent(share)} of the GPU-hours; {count} users, an equal share would be"
        f" {words.amount(equal)} each, Gini {gini:.2f}."
    )


def hosts(scene: Scene) -> Section:
    """Each host, each GPU."""
    return Section("hosts", "Hosts and GPUs", (_hosts(scene), _gpus(scene)))


def _hosts(scene: Scene) -> Table:
    metrics, names = scene.view.ask.metrics, ("gpus_seen", "allocated_ratio", "secondary_ratio", *MEANS, *HOURS)
    rows = sorted(scene.answers["host"].records(), key=lambda row: (row["host"], named(row["gpu_model"])))
    return Table(
        id="hosts",
        title="By host",
        columns=(
            Column("host", "Host", rank=1),
            Column("gpu_model", "GPU model"),
            *(
                Column(n, _label(metrics[n].label, n), metrics[n].format, meaning=metrics[n].meaning,
                       has_bar=n == "allocated_ratio", rank=1 if n in ("gpus_seen", "allocated_ratio") else 2)
                for n in names
            ),
            Column("counted", "In the pool's numbers", meaning="Whether the pool's reports count it, and if not why.", rank=3),
        ),
        rows=tuple(
            (row["host"], named(row["gpu_model"]), *(row[n] for n in names), left_out(scene.view.ask.capacity, row) or "yes")
            for row in rows
        ),
        totals=("All", None, *(scene.total[n] for n in names), None),
    )  # fmt: skip


def _label(label: str, name: str) -> str:
    return f"{label} share" if name in RATIOS else label


def left_out(capacity: Capacity, row: Mapping[str, Any]) -> str:
    """Why the pool's numbers do not count these GPUs; empty where they do."""
    reason = capacity.reason(row["host"])
    if reason is not None:
        return f"excluded: {reason}" if reason else "excluded"
    return "model left out" if capacity.is_hidden(row["gpu_model"]) else ""


def _gpus(scene: Scene) -> Table:
    metrics, names = scene.view.ask.metrics, (*RATIOS, *HOURS)
    rows = sorted(scene.answers["gpu"].records(), key=lambda row: (row["host"], row["gpu"]))
    return Table(
        id="gpus",
        title="By GPU",
        columns=(
            Column("host", "Host", rank=1),
            Column("gpu", "GPU", meaning="Its name on its host, whole.", rank=1),
            Column("gpu_model", "GPU model", rank=3),
            *(Column(n, _label(metrics[n].label, n), metrics[n].format, meaning=metrics[n].meaning, has_bar=n == "in_use_ratio",
                     rank=1 if n == "in_use_ratio" else 2) for n in names),
        ),
        rows=tuple((row["host"], row["gpu"].removeprefix(f"{row['host']}/"), named(row["gpu_model"]), *(row[n] for n in names)) for row in rows),
    )  # fmt: skip


def contention(scene: Scene) -> Section:
    """Who of the owners' jobs waited while every GPU was taken."""
    if not scene.projects:
        text = "No project owns these GPUs: whose jobs wait for them cannot be told."
        return Section("contention", "Contention", (Text("contention", text),))
    if scene.waiting is None:
        text = (
            "Waiting jobs: not collected for this period. A source of them (job-pressure, htcondor) tells who waited."
        )
        return Section("contention", "Contention", (Text("contention", text),))
    return Section("contention", "Contention", (_contention(scene),))


def _contention(scene: Scene) -> Table:
    rows = {user: amount for user, amount in scene.contention.items() if amount.waited}
    whole = sum(rows.values(), Contention())
    hours = {person(named(row["user"])): row[HOURS[1]] for row in scene.users}
    return Table(
        id="contention",
        title="GPU-hours waited for by jobs of the owners",
        columns=(
            Column("user", "User", rank=1),
            Column("waited", "Waited for", "gpu_hour", meaning="GPUs asked for × time waited, of jobs of the owning projects."),
            Column("self", "Contention, self", "gpu_hour", meaning="Of it while every GPU was taken, some by the same user.", rank=1),
            Column("other", "Contention, other", "gpu_hour", meaning="Of it while every GPU was taken, none by that user.", rank=1),
            Column("primary", "Primary, used", "gpu_hour", meaning="What the user had of these GPUs meanwhile."),
        ),
        rows=tuple((user, one.waited, one.self, one.other, hours.get(person(user), 0.0)) for user, one in rows.items()),
        totals=(f"All {words.plural(len(rows), 'user')}", whole.waited, whole.self, whole.other, scene.total[HOURS[1]]),
        finding=contention_words(scene),
        foot=f"Waiting jobs charged to {', '.join(scene.projects[:5])}{' …' if len(scene.projects) > 5 else ''}.",
        empty="No job of the owners waited in the period.",
    )  # fmt: skip


def contention_words(scene: Scene) -> str:
    """How long every GPU was taken, and what that cost."""
    crowded = sum(scene.crowding.hours(side) for side in scene.crowding.full)
    if not crowded:
        return "The GPUs were never all taken."
    whole = sum(scene.contention.values(), Contention())
    return (
        f"All GPUs in service were taken for {words.duration(crowded * 3600)}; jobs of the owners then waited for"
        f" {words.amount(whole.self + whole.other)} GPU-hours, {words.amount(whole.other)} of them of users who had none."
    )
