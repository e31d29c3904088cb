"""When, where and how hot: the pictures of events of devices."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from gpuledger.metrics import Name
from gpuledger.metrics.bins import cut
from gpuledger.model.chart import Axis, Bar, Bars, Chart, Grid, GridRow, Histogram, Lines, Series
from gpuledger.model.period import By, label, next_edge
from gpuledger.reports import _words as words
from gpuledger.reports._health.scene import EVENTS, KIND, Scene
from gpuledger.reports._health.scene import label as kind_label

MOST_BARS, MOST_PLACES, MOST_BINS = 20, 24, 40
OTHERS = "others"
WIDTHS: Mapping[By, float] = {"hour": 3600, "day": 86_400, "week": 604_800, "month": 2_629_800}
NOT_HEALTHY = "Without a bar: no event was told, which is not known to be a healthy time."
NOTHING = "No event was told in the period."
DEGREES = (1, 2, 5, 10, 20)


def over_time(scene: Scene) -> Chart:
    """Events of each part of the calendar, stacked by kind."""
    period, zone, step = scene.ask.period, scene.ask.display_zone, scene.step
    edges = cut(period, step, zone).edges
    names = [label(edge, step, zone) for edge in edges[:-1]]
    told = scene.answers["time"].of(EVENTS)
    series = tuple(_series(kind, [told.get((name, kind)) or 0.0 for name in names]) for kind in scene.kinds)
    return Chart(
        id="events-over-time",
        title=f"Events by kind, per {step}",
        finding=_busiest(scene, edges, series),
        x=Axis("", kind="time", values=edges[:-1], zone=zone),
        y=Axis("events", unit="count"),
        shape=Lines("area", True, series, WIDTHS[step], _partial_from(scene, edges)),
        dimension=KIND,
        readout=words.plural(scene.total(EVENTS), "event"),
        foot=scene.foot,
        left_out=NOT_HEALTHY,
        empty="" if series else NOTHING,
    )  # fmt: skip


def _series(kind: str, values: Sequence[float]) -> Series:
    """Without its total: the table below has it, and the name needs the room."""
    return Series(kind_label(kind), kind_label(kind), tuple(values))


def _partial_from(scene: Scene, edges: Sequence[object]) -> int | None:
    """The last bar, where its part of the calendar is not over yet."""
    before = scene.ask.period.end - timedelta(microseconds=1)
    is_over = next_edge(before, scene.step, scene.ask.display_zone) <= scene.ask.now
    return None if is_over else len(edges) - 2


def _busiest(scene: Scene, edges: Sequence[datetime], series: Sequence[Series]) -> str:
    if not series:
        return NOTHING
    sums = [sum(v or 0.0 for v in values) for values in zip(*(one.values for one in series), strict=True)]
    most = max(range(len(sums)), key=lambda place: sums[place])
    without = sum(not amount for amount in sums)
    quiet = f" {words.plural(without, scene.step)} of {len(sums)} had none." if without else ""
    zone, amount = scene.ask.display_zone, words.plural(sums[most], "event")
    if scene.step == "day":
        return f"Most on {words.day(edges[most], zone)}: {amount}.{quiet}"
    return f"Most in the {scene.step} from {words.stamp(edges[most], zone)}: {amount}.{quiet}"


def by_host(scene: Scene) -> Chart:
    """The hosts with most events."""
    return _ranked(scene, ("by-host", "Events by host", "host"), scene.by_host)


def by_gpu(scene: Scene) -> Chart:
    """The GPUs with most events."""
    return _ranked(scene, ("by-gpu", "Events by GPU", "GPU"), scene.by_gpu)


def _ranked(scene: Scene, said: tuple[str, str, str], counts: Mapping[str, Mapping[str, float]]) -> Chart:
    """Bars of several parts, the longest first; what is past the twentieth is one number in words."""
    name, title, what = said
    whole = scene.total(EVENTS)
    order = sorted(counts, key=lambda one: (-sum(counts[one].values()), one))
    rest = order[MOST_BARS:]
    left = sum(sum(counts[one].values()) for one in rest)
    others = f"{words.plural(len(rest), f'other {what}')} had {words.plural(left, 'event')} ({_share(left, whole)})."
    return Chart(
        id=name,
        title=title,
        finding=_first(what, order, counts, whole),
        x=Axis("events", unit="count"),
        y=Axis("", kind="category"),
        shape=Bars(tuple(_bar(one, counts[one], whole, scene.kinds) for one in order[:MOST_BARS]), KIND),
        foot=scene.foot,
        left_out=others if rest else "",
        empty="" if order else NOTHING,
    )


def _bar(name: str, counts: Mapping[str, float], whole: float, kinds: Sequence[str]) -> Bar:
    parts = tuple((kind_label(kind), counts[kind]) for kind in kinds if counts.get(kind))
    amount = sum(counts.values())
    return Bar(name, name, parts, f"{words.count(amount)} · {_share(amount, whole)}")


def _share(amount: float, whole: float) -> str:
    return words.percent(amount / whole) if whole else "–"


def _first(what: str, order: Sequence[str], counts: Mapping[str, Mapping[str, float]], whole: float) -> str:
    if not order:
        return NOTHING
    first = sum(counts[order[0]].values())
    half, amount = 0, 0.0
    while amount < whole / 2:
        amount += sum(counts[order[half]].values())
        half += 1
    said = f"{order[0]} had {words.plural(first, 'event')}, {_share(first, whole)} of all"
    return f"{said}; half of all came from {words.plural(half, what)} of {words.count(len(order))}."


def places(scene: Scene) -> Chart | None:
    """Kinds by the place in the host, each with its share; None where GPUs are not told by their place."""
    told = scene.answers["place"].of(EVENTS)
    names = sorted({place for place, _ in told if place is not None}, key=_natural)
    if not 1 < len(names) <= MOST_PLACES:
        return None
    rows = tuple(_of_kind(kind, [told.get((name, kind)) or 0.0 for name in names]) for kind in scene.kinds)
    sums = {name: sum(told.get((name, kind)) or 0.0 for kind in scene.kinds) for name in names}
    unknown = scene.total(EVENTS) - sum(sums.values())
    return Chart(
        id="by-place",
        title="Events by place in the host",
        finding=_uneven(sums),
        x=Axis("", kind="category", values=tuple(names)),
        y=Axis("events", unit="count"),
        shape=Grid(rows),
        foot=f"Second line: share of the kind's events · {scene.foot}",
        left_out=f"{words.plural(unknown, 'event')} of GPUs without a known place." if unknown else "",
    )


def _of_kind(kind: str, values: Sequence[float]) -> GridRow:
    whole = sum(values)
    return GridRow(kind_label(kind), values=tuple(values), notes=tuple(_share(value, whole) for value in values))


def _uneven(sums: Mapping[str, float]) -> str:
    """Beside the share that each place would have if all were alike: 8 places, 12.5 % each."""
    whole, first = sum(sums.values()), max(sums, key=lambda name: sums[name])
    return f"{first} has {_share(sums[first], whole)} of the events; evenly spread each place would have {_share(1, len(sums))}."


def _natural(name: str) -> list[tuple[int, str]]:
    """GPU_9 before GPU_10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def temperatures(scene: Scene) -> Chart:
    """How hot the GPUs were, a panel a kind, on one scale."""
    told = {key: count or 0.0 for key, count in scene.answers["heat"].of(EVENTS).items()}
    known = {(kind, int(degrees)): count for (kind, degrees), count in told.items() if degrees is not None}
    edges = _edges([degrees for _, degrees in known])
    kinds = [kind for kind in scene.kinds if any(one == kind for one, _ in known)]
    unknown = scene.total(EVENTS) - scene.total("events_with_temperature")
    return Chart(
        id="temperatures",
        title="Temperatures of events by kind",
        finding=_hottest(scene),
        x=Axis("temperature", unit="celsius"),
        y=Axis("events", unit="count"),
        shape=Histogram(edges, tuple(_binned(kind, known, edges) for kind in kinds)),
        dimension=KIND,
        foot=scene.foot,
        left_out=f"{words.plural(unknown, 'event')} without a temperature." if unknown else "",
        empty="" if kinds else "No event was told with a temperature.",
    )


def _edges(degrees: Sequence[int]) -> tuple[float, ...]:
    """Whole degrees, or the fewest together that keep the bars apart."""
    if not degrees:
        return (0.0, 1.0)
    low, high = min(degrees), max(degrees) + 1
    step = next((each for each in DEGREES if (high - low) / each <= MOST_BINS), DEGREES[-1])
    first = low // step * step
    return tuple(float(edge) for edge in range(first, high + step, step))


def _binned(kind: str, known: Mapping[tuple[Name, int], float], edges: Sequence[float]) -> Series:
    values = [0.0] * (len(edges) - 1)
    width = edges[1] - edges[0]
    for (one, degrees), count in known.items():
        if one == kind:
            values[int((degrees - edges[0]) // width)] += count
    return Series(kind_label(kind), kind_label(kind), tuple(values), total=sum(values))


def _hottest(scene: Scene) -> str:
    hottest, mean = scene.known("event_temperature_max"), scene.known("event_temperature_mean")
    if hottest is None or mean is None:
        return "No event was told with a temperature."
    return f"The hottest was {degrees(hottest)}, the mean {degrees(mean)}."


def degrees(value: float) -> str:
    return f"{words.count(value)}{words.SPACE}°C"
