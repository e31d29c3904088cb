"""What the numbers of events rest on, and how old what is told of them is."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

from gpuledger.metrics import Ask
from gpuledger.model.document import Coverage, Definitions, Note, Section, Text
from gpuledger.model.schema import unbound
from gpuledger.model.tables import DEVICE_EVENTS, RUNS
from gpuledger.reports import _words as words
from gpuledger.reports._health.scene import OF_KIND, Scene
from gpuledger.reports._quality import ALLOWED_FILE_AGE, coverage

UNITS = {"celsius": "°C", "instant": "moment"}
METHOD = """\
- An event is what its source calls one: the limit it crossed is the source's, and is not told in the file.
- Only events are told, never that nothing happened. A time without events is not known to be a healthy one, and no rate is made of a time that nobody says was watched.
- Each event counts once, however often and in however many files it was read. Events of one GPU, moment and kind with other temperatures are other events: a file that tells days holds several a day.
- A GPU is its host and its place (or its uuid): the same place in two hosts is two GPUs.
- Days are of the display zone. An event told by its day alone stands at noon (UTC) of that day: on the told day in whatever zone it is shown, without a time. Where there are such events, first and last are days.
- An event without a temperature counts, but in no mean, no maximum and no distribution; 0 °C is a temperature."""


def method(scene: Scene) -> Section:
    """How the numbers are made, and what each means."""
    metrics = (scene.ask.metrics[name] for name in OF_KIND)
    items = tuple((metric.label, UNITS.get(metric.format, ""), metric.meaning) for metric in metrics)
    return Section(
        "definitions",
        "Method",
        (Text("method", METHOD, "How it is counted"), Definitions("terms", "Definitions in force", items)),
    )


def reach(scene: Scene) -> Coverage:
    """The document's coverage: not known, and said; its newest data is the newest event."""
    age = ALLOWED_FILE_AGE.total_seconds()
    return replace(coverage(scene.covered), sentence=NOT_COVERED, allowed_age_seconds=age)


NOT_COVERED = (
    "Sources of events do not say how far they told everything: a time without events is not known to be healthy."
)


def stale(ask: Ask, newest: datetime | None) -> Iterable[Note]:
    """The banner where the newest event is old: stale unless events were read since, and then only said.

    A healthy site has no event for days; that a file was read does not tell how far it reached.
    """
    wanted, zone = min(ask.now, ask.period.end), ask.display_zone
    if newest is None or wanted - newest <= ALLOWED_FILE_AGE:
        return
    read = _last_read(ask)
    said = _newest_words(ask, newest)
    if read and wanted - read <= ALLOWED_FILE_AGE:
        sentence = f"{said}. Events were read on {words.stamp(read, zone)}; how far they reached is not known."
        yield Note("old", "info", "age", sentence, "recent")
    else:
        sentence = f"{said}, and no source of events was read since. What happened is not known."
        yield Note("stale", "stale", "age", sentence, "recent")


def _newest_words(ask: Ask, newest: datetime) -> str:
    """How old the newest event is; of one that is told by its day alone no hour is known."""
    told = unbound(DEVICE_EVENTS)
    of_time = told.filter(told.time == newest.replace(tzinfo=None), told.time_precision.fill_null("second") != "day")
    zone = ask.display_zone
    if not len(ask.rows(of_time.select("time").limit(1))):
        return f"The newest event is of {words.day(newest, zone)}, told without a time"
    age = words.duration((ask.now - newest).total_seconds())
    return f"The newest event is {age} old, of {words.stamp(newest, zone)} {zone}"


def _last_read(ask: Ask) -> datetime | None:
    """When a source that told events was read last."""
    names = ask.rows(unbound(DEVICE_EVENTS).select("source").distinct())["source"].to_pylist()
    runs = unbound(RUNS)
    good = runs.filter(runs.result == "done", runs.source.isin(names) | runs.source_type.isin(names))
    good = good.filter(good.run_started_at <= ask.now.replace(tzinfo=None))
    moment = ask.rows(good.agg(last=good.run_started_at.max()))["last"].to_pylist()[0] if names else None
    return moment.replace(tzinfo=UTC) if moment else None
