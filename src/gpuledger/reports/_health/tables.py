"""Which kinds, places, GPUs and moments: the tables of events of devices."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

import ibis

from gpuledger.metrics.device_events.ask import EventAsk
from gpuledger.model.devices import position_of
from gpuledger.model.document import Column, Format, Scalar, Table
from gpuledger.model.period import tzinfo
from gpuledger.reports import _words as words
from gpuledger.reports._health.scene import EVENTS, KIND, OF_KIND, Scene, label
from gpuledger.reports._scene import named

if TYPE_CHECKING:
    from gpuledger.metrics import Metric

NOTHING = "No event was told in the period."
_DASH = "“–” means not told, never 0."


def kinds(scene: Scene) -> Table:
    """What happened: a row a kind."""
    metrics = [scene.ask.metrics[name] for name in OF_KIND]
    rows = {row[KIND]: row for row in scene.answers["kind"].records()}
    return Table(
        id="by-kind",
        title="Events by kind",
        columns=(Column("kind", "Event", dimension=KIND, rank=1), *_columns(scene, metrics)),
        rows=tuple((label(kind), *_cells(scene, rows[kind], metrics)) for kind in scene.kinds),
        totals=("All kinds", *_cells(scene, scene.answers["total"].totals, metrics)),
        foot=f"A GPU with events of two kinds counts once in the first row. {_DASH}",
        empty=NOTHING,
    )


def _columns(scene: Scene, metrics: Sequence["Metric"]) -> Iterable[Column]:
    """The metrics, the first with its bar and its share."""
    lead, *rest = metrics
    yield Column(lead.name, lead.label, lead.format, meaning=lead.meaning, has_bar=True, rank=1)
    yield Column("share", "Share", "ratio", meaning="Part of all events.", is_share=True)
    for metric in rest:
        form: Format = _moment(scene) if metric.format == "instant" else metric.format
        yield Column(metric.name, metric.label, form, meaning=metric.meaning)


def _cells(scene: Scene, row: Mapping[str, float | None], metrics: Sequence["Metric"]) -> Iterable[Scalar]:
    lead, *rest = (_shown(scene, metric.shown(row[metric.name])) for metric in metrics)
    whole = scene.total(EVENTS)
    return (lead, float(lead) / whole if isinstance(lead, float) and whole else None, *rest)


def _moment(scene: Scene) -> Format:
    """How first and last moments are shown: as days, where of an event only the day is known."""
    return "date" if scene.has_days else "instant"


def _shown(scene: Scene, value: Scalar) -> Scalar:
    """The value; a moment as its day where moments are shown so."""
    if scene.has_days and isinstance(value, datetime):
        return value.astimezone(tzinfo(scene.ask.display_zone)).date()
    return value


def hosts(scene: Scene) -> Table:
    """Each host with events, most first."""
    answer = scene.answers["host"]
    shown, rest = answer.records()[: scene.rows], answer.records()[scene.rows :]
    return Table(
        id="hosts",
        title="Hosts with events",
        columns=(Column("host", "Host", meaning="Machine the GPUs are in.", rank=1), *_columns(scene, answer.metrics)),
        rows=tuple((named(row["host"]), *_cells(scene, row, answer.metrics)) for row in shown),
        totals=(f"All {words.plural(len(shown) + len(rest), 'host')}", *_cells(scene, scene.answers["total"].totals, answer.metrics)),
        others=_other_hosts(scene, rest) if rest else None,
        foot=_DASH,
        left_out=f"{words.plural(len(rest), 'host')} in the last row; --rows names more." if rest else "",
        empty=NOTHING,
    )  # fmt: skip


def _other_hosts(scene: Scene, rest: Sequence[Mapping[str, float | None]]) -> tuple[Scalar, ...]:
    """GPUs are of one host and add up; days do not."""
    whole, gpus = (sum(row[name] or 0.0 for row in rest) for name in (EVENTS, "gpus_with_events"))
    heat = [value for row in rest if (value := row["event_temperature_max"]) is not None]
    share = whole / scene.total(EVENTS)
    return (words.plural(len(rest), "other"), whole, share, gpus, None, max(heat, default=None))


def sites(scene: Scene) -> Table | None:
    """Where, when there is more than one place; a site that no row names is not known."""
    answer = scene.answers["site"]
    if len(answer.records()) < 2:
        return None
    return Table(
        id="by-site",
        title="Events by cluster and site",
        columns=(
            Column("cluster", "Cluster", rank=1),
            Column("site", "Site", rank=1),
            *_columns(scene, answer.metrics),
        ),
        rows=tuple(
            (named(row["cluster"]), named(row["site"]), *_cells(scene, row, answer.metrics)) for row in answer.records()
        ),
        foot=_DASH,
    )


def devices(scene: Scene) -> Table:
    """Each GPU with events: how many of which kind, on how many days, from when to when, how hot."""
    shown, rest = scene.gpus[: scene.rows], scene.gpus[scene.rows :]
    metrics = scene.ask.metrics
    of_kind = [
        Column(kind, label(kind), "count", meaning=f"Events of this kind: {label(kind)}.") for kind in scene.kinds
    ]
    return Table(
        id="devices",
        title="GPUs with events",
        columns=(
            Column("host", "Host", meaning="Machine the GPU is in.", rank=1),
            Column("gpu", "GPU", meaning="Its place in the host, or its uuid.", rank=1),
            Column(EVENTS, "Events", "count", meaning=metrics[EVENTS].meaning, has_bar=True, rank=1),
            *of_kind,
            Column("days", "Days", "count", meaning=metrics["days_with_events"].meaning),
            Column("hottest", "Hottest", "celsius", meaning=metrics["event_temperature_max"].meaning),
            Column("first", "First", _moment(scene), meaning=metrics["first_event_at"].meaning, rank=3),
            Column("last", "Last", _moment(scene), meaning=metrics["last_event_at"].meaning),
        ),
        rows=tuple((*gpu, *_of_gpu(scene, row, counts)) for gpu, row, counts in shown),
        totals=(*_all(scene), *_totals(scene)) if scene.gpus else None,
        others=_others(scene, rest) if rest else None,
        finding=_again(scene),
        foot=f"Days are those with an event, not the span from first to last. {_DASH}",
        left_out=f"{words.plural(len(rest), 'GPU')} in the last row; --rows names more." if rest else "",
        empty=NOTHING,
    )  # fmt: skip


def _of_gpu(scene: Scene, row: Mapping[str, float | None], counts: Mapping[str, float]) -> Iterable[Scalar]:
    ends = (scene.ask.metrics[name].shown(row[name]) for name in ("first_event_at", "last_event_at"))
    first, last = (_shown(scene, end) for end in ends)
    of_kind = (counts.get(kind, 0.0) for kind in scene.kinds)
    return (row[EVENTS], *of_kind, row["days_with_events"], row["event_temperature_max"], first, last)


def _all(scene: Scene) -> tuple[str, str]:
    return (
        f"All {words.plural(scene.total('hosts_with_events'), 'host')}",
        words.plural(scene.total("gpus_with_events"), "GPU"),
    )


def _totals(scene: Scene) -> Iterable[Scalar]:
    of_kind = scene.answers["kind"].of(EVENTS)
    return _of_gpu(scene, scene.answers["total"].totals, {kind: of_kind[kind,] or 0.0 for kind in scene.kinds})


def _others(
    scene: Scene, rest: Sequence[tuple[object, Mapping[str, float | None], Mapping[str, float]]]
) -> tuple[Scalar, ...]:
    """Sums where parts add up; days do not: two GPUs may share one."""
    rows = [row for _, row, _ in rest]
    of_kind = [sum(counts.get(kind, 0.0) for _, _, counts in rest) for kind in scene.kinds]
    heat = [value for row in rows if (value := row["event_temperature_max"]) is not None]
    first = min(value for row in rows if (value := row["first_event_at"]) is not None)
    last = max(value for row in rows if (value := row["last_event_at"]) is not None)
    ends = (_shown(scene, datetime.fromtimestamp(end, UTC)) for end in (first, last))
    whole = sum(row[EVENTS] or 0.0 for row in rows)
    return (words.plural(len(rest), "other"), None, whole, *of_kind, None, max(heat, default=None), *ends)


def _again(scene: Scene) -> str:
    """How many came back on another day: the ones to look at first."""
    if not scene.gpus:
        return NOTHING
    again = sum((row["days_with_events"] or 0) > 1 for _, row, _ in scene.gpus)
    return f"{words.count(again)} of {words.plural(len(scene.gpus), 'GPU')} had events on more than one day."


def recent(scene: Scene) -> Table:
    """The newest events, as they were told: their time of day only where it was."""
    rows = _newest(scene)
    whole = int(scene.total(EVENTS))
    return Table(
        id="recent",
        title="Latest events",
        columns=(
            Column("day", "Day", "date", rank=1), Column("time", "Time", rank=1), Column("host", "Host", rank=1),
            Column("gpu", "GPU", rank=1), Column("kind", "Event", dimension=KIND, rank=1),
            Column("temperature_celsius", "Temperature", "celsius", meaning="Told with the event."),
            Column("mean_temperature_celsius", "Mean of the host", "celsius", meaning="Mean of the host's GPUs, this one included."),
            Column("message", "In the source's words", rank=3), Column("cluster", "Cluster", rank=3), Column("site", "Site", rank=3),
        ),
        rows=tuple(
            (*_day_and_time(scene, row), row["host"], position_of(row["gpu"]), label(row["device_event_kind"]), row["temperature_celsius"],
             row["mean_temperature_celsius"], row["message"], row["cluster"], named(row["site"]))
            for row in rows
        ),
        foot=f"{_maybe_days(rows)}{_DASH}",
        left_out=f"{words.count(whole - len(rows))} earlier." if whole > len(rows) else "",
        empty=NOTHING,
    )  # fmt: skip


def _day_and_time(scene: Scene, row: Mapping[str, Any]) -> tuple[date, str | None]:
    """In the display zone; no time where only the day was told."""
    there = row["time"].replace(tzinfo=UTC).astimezone(tzinfo(scene.ask.display_zone))
    return there.date(), None if row["time_precision"] == "day" else f"{there:%H:%M:%S}"


def _maybe_days(rows: Sequence[Mapping[str, Any]]) -> str:
    """A caution where an event stands at noon that was read before ledgers told how exactly a time is known."""
    if not any(row["time_precision"] is None and row["time"].time() == time(12) for row in rows):
        return ""
    return "Noon (UTC) may be a day of which no time was told: reading the files again with --replay tells. "


def _newest(scene: Scene) -> list[dict[str, Any]]:
    told = EventAsk(scene.ask).question().rows()
    order = [ibis.desc("time"), "cluster", "host", "gpu", "device_event_kind", "event_id"]
    rows: list[dict[str, Any]] = scene.ask.rows(
        told.order_by(order).limit(scene.rows).drop("at_us", "day_number", "device", "machine"), scene.ask.period
    ).to_pylist()
    return rows
