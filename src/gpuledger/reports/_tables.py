"""Rankings: one row a name, totals first, the rest as "others"; asked, never summed where parts do not add up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gpuledger.metrics import NO_GPU, Answer, Filter, Metric, Name
from gpuledger.model.document import Column, Scalar, Table
from gpuledger.reports import _words as words
from gpuledger.reports._scene import Scene, label_of

USE = (
    "gpu_busy_ratio", "idle_gpu_hours", "cpu_hours", "memory_gib_hours", "jobs", "attempts", "wait_seconds_median",
)  # fmt: skip
"""Beside the leading metric and its share."""
_OF_GPUS = ("gpu_hours", "gpu_busy_ratio", "idle_gpu_hours")
_PEOPLE = ("user", "account")
PLURALS = {
    "user": "users", "account": "accounts", "queue": "queues", "qos": "QoS", "cluster": "clusters", "state": "states",
    "gpu_model": "GPU models",
}  # fmt: skip


@dataclass(frozen=True)
class Ranking:
    """What a table shows of an answer: its metrics, the leading one with share and bar."""

    id: str
    title: str
    dimension: str
    metrics: tuple[Metric, ...]
    has_bar: bool = True


def asked_metrics(has_gpus: bool) -> tuple[str, ...]:
    """The leading metric first; without GPUs their columns would all say "not collected"."""
    names = ("gpu_hours", *USE) if has_gpus else ("cpu_hours", *USE)
    return tuple(dict.fromkeys(name for name in names if has_gpus or name not in _OF_GPUS))


def usage_by(scene: Scene, name: str) -> Table:
    """Who used how much, by one dimension."""
    metrics = tuple(scene.ask.metrics[metric] for metric in asked_metrics(scene.has_gpus))
    label = scene.ask.dimensions[name].label
    title = f"Usage by {words.inside(label)}"
    return ranked(scene, scene.answers[name], Ranking(f"by-{name.replace('_', '-')}", title, name, metrics))


def ranked(scene: Scene, answer: Answer, ranking: Ranking) -> Table:
    """The answer's rows, largest first; those past the row limit become one, asked anew without the named."""
    lead = ranking.metrics[0]
    records = sorted(answer.records(), key=lambda row: (-(row[lead.name] or 0.0), label_of(row, answer.dimensions)))
    shown, rest = records[: scene.rows], records[scene.rows :]
    whole = scene.totals.value(lead.name)
    plural = PLURALS.get(ranking.dimension, "rows")
    others = _others(scene, ranking, shown, len(rest), whole) if rest else None
    return Table(
        id=ranking.id,
        title=ranking.title,
        columns=_columns(scene, ranking),
        rows=tuple(_cells(label_of(row, answer.dimensions), row, ranking.metrics, whole) for row in shown),
        totals=_cells(_all(records, answer, plural), scene.totals.totals, ranking.metrics, whole),
        others=others,
        finding=concentration(scene, records, answer, lead),
        foot=_foot(scene, ranking),
        left_out=f"{words.plural(len(rest), 'other')} in the last row; --rows names more." if rest else "",
        empty="No attempt held resources in the period.",
    )


def _all(records: Sequence[Mapping[str, Any]], answer: Answer, plural: str) -> str:
    """How many names there are; "not known" and "no GPU" are none of them."""
    known = sum(row[answer.dimensions[0].name] not in (None, NO_GPU) for row in records)
    return f"All {words.count(known)} {plural}" if known > 1 else "All"


def _others(
    scene: Scene, ranking: Ranking, shown: Sequence[dict[str, Name]], left: int, whole: float | None
) -> tuple[Scalar, ...]:
    named = tuple(row[ranking.dimension] for row in shown)
    names = tuple(metric.name for metric in ranking.metrics)
    answer = scene.ask.ask(*names, where=(Filter(ranking.dimension, "!=", named),))
    return _cells(words.plural(left, "other"), answer.totals, ranking.metrics, whole)


def _cells(name: str, row: Mapping[str, Any], metrics: Sequence[Metric], whole: float | None) -> tuple[Scalar, ...]:
    lead, *rest = (row[metric.name] for metric in metrics)
    share = lead / whole if lead is not None and whole else None
    return (name, lead, share, *rest)


def _columns(scene: Scene, ranking: Ranking) -> tuple[Column, ...]:
    lead, *rest = ranking.metrics
    dimension = scene.ask.dimensions[ranking.dimension]
    return (
        Column(dimension.name, dimension.label, meaning=dimension.meaning, dimension=dimension.name),
        Column(lead.name, lead.label, lead.format, meaning=lead.meaning, has_bar=ranking.has_bar),
        Column("share", "Share", "ratio", meaning=f"Part of all {lead.label}.", is_share=True),
        *(Column(metric.name, metric.label, metric.format, meaning=metric.meaning) for metric in rest),
    )


def _foot(scene: Scene, ranking: Ranking) -> str:
    """What a reader could misread: dashes, ratios without their measured share, counts that do not add up."""
    said = ["“–” means not collected, never zero."]
    measured = scene.totals.value("gpu_busy_measured_ratio")
    if measured is not None and any(metric.name == "gpu_busy_ratio" for metric in ranking.metrics):
        said.append(
            f"GPU busy and idle are of the {words.percent(measured)} of GPU-hours that were measured."
            if measured
            else "No attempt reported how busy its GPUs were."
        )
    if ranking.dimension == "gpu_model":
        said.append("A job of two GPU models is split by its GPUs and counts under each.")
    return " ".join(said)


def concentration(scene: Scene, records: Sequence[Mapping[str, Any]], answer: Answer, lead: Metric) -> str:
    """How much the first and the first three names hold."""
    whole = scene.totals.value(lead.name)
    held = [(label_of(row, answer.dimensions), row[lead.name]) for row in records if row[lead.name]]
    if not whole or not held:
        return ""
    unit, verb = lead.label, "used" if answer.dimensions[0].name in _PEOPLE else "has"
    first, share = held[0][0], held[0][1] / whole
    if len(held) == 1:
        return f"{first} {verb} all {words.amount(whole)} {unit}."
    if len(held) <= 3:
        return f"{first} {verb} {words.percent(share)} of the {unit}."
    three = sum(amount for _, amount in held[:3]) / whole
    return f"{first} {verb} {words.percent(share)} of the {unit}, the first three {words.percent(three)}."
