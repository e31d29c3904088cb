"""Hosts on which new work may not start for a stated reason: which, why, how long, and whether it still holds."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from gpuledger.metrics.states.intervals import Interval
from gpuledger.model.document import Column, Scalar, Table
from gpuledger.reports import _words as words
from gpuledger.reports._pool.scene import Pool

_COLUMNS = (
    Column("host", "Host", dimension="host"),
    Column("reason", "Reason", rank=1),
    Column("gpus", "GPUs", "count", rank=1),
    Column("prevented_gpu_hours", "Prevented", "gpu_hour", unit="GPU-h", rank=1, meaning="GPU-hours in service without a job while the reason was set."),
    Column("busy_gpu_hours", "With a job", "gpu_hour", unit="GPU-h", meaning="GPU-hours of jobs that ran on while the reason was set."),
    Column("start", "From", "instant"),
    Column("seen", "Last seen", "instant", meaning="The last reading that said so."),
    Column("state", "State", rank=1),
)  # fmt: skip


@dataclass(frozen=True)
class Prevented:
    """Reasons of the period, by host and reason."""

    pool: Pool

    @property
    def intervals(self) -> tuple[Interval, ...]:
        return self.pool.intervals["prevented"]

    @cached_property
    def collected(self) -> float:
        """Share of the GPU-time observed for which the source tells whether a reason is set."""
        present = self.pool.value("present_gpu_hours")
        return self.pool.value("reason_told_gpu_hours") / present if present else 0.0

    @property
    def hours(self) -> float:
        """GPU-hours that counted as prevented."""
        return sum(one.counted_hours for one in self.intervals)

    def said(self) -> str:
        """How much of the time it was collected, where not all of it: prevented GPUs of the rest are not known."""
        if self.collected >= 1 or not self.pool.value("present_gpu_hours"):
            return ""
        if not self.collected:
            return "Reasons were not collected: whether GPUs were prevented is not known."
        mean = self.pool.value("prevented_gpus") / self.collected
        said = f"Reasons were collected for {words.percent(self.collected)} of the GPU-time observed"
        return (
            f"{said}; while they were, {words.gpus(mean)} GPUs were prevented on average. Of the rest it is not known."
        )

    def table(self) -> Table:
        held: dict[tuple[str, str, str | None], list[Interval]] = defaultdict(list)
        for one in self.intervals:
            held[one.cluster, one.host, one.reason].append(one)
        ordered = sorted(held.items(), key=lambda pair: (-sum(one.counted_hours for one in pair[1]), str(pair[0])))
        rows = tuple(self._cells(those) for _, those in ordered)
        return Table(
            id="prevented",
            title="Prevented: a reason set against new work",
            columns=_COLUMNS,
            rows=rows[: self.pool.rows],
            totals=self._totals() if rows else None,
            finding=self._finding(),
            foot=self.said(),
            left_out=f"{len(rows) - self.pool.rows} more." if len(rows) > self.pool.rows else "",
            empty="No reason was set on any GPU." if self.collected else "Not collected.",
        )

    def _cells(self, held: Sequence[Interval]) -> tuple[Scalar, ...]:
        first, last = held[0], max(one.end for one in held)
        seen = self.pool.view.states.reading_before(first.cluster, last)
        name = first.host if len(self.pool.coverage.clusters) < 2 else f"{first.cluster}: {first.host}"
        return (
            name, first.reason, len({one.gpu for one in held}), sum(one.counted_hours for one in held), sum(one.busy_hours for one in held),
            min(one.start for one in held), seen, self._state(held),
        )  # fmt: skip

    def _state(self, held: Sequence[Interval]) -> str:
        """Active in the newest reading, lifted while the host was still reported, or no longer reported."""
        if any(one.is_open for one in held):
            return "active"
        told = self.pool.view.states.last_seen.get((held[0].cluster, held[0].host))
        return "lifted" if told and told >= max(one.end for one in held) else "not reported since"

    def _totals(self) -> tuple[Scalar, ...]:
        gpus = len({(one.cluster, one.host, one.gpu) for one in self.intervals})
        return ("All", None, gpus, self.hours, sum(one.busy_hours for one in self.intervals), None, None, None)

    def _finding(self) -> str:
        if not self.intervals:
            return ""
        hosts = {(one.cluster, one.host) for one in self.intervals}
        active = {(one.cluster, one.host) for one in self.intervals if one.is_open}
        said = f"A reason was set on {words.plural(len(hosts), 'host')} and is active on {words.count(len(active))}"
        return f"{said}; {words.amount(self.hours)} GPU-hours were prevented."
