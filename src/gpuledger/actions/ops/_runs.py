"""What should have happened by its schedule and did not: collections, deliveries, publications, the watchdog."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gpuledger.actions._memory import of_publication, of_watchdog
from gpuledger.actions._orders import Unmade, due, last_due, runs_of
from gpuledger.actions.ops.diagnosis import Diagnosis, Level
from gpuledger.actions.ops.entries import every
from gpuledger.actions.send import outbox_of
from gpuledger.config import Ledger
from gpuledger.config.sources import source_named
from gpuledger.model.errors import LedgerError
from gpuledger.model.period import as_utc, tzinfo
from gpuledger.model.schema import unbound
from gpuledger.model.tables import RUNS, SNAPSHOTS

LONG = timedelta(hours=26)
"""After this nobody looks at a page as if it were of today."""
_WAITS_LONG = timedelta(hours=1)


@dataclass(frozen=True)
class Clock:
    """The moment, and how late something may be."""

    now: datetime
    zone: str
    late: timedelta

    def expected(self, at: str) -> datetime:
        """The newest moment of a schedule by which it should be done now."""
        return last_due(at, self.now - self.late, self.zone)

    def said(self, moment: datetime) -> str:
        return f"{moment.astimezone(tzinfo(self.zone)):%Y-%m-%d %H:%M} {self.zone}"

    def ago(self, moment: datetime) -> str:
        hours = (self.now - moment).total_seconds() / 3600
        return (
            f"{hours * 60:.0f} min ago"
            if hours < 2
            else f"{hours:.0f} h ago"
            if hours < 48
            else f"{hours / 24:.0f} days ago"
        )


def everything(ledger: Ledger, now: datetime) -> Iterator[Diagnosis]:
    """Each source, delivery, publication, the outbox, and the runs of the last day."""
    settings = ledger.settings
    clock = Clock(now, settings.display_zone, timedelta(minutes=settings.ops.late_minutes))
    yield from _sources(ledger, clock)
    yield from _deliveries(ledger, clock)
    yield from _outbox(ledger, clock)
    yield from _publications(ledger, clock)
    yield from _watchdog(ledger, clock)
    yield from _failed_runs(ledger, clock)


def _sources(ledger: Ledger, clock: Clock) -> Iterator[Diagnosis]:
    polls = _polls(ledger)
    for name in ledger.settings.sources:
        try:
            source = source_named(ledger.settings, name)
        except LedgerError as error:
            yield Diagnosis(f"source {name}", "critical", str(error))
            continue
        if hasattr(source, "fetch"):
            period = getattr(source, "period_seconds", None)
            at = every(period) if period else ledger.settings.ops.collect
            yield _source(name, at, polls.get(name, {}), clock)
            yield from _beside(name, polls, ledger.settings.sources)
    if not ledger.settings.sources:
        yield from _files_only(polls, clock)


def _source(name: str, at: str, poll: dict[str, Any], clock: Clock) -> Diagnosis:
    good, failed, expected = poll.get("good"), poll.get("failed"), clock.expected(at)
    part = f"source {name}"
    why = f" Its last poll failed: {poll['error']}" if failed and (not good or failed > good) else _missed(poll)
    if good is None:
        return Diagnosis(part, "critical", f"It was never collected.{why or f' Run `gpuledger collect {name}`.'}")
    is_late = good < expected - timedelta(minutes=1)
    words = f"Last collected {clock.ago(good)}, {clock.said(good)}."
    if is_late:
        words += f" It should have been at {clock.said(expected)} and was not."
    level: Level = "ok" if not (is_late or why) else "critical" if clock.now - good > LONG else "warning"
    return Diagnosis(part, level, words + why)


def _beside(name: str, polls: Mapping[str, dict[str, Any]], sources: Container[str]) -> Iterator[Diagnosis]:
    """What a source tells in polls of another name ("hpg now": what holds now) and did not tell whole."""
    for other, poll in polls.items():
        if other.startswith(f"{name} ") and other not in sources:
            failed, good = poll["failed"], poll["good"]
            why = f"The last poll failed: {poll['error']}" if failed and (not good or failed > good) else _missed(poll)
            if why:
                yield Diagnosis(f"source {other}", "warning", why.strip())


def _missed(poll: dict[str, Any]) -> str:
    """Why the last poll is not whole; '' when it is."""
    partial, whole = poll.get("partial"), poll.get("whole")
    is_last = partial and partial == poll["good"] and (not whole or partial > whole)
    return f" The last poll missed something: {poll['missing']}" if is_last and poll["missing"] else ""


def _polls(ledger: Ledger) -> dict[str, dict[str, Any]]:
    """Each source's last good, whole, partial and failed poll, with the words of the last two."""
    rows = unbound(SNAPSHOTS)
    is_bad, is_partial = rows.status == "failed", rows.status == "partial"
    told = rows.group_by("source").aggregate(
        good=rows.time.max(where=~is_bad),
        failed=rows.time.max(where=is_bad),
        error=rows.error.argmax(rows.time, where=is_bad),
        partial=rows.time.max(where=is_partial),
        whole=rows.time.max(where=~is_bad & ~is_partial),
        missing=rows.error.argmax(rows.time, where=is_partial),
    )
    return {
        row["source"]: {key: as_utc(value) for key, value in row.items()}
        for row in ledger.store.ask(told).to_pylist()
    }  # fmt: skip


def _files_only(polls: dict[str, dict[str, Any]], clock: Clock) -> Iterator[Diagnosis]:
    newest = max((poll["good"] for poll in polls.values() if poll["good"]), default=None)
    if newest and clock.now - newest > LONG:
        yield Diagnosis("data", "warning", f"The newest data is of {clock.said(newest)}, {clock.ago(newest)}.")


def _deliveries(ledger: Ledger, clock: Clock) -> Iterator[Diagnosis]:
    missed = {one.name: one for one in due(ledger, outbox_of(ledger), clock.now)}
    for name, delivery in ledger.settings.deliveries.items():
        if delivery.at is None:
            continue
        part, one, moment = f"delivery {name}", missed.get(name), last_due(delivery.at, clock.now, clock.zone)
        if isinstance(one, Unmade):
            yield Diagnosis(part, "critical", str(one.error))
        elif one and moment <= clock.now - clock.late:
            yield Diagnosis(part, "critical", f"It should have been made at {clock.said(moment)} and was not.")
        else:
            yield _last_delivery(part, list(runs_of(ledger, name)), clock)


def _last_delivery(part: str, runs: list[dict[str, Any]], clock: Clock) -> Diagnosis:
    if not runs:
        return Diagnosis(part, "ok", "It was never made; its time is yet to come.")
    last = max(runs, key=lambda row: row["run_started_at"])
    words = f"Last made {clock.ago(as_utc(last['run_started_at']))}: {last['result']}."
    return Diagnosis(part, "ok" if last["result"] == "done" else "warning", f"{words} {last['error'] or ''}".strip())


def _outbox(ledger: Ledger, clock: Clock) -> Iterator[Diagnosis]:
    outbox = outbox_of(ledger)
    yield from (Diagnosis("outbox", "critical", sentence) for sentence in outbox.unreadable().values())
    if waiting := outbox.waiting():
        oldest = min(spooled.ticket.spooled_at for spooled in waiting)
        level: Level = "warning" if clock.now - oldest > _WAITS_LONG else "ok"
        words = "1 message waits" if len(waiting) == 1 else f"{len(waiting)} messages wait"
        yield Diagnosis("outbox", level, f"{words} since {clock.said(oldest)}; `gpuledger send --send` tries again.")


def _publications(ledger: Ledger, clock: Clock) -> Iterator[Diagnosis]:
    for name, said in ledger.settings.publish.items():
        told, part = of_publication(ledger.settings, name).read(), f"publication {name}"
        expected = clock.expected(said.at or ledger.settings.ops.publish)
        looked = datetime.fromisoformat(told["looked_at"]) if told.get("looked_at") else None
        if told.get("error"):
            yield _unpublished(part, told, clock)
        elif looked is None:
            yield Diagnosis(part, "critical", f"It was never made; run `gpuledger publish {name} --publish`.")
        elif looked < expected - timedelta(minutes=1):
            words = f"It should have been made at {clock.said(expected)} and was not; last made {clock.ago(looked)}."
            yield Diagnosis(part, "critical" if clock.now - looked > LONG else "warning", words)
        else:
            yield _published(part, told, clock)


def _unpublished(part: str, told: dict[str, Any], clock: Clock) -> Diagnosis:
    """Why nothing came of the last try: without data it did what it could."""
    tried = clock.ago(datetime.fromisoformat(told["failed_at"]))
    if told.get("is_empty"):
        words = f"There was nothing to publish {tried}: the ledger holds no data of its periods."
        return Diagnosis(part, "warning", words)
    return Diagnosis(part, "critical", f"It failed {tried}: {told['error']}")


def _published(part: str, told: dict[str, Any], clock: Clock) -> Diagnosis:
    changed = datetime.fromisoformat(told["published_at"])
    return Diagnosis(part, "ok", f"What stands there was published {clock.ago(changed)}; looked after since.")


def _watchdog(ledger: Ledger, clock: Clock) -> Iterator[Diagnosis]:
    """Only where it has run before: a site without scrontab has none."""
    told, expected = of_watchdog(ledger.settings).read(), clock.expected(ledger.settings.ops.watch)
    if not told.get("looked_at"):
        return
    looked = datetime.fromisoformat(told["looked_at"])
    is_late = looked < expected - timedelta(minutes=1)
    words = f" It should have at {clock.said(expected)} and did not." if is_late else ""
    yield Diagnosis("watchdog", "warning" if is_late else "ok", f"It last looked {clock.ago(looked)}.{words}")


def _failed_runs(ledger: Ledger, clock: Clock) -> Iterator[Diagnosis]:
    """What was read or sent in the last day and failed."""
    rows, since = unbound(RUNS), (clock.now - timedelta(days=1)).astimezone(UTC).replace(tzinfo=None)
    failed = rows.filter((rows.run_started_at >= since) & (rows.result == "failed"))
    told = ledger.store.ask(failed.select("run_kind", "input_name", "error").order_by("input_name")).to_pylist()
    for row in told[:5]:
        yield Diagnosis(
            f"{row['run_kind']} {row['input_name']}", "warning", f"It failed: {row['error'] or 'no reason is known'}"
        )
    if len(told) > 5:
        yield Diagnosis(
            "runs", "warning", f"{len(told) - 5} more failed in the last day; `gpuledger store check` looks."
        )
