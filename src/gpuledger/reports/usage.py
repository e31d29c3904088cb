"""Who used what: the report of a period's accounting."""

from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from gpuledger.metrics import NOT_KNOWN, Ask, InUse, LedgerCoverage, Wanted
from gpuledger.metrics.filters import require_values
from gpuledger.metrics.newest import rows_of
from gpuledger.model.document import Document, Section
from gpuledger.model.errors import NoData
from gpuledger.model.tables import JOB_ATTEMPTS
from gpuledger.reports import Parameters, Report
from gpuledger.reports import _words as words
from gpuledger.reports._cards import BESIDE, WITH_GPUS, WITHOUT_GPUS, cards, sparks_wanted
from gpuledger.reports._charts import CPUS, GPUS, MEMORY, RUNNING, Held, over_time, series_wanted
from gpuledger.reports._outcomes import OF_STATES, OF_WAITS, outcomes, waits, waste
from gpuledger.reports._quality import banners, coverage, definitions, open_records, quality
from gpuledger.reports._scene import Scene
from gpuledger.reports._tables import asked_metrics, concentration, usage_by

By = Literal["user", "account", "queue", "qos", "cluster", "gpu_model", "state"]
_TABLES: tuple[By, ...] = ("user", "account", "queue", "gpu_model")
_PARTS = (
    "good_gpu_hours",
    "lost_gpu_hours",
    "open_gpu_hours",
    "busy_gpu_hours",
    "unused_gpu_hours",
    "unmeasured_gpu_hours",
)
_TOTALS = tuple(dict.fromkeys((
    *WITH_GPUS, *WITHOUT_GPUS, *BESIDE, *_PARTS, "measured_gpu_hours", "memory_gib_hours", "attempt_hours", "attempts",
    "attempts_submitted", "attempts_ended", "mean_memory_gib", "mean_attempts", "peak_gpus", "peak_cpus", "peak_memory_gib",
    "peak_attempts", "attempts_started", "wait_seconds_p90", "wait_seconds_max", "duration_seconds_median",
    "attempts_of_turned_clocks",
)))  # fmt: skip


class UsageParameters(Parameters):
    """What may be chosen beside period and filters."""

    by: By = Field("user", description="What use over time is told apart by.")
    top: int = Field(12, ge=1, le=12, description="Names that get a colour; the rest is one band.")
    rows: int = Field(50, ge=1, le=1_000_000, description="Most rows of a table; the rest is one row.")


def build(ask: Ask, parameters: UsageParameters) -> Document:
    """Raises NoData when the ledger holds nothing of the period and nobody looked."""
    scene, series = _asked(ask, parameters)
    _require_data(scene)
    sections = (
        Section("overview", "Numbers", (cards(scene),)),
        Section("over-time", "Over time", tuple(over_time(scene, _resources(scene), series))),
        Section("who", "Who", tuple(usage_by(scene, name) for name in scene.tables)),
        waits(scene),
        outcomes(scene),
        *([waste(scene)] if scene.has_gpus else []),
        *filter(None, (open_records(scene),)),
        quality(scene),
        definitions(scene, _shown(scene)),
    )
    return Document(
        name="usage",
        title=_title(scene),
        finding=_finding(scene),
        period=ask.period,
        parameters=_parameters(ask, parameters),
        generated_at=ask.now,
        display_zone=ask.display_zone,
        coverage=coverage(scene.coverage),
        sections=sections,
        banners=banners(ask, scene.coverage),
        ranks=scene.ranks,
    )


def _asked(ask: Ask, parameters: UsageParameters) -> tuple[Scene, tuple[tuple[InUse, ...], ...]]:
    """Every question that can be asked before any answer is known: together they cost little more than one."""
    dimensions = tuple(dict.fromkeys((parameters.by, *_TABLES)))
    tables = {str(name): Wanted(asked_metrics(has_gpus=True), (name,)) for name in dimensions}
    wanted = {**tables, "totals": Wanted(_TOTALS), "sparks": sparks_wanted(ask.period), **OF_WAITS, "states": OF_STATES}
    covered = ask.coverage()
    told, series = ask.with_series(tuple(wanted.values()), series_wanted(ask, parameters.by))
    answers = dict(zip(wanted, told, strict=True))
    return Scene(ask, parameters.by, parameters.top, parameters.rows, covered, dimensions, answers), series


def _require_data(scene: Scene) -> None:
    """True zero is an answer; a period nobody looked at is none."""
    counted = (scene.totals.value(name) for name in ("attempts", "attempts_submitted", "attempts_ended"))
    if any(counted):
        return
    require_values(scene.ask)
    if scene.coverage.covered_ratio:
        return
    raise NoData(_no_data(scene.ask, scene.coverage))


def _no_data(ask: Ask, covered: LedgerCoverage) -> str:
    if covered.newest is None:
        return "The ledger holds no accounting yet; read some with `gpuledger ingest FILE`."
    newest = covered.newest.strftime("%Y-%m-%dT%H:%M:%SZ")
    length = words.length(ask.period).replace(words.SPACE, "").replace(" ", "")
    since = f"--last {length}" if length[:-1].isdigit() and length[-1] in "hd" else "--last 30d"
    return f"There is no data in {ask.period}; try `gpuledger report usage {since} --to {newest}`."


def _resources(scene: Scene) -> tuple[Held, ...]:
    return (GPUS, CPUS, MEMORY, RUNNING) if scene.has_gpus else (CPUS, MEMORY, RUNNING)


def _shown(scene: Scene) -> Iterable[str]:
    yield from WITH_GPUS if scene.has_gpus else WITHOUT_GPUS
    yield from asked_metrics(scene.has_gpus)
    yield from (*_PARTS, "idle_gpu_hours") if scene.has_gpus else ()
    yield from ("wait_seconds_p90", "attempts_ended", "duration_seconds_median")


def _title(scene: Scene) -> str:
    clusters = sorted({source.cluster for source in scene.coverage.sources})
    where = f" of {clusters[0]}" if len(clusters) == 1 else ""
    only = "".join(f" where {text}" for text in _filters(scene.ask)[:2])
    return f"{'GPU' if scene.has_gpus else 'CPU'} usage{where}{only}, {words.of_period(scene.ask.period)}"


def _finding(scene: Scene) -> str:
    """The report in three sentences: who, how much, how well."""
    if not scene.totals.value("attempts"):
        return _nothing_ran(scene)
    answer = scene.answers[scene.by]
    records = sorted(answer.records(), key=lambda row: -(row[scene.lead.name] or 0.0))
    said = [concentration(scene, records, answer, scene.lead), _level(scene), _busy(scene)]
    return " ".join(filter(None, said))


def _nothing_ran(scene: Scene) -> str:
    waiting = scene.totals.value("attempts_submitted")
    return "No job ran." + (f" {words.plural(waiting, 'attempt')} submitted and not started." if waiting else "")


def _level(scene: Scene) -> str:
    what, unit = ("gpus", "GPUs") if scene.has_gpus else ("cpus", "CPUs")
    mean, peak = scene.totals.value(f"mean_{what}"), scene.totals.value(f"peak_{what}")
    if mean is None or peak is None:
        return ""
    return f"{words.gpus(mean)} {unit} were in use on average, {words.gpus(peak)} at the peak."


def _busy(scene: Scene) -> str:
    busy, measured = (scene.totals.value(name) for name in ("gpu_busy_ratio", "gpu_busy_measured_ratio"))
    if busy is None or measured is None:
        return "How busy the GPUs were was not collected." if scene.has_gpus else ""
    return f"They were busy {words.percent(busy)} of the measured time, which is {words.percent(measured)} of all."


def _parameters(ask: Ask, parameters: UsageParameters) -> dict[str, str | int | tuple[str, ...]]:
    return {"by": parameters.by, "top": parameters.top, "rows": parameters.rows, "where": _filters(ask)}


def _filters(ask: Ask) -> tuple[str, ...]:
    """The filters as people type them."""
    return tuple(f"{f.column}{f.op}{','.join(NOT_KNOWN if v is None else v for v in f.values)}" for f in ask.where)


REPORT = Report(
    name="usage",
    title="GPU usage",
    audience="Everyone who runs, pays for or uses a cluster: who held what, how well it was used, how long people waited.",
    parameters=UsageParameters,
    build=build,
    subject=rows_of(JOB_ATTEMPTS),
)
