"""What the service tells of itself and of the ledger, as OpenMetrics: labels are few and bounded."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector
from starlette.types import Scope

from gpuledger import __version__
from gpuledger.actions.current import Current

_BUCKETS = (0.005, 0.02, 0.1, 0.3, 1.0, 3.0, 10.0)
_ELSEWHERE = "elsewhere"


@dataclass(frozen=True)
class Measured:
    """The service's own numbers; `observe` is told of every answer."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        counted = Counter(
            "gpuledger_requests", "Answers, by route and status.", ["route", "status"], registry=self.registry
        )
        timed = Histogram(
            "gpuledger_request_seconds",
            "Time to an answer, by route.",
            ["route"],
            registry=self.registry,
            buckets=_BUCKETS,
        )
        Gauge("gpuledger_build_info", "The version that runs.", ["version"], registry=self.registry).labels(
            __version__
        ).set(1)
        object.__setattr__(self, "_counted", counted)
        object.__setattr__(self, "_timed", timed)

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Counts one answer under its route's pattern: what was typed is no label."""
        route: Any = scope.get("route")
        path = getattr(route, "path", _ELSEWHERE)
        self._counted.labels(path, str(status)).inc()  # type: ignore[attr-defined]
        self._timed.labels(path).observe(seconds)  # type: ignore[attr-defined]

    def tell(self, name: str, meaning: str, value: Any) -> None:
        """A gauge whose value is looked up when it is asked for."""
        Gauge(name, meaning, registry=self.registry).set_function(value)

    def exposition(self, standing: Current, now: datetime) -> bytes:
        """Everything, with how things stand."""
        whole = CollectorRegistry()
        whole.register(_Both(self.registry, standing, now))
        content: bytes = generate_latest(whole)  # type: ignore[no-untyped-call]
        return content


@dataclass(frozen=True, eq=False)
class _Both(Collector):
    """Our own numbers and the ledger's."""

    own: CollectorRegistry
    standing: Current
    now: datetime

    def collect(self) -> Iterator[Any]:
        yield from self.own.collect()
        yield from _ages(self.standing, self.now)
        yield from _held(self.standing)
        yield from _gpus(self.standing)


def _ages(standing: Current, now: datetime) -> Iterator[GaugeMetricFamily]:
    family = GaugeMetricFamily(
        "gpuledger_data_age_seconds", "Age of what a source told last.", labels=["cluster", "source"]
    )
    for age in standing.ages[:200]:
        family.add_metric([age.cluster, age.source], max(0.0, (now - age.newest).total_seconds()))
    yield family


def _held(standing: Current) -> Iterator[GaugeMetricFamily]:
    for name, meaning in (
        ("attempts", "Running attempts"),
        ("gpus", "GPUs that they hold"),
        ("cpus", "CPUs that they hold"),
    ):
        family = GaugeMetricFamily(f"gpuledger_running_{name}", f"{meaning}, by queue.", labels=["cluster", "queue"])
        for held in standing.held:
            family.add_metric([held.cluster, held.queue], getattr(held, name))
        yield family


def _gpus(standing: Current) -> Iterator[GaugeMetricFamily]:
    family = GaugeMetricFamily(
        "gpuledger_gpus", "GPUs by whose they are and what they do.", labels=["cluster", "class", "state"]
    )
    for labels, count in sorted(standing.gpus.items()):
        family.add_metric(list(labels), count)
    yield family
