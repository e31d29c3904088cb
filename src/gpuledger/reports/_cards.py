"""The row of cards: each number with its comparison and verdict, or the reason there is none."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from gpuledger.metrics import Answer, Ask, LedgerCoverage, Metric, Wanted
from gpuledger.model.document import Comparison, Format, Measured, Number, Numbers
from gpuledger.model.period import By, Period, label, next_edge
from gpuledger.reports import _words as words
from gpuledger.reports._scene import Scene

WITH_GPUS = (
    "gpu_hours",
    "mean_gpus",
    "gpu_busy_ratio",
    "idle_gpu_hours",
    "gpu_wait_seconds_median",
    "attempt_success_ratio",
)
WITHOUT_GPUS = ("cpu_hours", "mean_cpus", "cpu_used_ratio", "jobs", "wait_seconds_median", "attempt_success_ratio")
BESIDE = ("gpu_hours", "cpu_hours", "gpu_busy_measured_ratio")
"""Asked with the cards: what they and their sparklines are read beside."""

UNKNOWN: Mapping[str, str] = {
    "gpu_hours": "the accounting does not say how many GPUs jobs held",
    "mean_gpus": "the accounting does not say how many GPUs jobs held",
    "gpu_busy_ratio": "no attempt reported how busy its GPUs were",
    "idle_gpu_hours": "no attempt reported how busy its GPUs were",
    "cpu_used_ratio": "no attempt reported the CPU time it used",
    "wait_seconds_median": "no attempt started in the period",
    "gpu_wait_seconds_median": "no attempt with GPUs started in the period",
    "attempt_success_ratio": "no attempt that had started ended in the period",
}
_SPARKED: Mapping[str, str] = {"mean_gpus": "gpu_hours", "mean_cpus": "cpu_hours"}
"""A mean over equal parts has the shape of the sum."""
_COSTLY = ("jobs",)
"""Counted anew in every part of the calendar: asked only where it is shown."""
ALIKE = 0.01
"""Shares observed that differ by no more are alike."""
NEARLY_ALL = 0.99


@dataclass(frozen=True)
class Earlier:
    """The period before: its numbers, or why none of them can be compared with.

    `observed` are the shares of this period and of that one that were observed.
    """

    answer: Answer | None
    label: str
    reason: str = ""
    observed: tuple[float, float] = (1.0, 1.0)

    def refusal(self, metric: Metric) -> str:
        """Why this number is not compared: what grows with the time observed needs two periods observed alike."""
        now, before = self.observed
        if self.reason or not metric.grows or abs(now - before) <= ALIKE:
            return self.reason
        return f"{words.percent(now)} of this period was observed, {words.percent(before)} of the one before"

    @property
    def against(self) -> str:
        """What a change is against; where little was observed it says so."""
        if min(self.observed) >= NEARLY_ALL:
            return f"vs {self.label}"
        now, before = map(words.percent, self.observed)
        return f"vs {self.label} ({now} and {before} observed)"


def card_names(has_gpus: bool) -> tuple[str, ...]:
    return WITH_GPUS if has_gpus else WITHOUT_GPUS


def cards(scene: Scene) -> Numbers:
    """Six numbers of the period."""
    names = card_names(scene.has_gpus)
    earlier = before(scene.ask, scene.coverage, (*names, *BESIDE))
    sparks = _sparks(scene, names)
    return Numbers("numbers", "Numbers", tuple(_card(scene, name, earlier, sparks.get(name, ())) for name in names))


def _card(scene: Scene, name: str, earlier: Earlier, spark: tuple[float | None, ...]) -> Number:
    metric, value = scene.ask.metrics[name], scene.totals.value(name)
    change, reason = comparison(metric, value, earlier)
    return Number(
        id=name,
        label="GPU busy while held" if name == "gpu_busy_ratio" else metric.label,
        value=value,
        format=metric.format,
        meaning=metric.meaning,
        unit=_partly(scene, metric),
        better=metric.better,
        comparison=change,
        measured=_measured(scene) if name == "gpu_busy_ratio" else None,
        reason=reason if value is not None else UNKNOWN.get(name, "nothing of it happened in the period"),
        spark=spark,
    )


def _partly(scene: Scene, metric: Metric) -> str:
    """A sum over a period that was not wholly observed says so beside the number."""
    observed = scene.coverage.covered_ratio
    if not metric.is_sum or observed is None or observed >= 1:
        return ""
    return f"{'GPU-h' if metric.format == 'gpu_hour' else 'h'} of {words.percent(observed)} observed"


def comparison(metric: Metric, value: float | None, earlier: Earlier) -> tuple[Comparison | None, str | None]:
    """The change, or the reason there is none."""
    refusal = earlier.refusal(metric)
    before = earlier.answer.value(metric.name) if earlier.answer and not refusal else None
    if value is None or before is None:
        return None, refusal or f"not known for {earlier.label}"
    is_share = metric.format == "ratio"
    if not is_share and before == 0:
        return None, f"0 in {earlier.label}"
    delta = value - before if is_share else value / before - 1
    shape: Format = "point" if is_share else "ratio"
    return Comparison(delta, shape, _verdict(metric, delta), earlier.against), None


def _verdict(metric: Metric, delta: float) -> Literal["better", "worse", "none"]:
    if metric.better == "neither" or delta == 0:
        return "none"
    return "better" if (delta > 0) == (metric.better == "high") else "worse"


def _measured(scene: Scene) -> Measured | None:
    ratio = scene.totals.value("gpu_busy_measured_ratio")
    return None if ratio is None else Measured(ratio, "job accounting")


def before(ask: Ask, now: LedgerCoverage, names: Iterable[str], table: str = "job_attempts") -> Earlier:
    """The previous period's numbers; a period the ledger does not reach back to is a reason, not a zero."""
    period, zone = ask.period, ask.display_zone
    said, first = words.previous(period), now.oldest or period.start
    earlier = ask.of_period(period.previous())
    then = earlier.coverage(table=table)
    is_shorter = (then.covered_ratio or 0.0) < (now.covered_ratio or 0.0) - ALIKE
    if not then.covered_ratio or (first > period.previous().start and is_shorter):
        return Earlier(None, said, f"no data before {words.day(first, zone)}")
    if reason := _one_sided(now.clusters, then.clusters, said):
        return Earlier(None, said, reason)
    answer = earlier.ask(*dict.fromkeys(names))
    return Earlier(answer, said, observed=(now.covered_ratio or 0.0, then.covered_ratio or 0.0))


def _one_sided(now: Iterable[str], before: Iterable[str], said: str) -> str:
    """Two periods compare only when the same clusters were observed in both."""
    only_now, only_before = sorted({*now} - {*before}), sorted({*before} - {*now})
    if only_now:
        return f"{' and '.join(only_now)} was not observed in {said}"
    return f"{' and '.join(only_before)} was not observed in this period" if only_before else ""


def sparks_wanted(period: Period) -> Wanted:
    """Each number by whole days (hours, weeks, months as the period asks), but for what a busy site does not show."""
    names = dict.fromkeys(_SPARKED.get(name, name) for name in (*WITH_GPUS, *WITHOUT_GPUS))
    return Wanted(tuple(name for name in names if name not in _COSTLY), (spark_step(period),))


def _sparks(scene: Scene, names: tuple[str, ...]) -> Mapping[str, tuple[float | None, ...]]:
    """The shape beside the card."""
    by, zone = spark_step(scene.ask.period), scene.ask.display_zone
    local = Period(scene.ask.period.start, scene.ask.period.end, zone)
    parts = [part for part in local.split(by) if _is_whole(part, by, zone)]
    return {name: _line(scene, _SPARKED.get(name, name), by, parts) for name in names} if len(parts) > 2 else {}


def _line(scene: Scene, name: str, by: By, parts: list[Period]) -> tuple[float | None, ...]:
    answer = scene.ask.ask(name, by=(by,)) if name in _COSTLY else scene.answers["sparks"]
    rows = {row[by]: row for row in answer.records()}
    return tuple(_at(scene, rows, label(part.start, by, scene.ask.display_zone), name, part) for part in parts)


def _at(scene: Scene, rows: Mapping[str, dict[str, object]], key: str, name: str, part: Period) -> float | None:
    """A part without a row held nothing where somebody looked, and is not known where nobody did."""
    row = rows.get(key)
    if row is not None:
        value = row[name]
        return value if isinstance(value, float | int) else None
    is_unseen = any(start <= part.start and part.end <= end for start, end in scene.coverage.gaps)
    return 0.0 if scene.ask.metrics[name].is_sum and not is_unseen else None


def spark_step(period: Period) -> By:
    """The calendar's part that gives a few dozen points."""
    days = period.seconds / 86_400
    return "hour" if days <= 3 else "day" if days <= 100 else "week" if days <= 500 else "month"


def _is_whole(part: Period, by: By, zone: str) -> bool:
    """Parts cut by the period's edges would look like a fall."""
    before = part.start - timedelta(microseconds=1)
    return next_edge(before, by, zone) == part.start and next_edge(part.start, by, zone) == part.end
