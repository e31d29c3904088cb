"""GPUs out of service: which, from when to when, and how long jobs still ran on them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from gpuledger.metrics.states.intervals import Interval
from gpuledger.model.chart import Axis, Chart, Span, Spans
from gpuledger.model.document import Column, Scalar, Table
from gpuledger.reports import _words as words
from gpuledger.reports._pool.scene import Pool

_MOST_LANES = 40


@dataclass(frozen=True)
class Lane:
    """GPUs of one host that were out of service at the same times."""

    name: str
    host: str
    gpus: tuple[str, ...]
    held: tuple[Interval, ...]
    """Of one of its GPUs, in order."""
    hours: float
    """GPU-hours of all of them, with and without a job."""


@dataclass(frozen=True)
class Draining:
    """The intervals of the period, by host."""

    pool: Pool

    @property
    def intervals(self) -> tuple[Interval, ...]:
        return self.pool.intervals["drained"]

    @property
    def hours(self) -> float:
        """GPU-hours out of service, with and without a job."""
        return sum(one.counted_hours + one.busy_hours for one in self.intervals)

    @cached_property
    def by_host(self) -> dict[tuple[str, str], list[Interval]]:
        held: dict[tuple[str, str], list[Interval]] = defaultdict(list)
        for one in self.intervals:
            held[one.cluster, one.host].append(one)
        return dict(sorted(held.items(), key=lambda pair: (-_hours(pair[1]), pair[0])))

    def blocks(self) -> Iterator[Table | Chart]:
        yield self._table()
        if self.intervals:
            yield self._chart()

    def _table(self) -> Table:
        rows = [_cells(self.pool, host, held) for (_, host), held in self.by_host.items()]
        return Table(
            id="draining",
            title="Drained hosts",
            columns=_COLUMNS,
            rows=tuple(rows[: self.pool.rows]),
            totals=_totals(self.intervals, len(rows)) if rows else None,
            finding=self._finding(),
            foot="An interval is a run of readings that all say so; hours are of the time observed. A drained GPU on which a"
            " job still runs counts as allocated or secondary.",
            left_out=f"{len(rows) - self.pool.rows} more hosts." if len(rows) > self.pool.rows else "",
            empty="No GPU was out of service.",
        )  # fmt: skip

    def _finding(self) -> str:
        if not self.intervals:
            return ""
        gpus = len({(one.cluster, one.host, one.gpu) for one in self.intervals})
        still = len({(one.cluster, one.host, one.gpu) for one in self.intervals if one.is_open})
        idle = sum(one.counted_hours for one in self.intervals)
        said = f"{words.plural(gpus, 'GPU')} of {words.plural(len(self.by_host), 'host')} {'was' if gpus == 1 else 'were'} out of service for {words.amount(self.hours)} GPU-hours"
        return f"{said}, {words.amount(idle)} of them without a job; {words.count(still)} still {'is' if still == 1 else 'are'} in the newest reading."

    def _chart(self) -> Chart:
        lanes = sorted(self._lanes(), key=lambda lane: (-lane.hours, lane.name))
        shown = lanes[:_MOST_LANES]
        period = self.pool.ask.period
        return Chart(
            id="draining-timeline",
            title="GPUs out of service",
            finding="One bar an interval; GPUs of a host that drained together share a lane.",
            x=Axis("", kind="time", values=(period.start, period.end), zone=self.pool.ask.display_zone),
            y=Axis("Host"),
            shape=Spans(
                tuple(lane.name for lane in shown), tuple(span for lane in shown for span in _spans(lane)),
                tuple(lane.hours for lane in shown), "gpu_hour",
            ),
            dimension="part",
            foot=f"GPU-hours out of service, with and without a job · {self.pool.foot}",
            gaps=self.pool.view.gaps,
            left_out=f"{len(lanes) - len(shown)} more lanes of {words.amount(sum(lane.hours for lane in lanes[_MOST_LANES:]))} GPU-hours." if len(lanes) > len(shown) else "",
        )  # fmt: skip

    def _lanes(self) -> Iterator[Lane]:
        for (cluster, host), held in self.by_host.items():
            gpus: dict[str, list[Interval]] = defaultdict(list)
            for one in held:
                gpus[one.gpu].append(one)
            alike: dict[tuple[object, ...], list[str]] = defaultdict(list)
            for gpu, those in gpus.items():
                alike[tuple((one.start, one.end) for one in those)].append(gpu)
            for names in alike.values():
                hours = _hours(one for gpu in names for one in gpus[gpu])
                yield Lane(self._name(cluster, host, names), host, tuple(names), tuple(gpus[names[0]]), hours)

    def _name(self, cluster: str, host: str, gpus: Sequence[str]) -> str:
        of = f"{cluster}: " if len(self.pool.coverage.clusters) > 1 else ""
        return f"{of}{host} / {gpus[0]}" if len(gpus) == 1 else f"{of}{host} · {len(gpus)} GPUs"


_COLUMNS = (
    Column("host", "Host", dimension="host"),
    Column("gpus", "GPUs", "count", rank=1, meaning="Different GPUs of the host that were out of service."),
    Column("intervals", "Intervals", "count", meaning="Runs of readings that say so, each of one GPU."),
    Column("drained_gpu_hours", "Drained", "gpu_hour", rank=1, unit="GPU-h", meaning="GPU-hours out of service without a job."),
    Column("draining_gpu_hours", "With a job", "gpu_hour", unit="GPU-h", meaning="GPU-hours out of service while a job still ran."),
    Column("start", "From", "instant"),
    Column("end", "To", "instant", meaning="When the last interval ended; empty while the newest reading still says so."),
    Column("state", "State", rank=1),
    Column("reason", "Reason", meaning="The reason set against new work in that time, if any."),
)  # fmt: skip


def _cells(pool: Pool, host: str, held: Sequence[Interval]) -> tuple[Scalar, ...]:
    is_open = any(one.is_open for one in held)
    name = host if len(pool.coverage.clusters) < 2 else f"{held[0].cluster}: {host}"
    reasons = ", ".join(dict.fromkeys(one.reason for one in held if one.reason))
    is_told = any(one.reason is not None for one in held)
    return (
        name, len({one.gpu for one in held}), len(held), sum(one.counted_hours for one in held), sum(one.busy_hours for one in held),
        min(one.start for one in held), None if is_open else max(one.end for one in held), _state(held, is_open=is_open),
        reasons or ("none" if is_told else None),
    )  # fmt: skip


def _state(held: Sequence[Interval], *, is_open: bool) -> str:
    said = ["still drained" if is_open else "back"]
    if any(one.is_earlier for one in held):
        said.append("since before the period")
    return ", ".join(said)


def _totals(held: Sequence[Interval], hosts: int) -> tuple[Scalar, ...]:
    gpus = len({(one.cluster, one.host, one.gpu) for one in held})
    counted, busy = (sum(getattr(one, name) for one in held) for name in ("counted_hours", "busy_hours"))
    return (f"All {hosts} hosts" if hosts > 1 else "All", gpus, len(held), counted, busy, None, None, None, None)


def _hours(held: Iterable[Interval]) -> float:
    return sum(one.counted_hours + one.busy_hours for one in held)


def _spans(lane: Lane) -> Iterator[Span]:
    for one in lane.held:
        yield Span(lane.name, one.start, None if one.is_open else one.end, "drained", one.reason or "")
