"""What every section of these reports is given, and the frame around the sections."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from gpuledger.metrics import Ask, LedgerCoverage
from gpuledger.metrics.filters import require_values
from gpuledger.metrics.states.ask import StateAsk
from gpuledger.model.chart import Gap
from gpuledger.model.document import Coverage, Definitions, Document, Scalar, Section
from gpuledger.model.errors import NoData, UsageError
from gpuledger.reports import _words as words
from gpuledger.reports._quality import banners, coverage, quality_of

TABLE = "gpu_states"
OF_GPUS = (TABLE,)
WITH_JOBS = (TABLE, "pending")
"""What a report is made of that also tells of waiting jobs."""
_JITTER = 60.0
"""Seconds between readings, or from the newest to the period's end, that nobody is told of."""
_OF_MOMENTS = ("user", "account", "part")
UNITS = {"gpu_hour": "GPU-hours", "gpu": "GPUs", "ratio": "%", "second": "time", "hour": "hours"}


@dataclass(frozen=True)
class View:
    """The ask, and what readings of GPU states cover of its period."""

    ask: Ask

    @cached_property
    def states(self) -> StateAsk:
        """For what no metric answers."""
        return self.ask.states

    @cached_property
    def covered(self) -> LedgerCoverage:
        return self.ask.coverage(table=TABLE)

    @cached_property
    def everything(self) -> "View":
        """The same with the hosts and models that the site leaves out of its numbers."""
        return View(self.ask.with_capacity(replace(self.ask.capacity, excluded_hosts={}, hidden_models=())))

    @property
    def foot(self) -> str:
        """Period, zone and coverage: the last line of every figure."""
        period, zone = self.ask.period, self.ask.display_zone
        observed = words.percent(self.covered.covered_ratio or 0.0)
        return f"{words.stamp(period.start, zone)} to {words.stamp(period.end, zone)} {zone} · observed {observed}"

    @property
    def coverage(self) -> Coverage:
        """The document's. It says until when was read: the newest reading stands for the step after it as well."""
        told, newest = coverage(self.covered), self.covered.newest
        if newest is None or (self.ask.period.end - newest).total_seconds() < _JITTER:
            return told
        return replace(told, sentence=f"{told.sentence} Readings to {words.stamp(newest, self.ask.display_zone)}.")

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What nobody observed; a pause between readings of less than a minute is jitter, not a gap."""
        return tuple(Gap(start, end) for start, end in self.covered.gaps if (end - start).total_seconds() >= _JITTER)

    def require_readings(self, command: str) -> None:
        """Raises NoData when no reading of GPUs holds at any moment of the period."""
        if self.covered.covered_ratio:
            return
        if self.covered.newest is None:
            raise NoData("The ledger holds no readings of GPU states yet; read some with `gpuledger ingest FILE`.")
        newest = self.covered.newest.strftime("%Y-%m-%dT%H:%M:%SZ")
        if self.covered.oldest == self.covered.newest:
            raise NoData(
                f"The only reading of GPUs, of {newest}, does not tell for how long it holds; read a second one."
            )
        raise NoData(
            f"There is no reading of GPUs in {self.ask.period}; try `gpuledger report {command} --last 7d --to {newest}`."
        )

    def require_whole_gpus(self) -> None:
        """Raises UsageError for a filter that keeps some moments of a GPU and not others: it would seem to come and go."""
        for wanted in self.ask.where:
            if wanted.column in _OF_MOMENTS:
                raise UsageError(
                    f"This report follows whole GPUs and cannot be filtered by {wanted.column}; it can by host, gpu_model,"
                    " class, tier, memory_category, project and cluster."
                )

    def require_gpus(self, count: float | None) -> None:
        """Where the filters left nothing: raises UsageError for a name there is not, else NoData."""
        if count:
            return
        require_values(self.ask, TABLE)
        raise NoData(f"No GPU that the filters keep is in any reading of {self.ask.period}.")


PARTS_IN_WORDS = (
    "Secondary: only a backfill job runs, which gives way to a primary one. Drained: out of service. Prevented: in service,"
    " but a stated reason keeps new work away."
)
"""What a reader of the parts' names may not know."""


@dataclass(frozen=True)
class Said:
    """What a report says before its sections."""

    name: str
    title: str
    finding: str
    parameters: Mapping[str, Scalar | tuple[str, ...]]
    subject: str = ""
    mail: tuple[str, ...] = ()
    tables: tuple[str, ...] = OF_GPUS


def document(
    view: View, said: Said, sections: Iterable[Section], ranks: Mapping[str, tuple[str, ...]] | None = None
) -> Document:
    """The sections with what the numbers rest on below them, and old data named above."""
    ask = view.ask
    return Document(
        name=said.name, title=said.title, finding=said.finding, period=ask.period, parameters=said.parameters,
        generated_at=ask.now, display_zone=ask.display_zone, coverage=view.coverage, sections=tuple(sections),
        banners=banners(ask, view.covered, said.tables), ranks=ranks or {}, subject=said.subject, mail=said.mail,
    )  # fmt: skip


def quality(view: View, tables: tuple[str, ...] = OF_GPUS) -> Section:
    """The strip of readings and our own runs."""
    return quality_of(view.ask, view.covered, tables)


def definitions(view: View, metrics: Iterable[str], more: Iterable[tuple[str, str, str]] = ()) -> Section:
    """What each number means: from its metric, or (label, unit, meaning) of what only this report counts."""
    known = (view.ask.metrics[name] for name in dict.fromkeys(metrics))
    items = [(metric.label, UNITS.get(metric.format, ""), metric.meaning) for metric in known]
    return Section("definitions", "Definitions", (Definitions("terms", "Definitions in force", (*items, *more)),))
