"""What every section of the report on events of devices is given."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gpuledger.metrics import NOT_KNOWN, Answer, Ask, LedgerCoverage, Name, Wanted
from gpuledger.model.devices import position_of
from gpuledger.model.events import KINDS
from gpuledger.model.period import By
from gpuledger.reports import _words as words
from gpuledger.reports._cards import spark_step
from gpuledger.reports._scene import named

TABLE = "device_events"
EVENTS = "device_events"
OF_KIND = (
    EVENTS, "gpus_with_events", "hosts_with_events", "days_with_events", "event_temperature_max", "event_temperature_mean",
    "events_with_temperature", "first_event_at", "last_event_at",
)  # fmt: skip
OF_GPU = (EVENTS, "days_with_events", "event_temperature_max", "first_event_at", "last_event_at")
OF_PLACE = (EVENTS, "gpus_with_events", "days_with_events", "event_temperature_max")
WITHOUT_TIME = "events_without_time"
KIND = "event_kind"
Gpu = tuple[str, str]
"""Host and name of a GPU."""


@dataclass(frozen=True)
class Scene:
    """One report being built; `ask` has its filters. At most `rows` rows of a table."""

    ask: Ask
    covered: LedgerCoverage
    rows: int

    @cached_property
    def answers(self) -> Mapping[str, Answer]:
        """Everything that is asked, in one query."""
        wanted = {
            "total": Wanted((*OF_KIND, WITHOUT_TIME)),
            "kind": Wanted(OF_KIND, (KIND,)),
            "time": Wanted((EVENTS,), (self.step, KIND)),
            "host": Wanted(OF_PLACE, ("host",)),
            "host_kind": Wanted((EVENTS,), ("host", KIND)),
            "gpu": Wanted(OF_GPU, ("host", "gpu")),
            "gpu_kind": Wanted((EVENTS,), ("host", "gpu", KIND)),
            "place": Wanted((EVENTS,), ("gpu_position", KIND)),
            "heat": Wanted((EVENTS,), (KIND, "event_temperature")),
            "site": Wanted(
                (EVENTS, "gpus_with_events", "hosts_with_events", "event_temperature_max"), ("cluster", "site")
            ),
        }
        return dict(zip(wanted, self.ask.together(*wanted.values()), strict=True))

    @property
    def step(self) -> By:
        """The part of the calendar that is a bar."""
        return spark_step(self.ask.period)

    def total(self, metric: str) -> float:
        """A count over all; 0 where nothing was told."""
        return self.answers["total"].value(metric) or 0.0

    @property
    def has_days(self) -> bool:
        """Was of an event the day alone told? Then its time of day is not shown as if it were known."""
        return bool(self.total(WITHOUT_TIME))

    def known(self, metric: str) -> float | None:
        """A number over all that may not be known."""
        return self.answers["total"].value(metric)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that happened, in their order."""
        told = self.answers["kind"].of(EVENTS)
        return tuple(kind for kind in (*KINDS, *_foreign(told)) if told.get((kind,)))

    @cached_property
    def _by_gpu(self) -> Mapping[Gpu, Mapping[str, float]]:
        found: dict[Gpu, dict[str, float]] = defaultdict(dict)
        for (host, gpu, kind), count in self.answers["gpu_kind"].of(EVENTS).items():
            found[str(host), self.short(host, gpu)][str(kind)] = count or 0.0
        return found

    @cached_property
    def by_host(self) -> Mapping[str, Mapping[str, float]]:
        """Events by kind, of each host."""
        found: dict[str, dict[str, float]] = defaultdict(dict)
        for (host, kind), count in self.answers["host_kind"].of(EVENTS).items():
            found[named(host)][str(kind)] = count or 0.0
        return found

    @cached_property
    def by_gpu(self) -> Mapping[str, Mapping[str, float]]:
        """Events by kind, of each GPU by host and place."""
        return {called(gpu): counts for gpu, counts in self._by_gpu.items()}

    @cached_property
    def gpus(self) -> Sequence[tuple[Gpu, Mapping[str, float | None], Mapping[str, float]]]:
        """Each GPU with its numbers and its events by kind, most events first."""
        rows = self.answers["gpu"].records()
        those = [((named(row["host"]), self.short(row["host"], row["gpu"])), row) for row in rows]
        return [(gpu, row, self._by_gpu[gpu]) for gpu, row in those]

    @staticmethod
    def short(host: Name, gpu: Name) -> str:
        """The GPU's own name, out of "host/gpu"."""
        return position_of((gpu or NOT_KNOWN).removeprefix(f"{host}/"))

    @property
    def foot(self) -> str:
        """Period and zone: the last line of every figure."""
        period, zone = self.ask.period, self.ask.display_zone
        return f"{words.stamp(period.start, zone)} to {words.stamp(period.end, zone)} {zone}"

    @property
    def ranks(self) -> Mapping[str, tuple[str, ...]]:
        """One colour a kind, the same in every report: throttled and thermally failed never change theirs."""
        return {KIND: tuple(label(kind) for kind in (*KINDS, *_foreign(self.answers["kind"].of(EVENTS))))}


def _foreign(told: Mapping[tuple[Name, ...], float | None]) -> list[str]:
    """Kinds that a source of somebody else's brought."""
    return sorted(kind for (kind,) in told if kind is not None and kind not in KINDS)


def label(kind: str) -> str:
    """A kind as people say it."""
    return KINDS.get(kind, kind)


def called(gpu: Gpu) -> str:
    """One GPU in words: its host and its place, as `--gpu` and a filter take it."""
    return "/".join(gpu)
