"""The row of cards: how many GPUs were what, against the period before."""

from collections.abc import Mapping

from gpuledger.model.document import Number, Numbers
from gpuledger.reports import _words as words
from gpuledger.reports._cards import Earlier, comparison
from gpuledger.reports._pool.over_time import Course
from gpuledger.reports._pool.scene import OF_REASONS, Pool, known

CARDS: Mapping[str, str | None] = {
    "allocated_ratio": "allocated", "allocated_gpus": "allocated", "secondary_gpus": "secondary", "idle_gpus": "idle",
    "drained_gpus": "drained", "prevented_gpus": "prevented",
}  # fmt: skip


def cards(pool: Pool, course: Course, earlier: Earlier) -> Numbers:
    """Six numbers of the period."""
    return Numbers("numbers", "Numbers", tuple(_card(pool, course, name, earlier) for name in CARDS))


def _card(pool: Pool, course: Course, name: str, earlier: Earlier) -> Number:
    metric, value = pool.ask.metrics[name], known(pool.total.totals, name)
    change, reason = comparison(metric, value, earlier)
    present = pool.value("present_gpus")
    return Number(
        id=name,
        label="Allocated" if name == "allocated_ratio" else f"{metric.label} GPUs",
        value=value,
        format=metric.format,
        meaning=metric.meaning,
        unit=f"of {words.gpus(present)} GPUs" if name == "allocated_ratio" else "",
        better=metric.better,
        comparison=change,
        reason=reason if value is not None else _missing(name),
        spark=course.spark(CARDS[name], is_share=name == "allocated_ratio"),
    )


def _missing(name: str) -> str:
    return "reasons were not collected" if name in OF_REASONS else "no GPU was reported in the period"
