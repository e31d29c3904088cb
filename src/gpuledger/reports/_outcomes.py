"""Waits, outcomes and waste: what became of the time people asked for."""

from gpuledger.metrics import Filter, Metric, Wanted
from gpuledger.metrics.dimensions import WAIT_CLASSES
from gpuledger.model.chart import Axis, Bar, Bars, Chart
from gpuledger.model.document import Block, Column, Scalar, Section, Table, Text
from gpuledger.reports import _words as words
from gpuledger.reports._scene import Scene, label_of, named

_WAITS = ("attempts_started", "wait_seconds_median", "wait_seconds_p90", "wait_seconds_max")
_STATES = ("gpu_hours", "attempts", "attempts_ended", "cpu_hours", "duration_seconds_median")
OF_WAITS = {
    "waits": Wanted(_WAITS, ("queue",)),
    "classes": Wanted(("attempts_started",), ("wait",)),
    "submitted": Wanted(("attempts_submitted",), ("queue", "state")),
}
OF_STATES = Wanted(_STATES, ("state",))
"""What these sections are made of."""
_MOST_IDLE = 10
_INNER = {"idle_gpu_hours": ("unused_gpu_hours", "↳ of the unused: idle all the time")}
"""Parts of another part: they are in its row already, and their share is of it."""


def waits(scene: Scene) -> Section:
    """How long attempts waited that started in the period, and who still waits."""
    return Section("waits", "Waits", (_wait_chart(scene), _wait_table(scene)))


def _wait_chart(scene: Scene) -> Chart:
    counted = scene.answers["classes"].of("attempts_started")
    values = tuple(float(counted.get((name,)) or 0.0) for name in WAIT_CLASSES)
    started = scene.totals.value("attempts_started") or 0.0
    unknown = started - sum(values)
    return Chart(
        id="wait-classes",
        title="Attempts started, by how long they waited",
        finding=_wait_finding(scene),
        x=Axis("wait", kind="category"),
        y=Axis("attempts", unit="count"),
        shape=Bars(
            tuple(_wait_bar(name, value, sum(values)) for name, value in zip(WAIT_CLASSES, values, strict=True))
        ),
        foot=f"From submission to start, of attempts started in the period; number and share · {scene.foot}",
        left_out=f"{words.plural(unknown, 'attempt')} whose wait is not known." if unknown else "",
        empty="" if sum(values) else "No attempt started in the period.",
    )


def _wait_bar(name: str, count: float, whole: float) -> Bar:
    """From the top the shortest wait; lengths side by side on one scale, said in numbers where one dwarfs the others."""
    share = f" · {words.percent(count / whole)}" if whole else ""
    return Bar("attempts", name, ((name, count),), words.count(count) + share)


def _wait_finding(scene: Scene) -> str:
    median, p90 = scene.totals.value("wait_seconds_median"), scene.totals.value("wait_seconds_p90")
    if median is None or p90 is None:
        return "No attempt started in the period."
    return (
        f"Half of the attempts that started waited less than {_length(median)}, one in ten longer than {_length(p90)}."
    )


def _length(seconds: float) -> str:
    """Rounded, and never 0."""
    return f"about {words.duration(max(seconds, 1))}"


def _wait_table(scene: Scene) -> Table:
    submitted = scene.answers["submitted"].of("attempts_submitted")
    waiting = {queue: count for (queue, state), count in submitted.items() if state == "pending"}
    rows = {row["queue"]: row for row in scene.answers["waits"].records()}
    names = sorted({*rows, *waiting}, key=lambda name: (-(_of(rows, name, "attempts_started") or 0), named(name)))
    cells = tuple((named(name), *(_of(rows, name, m) for m in _WAITS), waiting.get(name, 0)) for name in names)
    metrics = [scene.ask.metrics[name] for name in _WAITS]
    return Table(
        id="waits-by-queue",
        title="Waits by queue",
        columns=(
            Column("queue", "Queue", dimension="queue"),
            *(Column(metric.name, metric.label, metric.format, meaning=metric.meaning) for metric in metrics),
            Column("still_waiting", "Still waiting", "count", meaning="Submitted in the period and not started yet."),
        ),
        rows=cells,
        totals=("All queues", *(scene.totals.value(m) for m in _WAITS), sum(filter(None, waiting.values()))),
        empty="No attempt was submitted or started in the period.",
    )


def _of(rows: dict[str | None, dict[str, float | None]], name: str | None, metric: str) -> float | None:
    """A queue without a start has started 0; its waits are not known."""
    return rows[name][metric] if name in rows else 0.0 if metric == "attempts_started" else None


def outcomes(scene: Scene) -> Section:
    """How attempts ended and what their GPU time came to."""
    return Section("outcomes", "Outcomes", (_states(scene), *(_kept(scene) if scene.has_gpus else ())))


def _states(scene: Scene) -> Table:
    names = tuple(dict.fromkeys((scene.lead.name, *(_STATES if scene.has_gpus else _STATES[1:]))))
    answer = scene.answers["states"]
    records = sorted(answer.records(), key=lambda row: -(row[scene.lead.name] or 0.0))
    metrics, whole = [scene.ask.metrics[name] for name in names], scene.totals.value(scene.lead.name)
    share = Column("share", "Share", "ratio", meaning=f"Part of all {scene.lead.label}.", is_share=True)
    lead, *rest = (Column(m.name, m.label, m.format, meaning=m.meaning, has_bar=m is metrics[0]) for m in metrics)
    return Table(
        id="end-states",
        title="By how they ended",
        columns=(Column("state", "State"), lead, share, *rest),
        rows=tuple(_with_share(whole, label_of(row, answer.dimensions), [row[n] for n in names]) for row in records),
        totals=_with_share(whole, "All states", [scene.totals.value(name) for name in names]),
        finding=_success(scene),
        foot="Attempts counts those that held resources; Ended also those cancelled while they waited.",
        empty="No attempt ran or ended in the period.",
    )


def _with_share(whole: float | None, name: str, amounts: list[float | None]) -> tuple[Scalar, ...]:
    lead, *rest = amounts
    return (name, lead, lead / whole if lead is not None and whole else None, *rest)


def _success(scene: Scene) -> str:
    ratio = scene.totals.value("attempt_success_ratio")
    if ratio is None:
        return "No attempt that had started ended in the period."
    return f"{words.percent(ratio)} of the attempts that ran to an end in the period completed."


def _kept(scene: Scene) -> tuple[Table, Text]:
    """Good, lost and undecided add up to all GPU-hours."""
    parts = ("good_gpu_hours", "lost_gpu_hours", "open_gpu_hours")
    return _parts(scene, "kept", "Kept, lost and undecided GPU-hours", parts, _lost(scene))


def _lost(scene: Scene) -> str:
    lost = scene.share(scene.totals.value("lost_gpu_hours"))
    return "" if lost is None else f"{words.percent(lost)} of the GPU-hours went to attempts that did not complete."


def waste(scene: Scene) -> Section:
    """GPU time held but not used, told apart from time nobody measured."""
    blocks: list[Block] = [*_use(scene)]
    if scene.totals.value("idle_gpu_hours"):
        blocks.append(_idle(scene))
    return Section("waste", "Waste", tuple(blocks))


def _use(scene: Scene) -> tuple[Table, Text]:
    parts = ("busy_gpu_hours", "unused_gpu_hours", "idle_gpu_hours", "unmeasured_gpu_hours")
    return _parts(scene, "use", "Busy, unused and unmeasured GPU-hours", parts, _unused(scene))


def _unused(scene: Scene) -> str:
    measured, unused, idle = (scene.totals.value(f"{name}_gpu_hours") for name in ("measured", "unused", "idle"))
    if not measured or unused is None:
        return "No attempt reported how busy its GPUs were: waste is not known."
    said = f"Of {words.amount(measured)} measured GPU-hours {words.percent(unused / measured)} were unused"
    return said + (f", {words.amount(idle)} of them by attempts that never used their GPUs." if idle else ".")


def _parts(scene: Scene, block: str, title: str, names: tuple[str, ...], finding: str) -> tuple[Table, Text]:
    """A whole and its parts, one row each, and under it what each part means. A part of a part says so."""
    metrics = [scene.ask.metrics[name] for name in names]
    whole = scene.totals.value("gpu_hours")
    table = Table(
        id=block,
        title=title,
        columns=(
            Column("part", "Part"),
            Column("gpu_hours", "GPU-hours", "gpu_hour", has_bar=True),
            Column("share", "Share", "ratio", is_share=True),
        ),
        rows=tuple(_part(scene, metric) for metric in metrics),
        totals=("All GPU-hours", whole, scene.share(whole)),
        finding=finding,
    )
    return table, Text(f"{block}-terms", "\n".join(f"- {metric.label}: {metric.meaning}" for metric in metrics))


def _part(scene: Scene, metric: Metric) -> tuple[Scalar, ...]:
    amount = scene.totals.value(metric.name)
    if metric.name not in _INNER:
        return metric.label, amount, scene.share(amount)
    outer, label = _INNER[metric.name]
    whole = scene.totals.value(outer)
    return label, amount, amount / whole if amount is not None and whole else None


def _idle(scene: Scene) -> Table:
    """Whose GPUs did nothing, by person and job name: whom to talk to first."""
    names = ("idle_gpu_hours", "gpu_hours", "attempts")
    answer = scene.ask.ask(*names, by=("user", "job_name"), where=(Filter("uses_gpu", "=", ("yes",)),))
    idle = [row for row in answer.records() if row["idle_gpu_hours"]]
    idle.sort(key=lambda row: (-row["idle_gpu_hours"], named(row["user"]), named(row["job_name"])))
    shown = idle[:_MOST_IDLE]
    return Table(
        id="idle",
        title="Most idle GPU-hours",
        columns=(
            Column("user", "User", dimension="user"),
            Column("job_name", "Job name"),
            *(Column(n, scene.ask.metrics[n].label, scene.ask.metrics[n].format, has_bar=n == names[0]) for n in names),
        ),
        rows=tuple((named(row["user"]), named(row["job_name"]), *(row[n] for n in names)) for row in shown),
        finding=f"{named(shown[0]['user'])} held {words.amount(shown[0]['idle_gpu_hours'])} GPU-hours at 0{words.SPACE}%.",
        left_out=f"{len(idle) - len(shown)} more had idle GPU-hours." if len(idle) > len(shown) else "",
    )
