"""What should run by itself, as the configuration says: a collection a source, a delivery, a publication, the watchdog."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gpuledger.config import Settings
from gpuledger.config.sources import source_named
from gpuledger.model.errors import UsageError

PREFIX = "gpuledger"
AFTER_ALL = "7-59/15 * * * *"
"""When what waits or came late is sent: at no quarter of an hour, where deliveries like to be."""


@dataclass(frozen=True)
class Entry:
    """One thing that runs: `at` as cron writes it, by the clock of `zone` (None: any clock); `command` follows the program."""

    name: str
    at: str
    zone: str | None
    command: tuple[str, ...]
    meaning: str


def entries(settings: Settings) -> list[Entry]:
    """Everything the configuration asks for. Raises ConfigError where a part of it is wrong."""
    return [*_collections(settings), *_deliveries(settings), *_publications(settings), *_watchdog(settings)]


def job_names(settings: Settings) -> tuple[str, ...]:
    """Names of the scrontab jobs that are ours: the printed ones, and those of `[ops] jobs`."""
    return tuple(dict.fromkeys((*(entry.name for entry in entries(settings)), *settings.ops.jobs)))


def _collections(settings: Settings) -> Iterator[Entry]:
    for name, said in settings.sources.items():
        source = source_named(settings, name)
        if not hasattr(source, "fetch"):
            continue
        period = getattr(source, "period_seconds", None)
        at = every(period) if period else settings.ops.collect
        yield Entry(_name("collect", name), at, None, ("collect", name), f"Source {name} ({said.type}).")


def _deliveries(settings: Settings) -> Iterator[Entry]:
    timed = {name: delivery.at for name, delivery in settings.deliveries.items() if delivery.at}
    for name, at in timed.items():
        meaning = f"Delivery {name}: {at} by the clock of {settings.display_zone}; a period is sent once."
        yield Entry(_name("send", name), at, settings.display_zone, ("send", name, "--send"), meaning)
    if timed:
        meaning = "What waits in the outbox, and deliveries whose data came late."
        yield Entry(_name("send", "due"), AFTER_ALL, None, ("send", "--due", "--send"), meaning)


def _publications(settings: Settings) -> Iterator[Entry]:
    for name, said in settings.publish.items():
        meaning = f"Publication {name} ({said.type}, names {said.names}); unchanged data publishes nothing."
        when, zone = (said.at, settings.display_zone) if said.at else (settings.ops.publish, None)
        options = ("--due", "--publish") if said.at else ("--publish",)
        yield Entry(_name("publish", name), when, zone, ("publish", name, *options), meaning)


def _watchdog(settings: Settings) -> Iterator[Entry]:
    meaning = "Frees scrontab jobs of these names that are stuck."
    yield Entry(_name("watchdog"), settings.ops.watch, None, ("ops", "watchdog"), meaning)


def every(seconds: float) -> str:
    """The cron expression for a period: the longest step that divides the hour or day and is not longer.

    A period below a minute is every minute: cron knows nothing shorter.
    """
    minutes = max(1, int(seconds // 60))
    if minutes < 60:
        step = max(n for n in range(1, minutes + 1) if 60 % n == 0)
        return f"*/{step} * * * *" if step > 1 else "* * * * *"
    step = max((n for n in range(1, min(minutes // 60, 24) + 1) if 24 % n == 0), default=1)
    return "0 0 * * *" if step == 24 else f"0 */{step} * * *" if step > 1 else "0 * * * *"


def _name(*parts: str) -> str:
    """A name that scrontab, systemd and a file can carry."""
    return "-".join([PREFIX, *(re.sub(r"[^A-Za-z0-9_.]+", "-", part).strip("-.") or "x" for part in parts)])


def require_some(found: list[Entry]) -> list[Entry]:
    """Raises UsageError when nothing but the watchdog would run."""
    if all(entry.name == _name("watchdog") for entry in found):
        raise UsageError("Nothing runs by itself yet: add [sources.NAME], a delivery with `at`, or [publish.NAME].")
    return found
