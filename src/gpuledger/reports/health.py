"""Which GPUs throttled or failed, where, how often, how hot: the report on events of devices."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

from gpuledger.metrics import NOT_KNOWN, Ask
from gpuledger.metrics.filters import require_values
from gpuledger.metrics.newest import rows_of
from gpuledger.metrics.whole import after
from gpuledger.model.document import Document, Number, Numbers, Quality, Section
from gpuledger.model.errors import NoData
from gpuledger.model.events import EventKind
from gpuledger.model.tables import DEVICE_EVENTS
from gpuledger.reports import Parameters, Report
from gpuledger.reports import _words as words
from gpuledger.reports._health import charts, tables
from gpuledger.reports._health.chosen import ALL, filters
from gpuledger.reports._health.method import method, reach, stale
from gpuledger.reports._health.scene import EVENTS, TABLE, Scene, called, label
from gpuledger.reports._quality import quality_of

CARDS = ("throttled", "thermally_failed")
"""Kinds with a card of their own whether they happened or not."""


class HealthParameters(Parameters):
    """What may be chosen beside period and filters."""

    host: tuple[str, ...] = Field(
        (),
        description="Hosts by full name or first label; * and ? are wild, case does not matter; all when none is named.",
    )
    gpu: tuple[str, ...] = Field(
        (), description="GPUs by their place (GPU_23: in every host) or as HOST/GPU_23; * and ? are wild."
    )
    kind: Literal["all", EventKind] = Field("all", description="One kind of event, or all.")
    site: tuple[str, ...] = Field((), description="Sites; * and ? are wild.")
    rows: int = Field(50, ge=1, le=1_000_000, description="Most rows of a table; the rest is one row.")


def build(ask: Ask, parameters: HealthParameters) -> Document:
    """Raises NoData when no event of the period was told, UsageError for a host, GPU or site without one."""
    covered = ask.coverage(table=TABLE)
    _require_events(ask)
    typed = {"host": parameters.host, "gpu": parameters.gpu, "site": parameters.site}
    kept = ask.filtered(*filters(ask, typed, parameters.kind))
    scene = Scene(kept, covered, parameters.rows)
    sections = (
        Section("overview", "Numbers", (Numbers("numbers", "Numbers", tuple(_cards(scene))),)),
        Section("over-time", "Over time", (charts.over_time(scene), tables.kinds(scene))),
        Section(
            "hosts", "Hosts", tuple(filter(None, (charts.by_host(scene), tables.hosts(scene), tables.sites(scene))))
        ),
        Section("gpus", "GPUs", (charts.by_gpu(scene), tables.devices(scene))),
        *_places(scene),
        Section("temperatures", "Temperatures", (charts.temperatures(scene),)),
        Section("latest", "Latest", (tables.recent(scene),)),
        _quality(scene),
        method(scene),
    )
    return Document(
        name="health",
        title=_title(parameters, ask),
        finding=_finding(scene),
        period=ask.period,
        parameters=_parameters(parameters, ask),
        generated_at=ask.now,
        display_zone=ask.display_zone,
        coverage=reach(scene),
        sections=sections,
        banners=tuple(stale(ask, covered.newest)),
        ranks=scene.ranks,
        subject=_subject(scene),
        mail=("numbers", "events-over-time", "by-host", "by-gpu", "by-kind", "devices"),
    )


def _require_events(ask: Ask) -> None:
    """Raises NoData where the period holds no event at all: nothing tells whether all was well or nobody looked."""
    if ask.ask(EVENTS).value(EVENTS):
        return
    require_values(ask, TABLE)
    if ask.unfiltered().ask(EVENTS).value(EVENTS):
        return
    newest = ask.unfiltered().coverage(table=TABLE).newest
    if newest is None:
        raise NoData("The ledger holds no events of devices yet; read some with `gpuledger ingest thermal-csv FILE`.")
    raise NoData(
        f"No event was told in {ask.period}, which is not known to have been a healthy time; try"
        f" `gpuledger report health --last 30d --to {after(newest):%Y-%m-%dT%H:%MZ}`."
    )


def _places(scene: Scene) -> Iterator[Section]:
    if chart := charts.places(scene):
        yield Section("places", "Places", (chart,))


def _quality(scene: Scene) -> Section:
    """Without the strip of what was observed: no source of events says."""
    said = quality_of(scene.ask, scene.covered, (TABLE, "devices"))
    return replace(said, blocks=tuple(block for block in said.blocks if not isinstance(block, Quality)))


def _cards(scene: Scene) -> Iterator[Number]:
    metrics, of_kind = scene.ask.metrics, scene.answers["kind"].of(EVENTS)
    said = "told; what was not told is not known"
    yield Number("events", "Events", scene.total(EVENTS), "count", metrics[EVENTS].meaning, better="low", reason=said)
    for kind in dict.fromkeys((*CARDS, *scene.kinds)):
        count = of_kind.get((kind,)) or 0.0
        share = f"{words.percent(count / scene.total(EVENTS))} of the events" if scene.total(EVENTS) else "no event"
        yield Number(
            kind, label(kind), count, "count", f"Events of this kind: {label(kind)}.", better="low", reason=share
        )
    for name in ("gpus_with_events", "hosts_with_events"):
        yield Number(
            name,
            metrics[name].label,
            scene.total(name),
            "count",
            metrics[name].meaning,
            better="low",
            reason=_days(scene),
        )
    hottest = metrics["event_temperature_max"]
    known = scene.known(hottest.name)
    said = "no event was told with a temperature" if known is None else _hottest(scene, known)
    yield Number(hottest.name, hottest.label, known, "celsius", hottest.meaning, better="low", reason=said)


def _days(scene: Scene) -> str:
    return f"on {words.plural(scene.total('days_with_events'), 'day')}"


def _hottest(scene: Scene, known: float) -> str:
    """Which GPU it was."""
    gpus: Sequence[str] = [called(gpu) for gpu, row, _ in scene.gpus if row["event_temperature_max"] == known]
    return f"{gpus[0]} and {len(gpus) - 1} more" if len(gpus) > 1 else "".join(gpus)


def _finding(scene: Scene) -> str:
    whole = scene.total(EVENTS)
    if not whole:
        return "No event that the filters keep was told."
    of_kind = scene.answers["kind"].of(EVENTS)
    counts = [f"{words.count(of_kind[kind,] or 0)} {words.inside(label(kind))}" for kind in scene.kinds]
    gpus, hosts = (
        words.plural(scene.total(f"{name}_with_events"), one) for name, one in (("gpus", "GPU"), ("hosts", "host"))
    )
    said = f"{words.plural(whole, 'event')} on {gpus} of {hosts}: {' and '.join(counts)}."
    first, row, _ = scene.gpus[0]
    return f"{said} {called(first)} had most: {words.plural(row[EVENTS] or 0, 'event')} on {words.plural(row['days_with_events'] or 0, 'day')}."


def _subject(scene: Scene) -> str:
    known = scene.known("event_temperature_max")
    hot = f" · hottest {charts.degrees(known)}" if known is not None else ""
    return f"events {words.count(scene.total(EVENTS))} · GPUs {words.count(scene.total('gpus_with_events'))}{hot}"


def _title(parameters: HealthParameters, ask: Ask) -> str:
    only = [*parameters.host, *parameters.gpu, *parameters.site]
    of = f" of {' and '.join(only[:3])}" if only else ""
    kind = "" if parameters.kind == ALL else f", {words.inside(label(parameters.kind))} only"
    return f"GPU health{of}{kind}, {words.of_period(ask.period)}"


def _parameters(parameters: HealthParameters, ask: Ask) -> dict[str, str | int | tuple[str, ...] | None]:
    where = tuple(f"{f.column}{f.op}{','.join(NOT_KNOWN if v is None else v for v in f.values)}" for f in ask.where)
    return {**parameters.model_dump(), "where": where}


REPORT = Report(
    name="health",
    title="GPU health",
    audience="Operators of hardware: which GPUs throttle or fail by heat, where, how often, since when.",
    parameters=HealthParameters,
    build=build,
    is_of_people=False,
    subject=rows_of(DEVICE_EVENTS),
)
