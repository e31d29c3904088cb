"""Where it is going: each class's allocated share against earlier periods of the same length, and by week."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gpuledger.metrics import InUse
from gpuledger.model.chart import Axis, Chart, Lines, Series
from gpuledger.model.document import Column, Scalar, Table
from gpuledger.model.period import Period, label
from gpuledger.reports import _words as words
from gpuledger.reports._pool.past import Past
from gpuledger.reports._pool.scene import Pool, class_label

WELL = 0.8
"""Share of a period that must have been observed for it to be compared."""
LEAST = 4
"""Fewer points tell no trend."""
_AVERAGED = 4
"""Weeks that the moving average is taken over."""
_METRICS = ("present", "allocated", "secondary")
_T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
        2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042)  # fmt: skip
"""Student's t at 97.5 % for 1 to 30 degrees of freedom: half the width of a 95 % interval in standard errors."""
_NORMAL = 1.960


@dataclass(frozen=True)
class Slope:
    """Change a step of the least-squares line, and half of its 95 % interval."""

    change: float
    margin: float

    @property
    def is_sure(self) -> bool:
        """Whether 0 lies outside the interval."""
        return abs(self.change) > self.margin


def slope(values: Sequence[float | None]) -> Slope | None:
    """The line through (0, values[0]), (1, values[1]) …, without the missing; None for fewer than `LEAST` points."""
    points = [(at, value) for at, value in enumerate(values) if value is not None]
    if len(points) < LEAST:
        return None
    x, y = np.array(points, dtype=float).T
    spread = float(((x - x.mean()) ** 2).sum())
    change = float(((x - x.mean()) * (y - y.mean())).sum()) / spread
    rest = y - y.mean() - change * (x - x.mean())
    freedom = len(points) - 2
    error = math.sqrt(float((rest**2).sum()) / freedom / spread)
    return Slope(change, error * (_T95[freedom - 1] if freedom <= len(_T95) else _NORMAL))


@dataclass(frozen=True)
class Steps:
    """Periods side by side, oldest first: GPU-time by class in each, from finer bins."""

    periods: tuple[Period, ...]
    series: tuple[InUse, ...]

    def observed(self) -> list[float]:
        """Share of each period that was observed."""
        return [float(self._weights(period).sum() / period.seconds) for period in self.periods]

    def mean(self, metric: int, name: str | None = None) -> list[float | None]:
        """Mean number of GPUs of a class (None: of all) over what was observed of each period; None for too little."""
        use = self.series[metric]
        rows = [number for number, other in enumerate(use.names) if name in (None, other)]
        held = np.nan_to_num(use.observed[rows].sum(axis=0))
        return [self._average(held, period) for period in self.periods]

    def ratio(self, metric: int, name: str | None = None) -> list[float | None]:
        """One metric ÷ the first, of the same class."""
        pairs = zip(self.mean(metric, name), self.mean(0, name), strict=True)
        return [held / whole if held is not None and whole else None for held, whole in pairs]

    def hours(self, metric: int) -> list[float]:
        """GPU-hours of all classes as observed."""
        rates = self.series[metric].means.sum(axis=0)
        return [float((rates * self._lengths(period)).sum() / 3600) for period in self.periods]

    def _average(self, held: "np.ndarray[tuple[int], np.dtype[np.float64]]", period: Period) -> float | None:
        weights = self._weights(period)
        return float((held * weights).sum() / weights.sum()) if weights.sum() >= WELL * period.seconds else None

    def _weights(self, period: Period) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        weights: np.ndarray[tuple[int], np.dtype[np.float64]] = self._lengths(period) * self.series[0].covered
        return weights

    def _lengths(self, period: Period) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
        """Seconds of each bin that belong to the period: all or nothing, for its edges are edges of bins."""
        use = self.series[0]
        inside = [
            period.start <= left and right <= period.end for left, right in zip(use.edges, use.edges[1:], strict=False)
        ]
        lengths: np.ndarray[tuple[int], np.dtype[np.float64]] = use.bin_seconds * np.array(inside)
        return lengths


@dataclass(frozen=True)
class Trend:
    """The earlier periods, oldest first, this one the last; and the weeks up to its end."""

    pool: Pool
    past: Past

    @property
    def _series(self) -> tuple[InUse, ...]:
        return tuple(self.past.compared[name] for name in _METRICS)

    @property
    def steps(self) -> Steps:
        return Steps(self.past.periods, self._series)

    def blocks(self) -> Iterator[Chart | Table]:
        if len(self.past.periods) > 1:
            yield from self._of_periods()
        if self.past.weeks:
            yield from self._of_weeks()

    def _of_periods(self) -> Iterator[Chart | Table]:
        yield Chart(
            id="trend",
            title=f"Allocated share by class, {self._each}",
            finding=self.finding(),
            x=Axis("", kind="time", values=tuple(period.start for period in self.past.periods), zone=self.pool.ask.display_zone),
            y=Axis("Allocated", unit="ratio"),
            shape=Lines("line", False, tuple(self._line(name) for name in self.pool.classes), self.pool.ask.period.seconds),
            dimension="class",
            foot=f"Periods of which at least {words.percent(WELL)} was observed · {self.pool.foot}",
        )  # fmt: skip
        yield self._table()

    @property
    def _each(self) -> str:
        return f"the last {len(self.past.periods)} periods of {words.length(self.pool.ask.period)}"

    def _line(self, name: str) -> Series:
        return Series(class_label(name), class_label(name), tuple(self.steps.ratio(1, name)))

    def finding(self) -> str:
        """What of the trends is more than chance."""
        said, each = [], words.length(self.pool.ask.period)
        for name in (None, *self.pool.classes):
            found = slope(self.steps.ratio(1, name))
            if found and found.is_sure:
                what = "All GPUs" if name is None else class_label(name)
                said.append(f"{what}: {'up' if found.change > 0 else 'down'} {_points(found)} every {each}")
        if said:
            return f"{'; '.join(said)} (least squares, 95 % confidence)."
        enough = slope(self.steps.ratio(1))
        return (
            "No class has a trend that could not be chance (95 % confidence)."
            if enough
            else f"Fewer than {LEAST} periods were observed well enough to tell a trend."
        )

    def _table(self) -> Table:
        rows = [self._cells(name, class_label(name)) for name in self.pool.classes]
        return Table(
            id="trend-by-class",
            title="Allocated share against earlier periods",
            columns=(
                Column("class", "Class", dimension="class"), Column("now", "This period", "ratio", is_share=True, rank=1),
                Column("before", "Mean before", "ratio", meaning="Mean of the earlier periods observed well enough."),
                Column("periods", "Periods", "count", meaning="Periods observed well enough, this one included."),
                Column("change", "Change per period", "point", rank=1, meaning="Slope of the least-squares line through the periods."),
                Column("margin", "Give or take", "point", rank=1, meaning="Half the width of the slope's 95 % confidence interval."),
                Column("verdict", "Trend", rank=1),
            ),
            rows=tuple(rows),
            totals=self._cells(None, "All GPUs"),
            foot=f"Periods of {words.length(self.pool.ask.period)}, each before the other; a trend needs at least {LEAST}. “Give or take” is of 95 % confidence: a change smaller than it may be chance.",
        )  # fmt: skip

    def _cells(self, name: str | None, label_: str) -> tuple[Scalar, ...]:
        ratios = self.steps.ratio(1, name)
        before = [ratio for ratio in ratios[:-1] if ratio is not None]
        found = slope(ratios)
        mean = sum(before) / len(before) if before else None
        told = (found.change, found.margin, _verdict(found)) if found else (None, None, "too few periods")
        return (label_, ratios[-1], mean, len(before) + (ratios[-1] is not None), *told)

    def _of_weeks(self) -> Iterator[Chart | Table]:
        weeks = Steps(self.past.weeks, self._series)
        if not any(weeks.observed()):
            return
        means = [weeks.mean(1), weeks.mean(2)]
        if any(value is not None for value in means[0]):
            yield self._week_chart(weeks, means)
        yield self._week_table(weeks)

    def _week_chart(self, weeks: Steps, means: Sequence[Sequence[float | None]]) -> Chart:
        return Chart(
            id="weeks",
            title="GPUs with a job by week, mean of a week",
            finding=_week_finding(weeks),
            x=Axis("", kind="time", values=tuple(week.start for week in weeks.periods), zone=self.pool.ask.display_zone),
            y=Axis("GPUs", unit="gpu"),
            shape=Lines(
                "bar", True,
                (Series("primary", "Allocated", tuple(means[0])), Series("secondary", "Secondary", tuple(means[1]))), 7 * 86_400.0,
            ),
            dimension="part",
            foot=f"ISO weeks of {self.pool.ask.display_zone}; a week of which less than {words.percent(WELL)} was observed has no bar.",
        )  # fmt: skip

    def _week_table(self, weeks: Steps) -> Table:
        zone = self.pool.ask.display_zone
        ratios = {name: weeks.ratio(1, name) for name in (None, *self.pool.classes)}
        moving = _moving(ratios[None])
        rows = zip(
            (label(week.start, "week", zone) for week in weeks.periods), weeks.observed(), weeks.hours(1), weeks.hours(2),
            *ratios.values(), moving, strict=True,
        )  # fmt: skip
        return Table(
            id="by-week",
            title="By week",
            columns=(
                Column("week", "Week"), Column("observed", "Observed", "ratio", rank=3),
                Column("primary", "Primary", "gpu_hour", unit="GPU-h"), Column("secondary", "Secondary", "gpu_hour", unit="GPU-h"),
                Column("allocated_ratio", "Allocated", "ratio", is_share=True, rank=1),
                *(Column(name, class_label(name), "ratio", is_share=True) for name in self.pool.classes),
                Column("moving", f"Mean of {_AVERAGED} weeks", "ratio", is_share=True, meaning="Of the allocated share, this week and those before it."),
            ),
            rows=tuple(reversed([tuple(row) for row in rows])),
            foot="Hours are those observed; shares only of weeks observed well enough.",
        )  # fmt: skip


def _moving(values: Sequence[float | None]) -> list[float | None]:
    """Mean of each value and those before it, `_AVERAGED` in all; None where one of them is missing."""
    found: list[float | None] = []
    for end in range(1, len(values) + 1):
        those = [value for value in values[max(0, end - _AVERAGED) : end] if value is not None]
        found.append(sum(those) / _AVERAGED if len(those) == _AVERAGED else None)
    return found


def _week_finding(weeks: Steps) -> str:
    found = slope(weeks.ratio(1))
    if found is None:
        return f"Fewer than {LEAST} weeks were observed well enough to tell a trend."
    if not found.is_sure:
        return f"The allocated share has no trend that could not be chance: {_points(found)} a week (95 % confidence)."
    return (
        f"The allocated share went {'up' if found.change > 0 else 'down'} by {_points(found)} a week (95 % confidence)."
    )


def _points(found: Slope) -> str:
    return f"{abs(found.change) * 100:.1f} ± {found.margin * 100:.1f} pp"


def _verdict(found: Slope) -> str:
    if not found.is_sure:
        return "no clear trend"
    return "up" if found.change > 0 else "down"
