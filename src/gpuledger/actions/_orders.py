"""What is to be sent: a delivery and the period it is about, which makes it the same message however often it is asked."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from gpuledger.config import Ledger, Settings
from gpuledger.config.channels import channel_named
from gpuledger.config.deliveries import CALENDAR, PREVIOUS, DeliverySettings
from gpuledger.deliver.outbox import Outbox
from gpuledger.model.choice import PeriodChoice
from gpuledger.model.errors import LedgerError, UsageError
from gpuledger.model.names import unknown
from gpuledger.model.period import By, Period, label, named, tzinfo
from gpuledger.model.tables import RUNS
from gpuledger.plugins import load, names


@dataclass(frozen=True)
class Order:
    """One delivery of one period.

    `is_test` goes to the test recipient alone; `is_forced` goes although the data is old or the numbers do not add up.
    `salt` tells what was asked by hand apart from what the configuration says. `is_again` asks for those who do not have
    it once more: then `attempt` counts, and `having` are those who have it.
    """

    name: str
    delivery: DeliverySettings
    period: Period
    is_test: bool = False
    is_forced: bool = False
    salt: str = ""
    is_again: bool = False
    attempt: int = 1
    having: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Of delivery and period: it names the message's folder and makes its Message-ID."""
        parts = [self.name, self.delivery.report, *(t.isoformat() for t in (self.period.start, self.period.end))]
        digest = hashlib.sha256(json.dumps([*parts, self.is_test, self.salt]).encode()).hexdigest()[:12]
        stem = re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")[:40] or "delivery"
        again = f"-{self.attempt}" if self.attempt > 1 else ""
        return f"{stem}{'-test' if self.is_test else ''}-{self.period.end:%Y%m%dT%H%MZ}-{digest}{again}"


@dataclass(frozen=True)
class Unmade:
    """A delivery whose configuration makes no order."""

    name: str
    error: LedgerError


@dataclass(frozen=True)
class ByHand:
    """What was typed that differs from the configuration."""

    recipients: tuple[str, ...] = ()
    channel: str | None = None
    where: tuple[str, ...] = ()
    when: PeriodChoice = PeriodChoice()
    is_test: bool = False


def by_hand(settings: Settings, name: str, hand: ByHand, now: datetime) -> Order:
    """A delivery, or a report, as typed. Raises UsageError for a name that is neither, or a value that does not fit."""
    delivery = _changed(settings, name, hand)
    minute = now.replace(second=0, microsecond=0)
    if hand.when.spoken:
        default_last = delivery.last or load("reports", delivery.report).window(
            settings.reports.get(delivery.report, {})
        )
        when = replace(hand.when, last=default_last) if set(hand.when.spoken) == {"--to"} else hand.when
        period = when.period(minute, settings.display_zone, settings.fiscal_start_month, default_last)
    else:
        moment = last_due(delivery.at, now, settings.display_zone) if delivery.at else minute
        period = period_of(settings, delivery, moment)
    told = [hand.recipients, hand.channel, hand.where, now.isoformat() if hand.is_test else ""]
    is_test = hand.is_test or delivery.mode == "test"
    return Order(name, delivery, period, is_test=is_test, salt=json.dumps(told))


def _changed(settings: Settings, name: str, hand: ByHand) -> DeliverySettings:
    """The delivery with what was typed in place of what is configured."""
    if name in settings.deliveries:
        told = settings.deliveries[name].model_dump()
    elif name in names("reports"):
        told = {"report": name, "channel": "" if hand.channel else _only_channel(settings)}
    else:
        raise UsageError(unknown("delivery or report", name, [*settings.deliveries, *names("reports")]))
    if hand.recipients:
        told |= {"recipients": hand.recipients, "cc": (), "bcc": ()}
    if hand.channel:
        told["channel"] = hand.channel
    try:
        return DeliverySettings.model_validate(told | ({"where": hand.where} if hand.where else {}))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise UsageError(f"{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}.") from None


def _only_channel(settings: Settings) -> str:
    """The one channel that reaches addresses; '' when there are several or none."""
    found = [name for name in settings.channels if not channel_named(settings, name).targets]
    return found[0] if len(found) == 1 else ""


def order_of(settings: Settings, name: str, now: datetime) -> Order:
    """A configured delivery as it stands at `now`: about the moment it was last due, or this minute without `at`."""
    delivery = settings.deliveries[name]
    moment = last_due(delivery.at, now, settings.display_zone) if delivery.at else now.replace(second=0, microsecond=0)
    return Order(name, delivery, period_of(settings, delivery, moment), is_test=delivery.mode == "test")


def period_of(settings: Settings, delivery: DeliverySettings, moment: datetime) -> Period:
    """The period of a delivery made at `moment`. Raises UsageError for one that is not understood."""
    zone, first_month = settings.display_zone, settings.fiscal_start_month
    keys = delivery.period_keys
    for name in CALENDAR:
        if keys.get(name) == PREVIOUS:
            return named(_calendar_name(name, moment, zone, first_month), zone, first_month).previous()
    default_last = load("reports", delivery.report).window(settings.reports.get(delivery.report, {}))
    return PeriodChoice(**keys).period(moment, zone, first_month, default_last)


def _calendar_name(part: str, moment: datetime, zone: str, first_month: int) -> str:
    """The day, week … fiscal year that `moment` lies in, by name."""
    if part != "fiscal_year":
        by: dict[str, By] = {"day": "day", "week": "week", "month": "month", "quarter": "quarter", "year": "year"}
        return label(moment, by[part], zone)
    local = moment.astimezone(tzinfo(zone))
    return f"FY{local.year + (first_month > 1 and local.month >= first_month)}"


def last_due(at: str, now: datetime, zone: str) -> datetime:
    """The newest moment not after `now` that the cron expression names, by the clock of `zone`.

    As Debian's cron: what falls into the hour a DST night leaves out comes right after it, what falls into the
    repeated hour comes once.
    """
    from cronsim import CronSim

    ahead = (now + timedelta(hours=26)).astimezone(tzinfo(zone))
    ticks = (tick.astimezone(UTC) for tick in CronSim(at, ahead, reverse=True))
    return next(tick for tick in ticks if tick <= now)


def due(ledger: Ledger, outbox: Outbox, now: datetime) -> list[Order | Unmade]:
    """Deliveries whose moment has come and that were not made since; what is wrong with one stays with it."""
    found: list[Order | Unmade] = []
    for name, delivery in ledger.settings.deliveries.items():
        if delivery.at is None:
            continue
        try:
            order = order_of(ledger.settings, name, now)
        except LedgerError as error:
            found.append(Unmade(name, error))
            continue
        moment = last_due(delivery.at, now, ledger.settings.display_zone)
        if not is_done(ledger, outbox, order) and not _is_made_since(ledger, order, moment):
            found.append(order)
    return found


def is_done(ledger: Ledger, outbox: Outbox, order: Order) -> bool:
    """Was this delivery of this period dealt with, as the outbox or the ledger knows?"""
    return outbox.is_finished(order.key) or bool(len(ledger.store.matching(RUNS, ingest_id=order.key)))


def _is_made_since(ledger: Ledger, order: Order, moment: datetime) -> bool:
    """Also of another period: a delivery whose configuration changed after it was made is not made again at once."""
    return any(row["run_started_at"] >= moment.replace(tzinfo=None) for row in runs_of(ledger, order.name))


def states(ledger: Ledger, outbox: Outbox, now: datetime) -> list[dict[str, Any]]:
    """Each delivery in a line: when it is made, when it was last sent, whether it waits, is due or is done."""
    waiting = {spooled.ticket.delivery for spooled in outbox.waiting()}
    wanted = {one.name for one in due(ledger, outbox, now)}
    return [
        {
            "delivery": name, "report": delivery.report, "channel": delivery.channel,
            "recipients": len(delivery.everyone), "at": delivery.at or "",
            "last_sent": max((row["run_started_at"] for row in runs_of(ledger, name) if row["recipients"]), default=None),
            "state": "waits" if name in waiting else "due" if name in wanted else _ended(ledger, name, delivery),
        }
        for name, delivery in ledger.settings.deliveries.items()
    ]  # fmt: skip


def _ended(ledger: Ledger, name: str, delivery: DeliverySettings) -> str:
    """How the newest making of a delivery ended, all attempts at its period together."""
    rows = list(runs_of(ledger, name))
    newest = max(rows, key=lambda row: row["run_started_at"], default=None)
    if newest and newest["result"] != "done":
        is_taken = any(row["recipients"] for row in rows if row["remarks"][-1:] == newest["remarks"][-1:])
        return "refused by some" if is_taken else "refused"
    return "done" if delivery.at else "by hand"


def runs_of(ledger: Ledger, name: str) -> Iterable[dict[str, Any]]:
    """The ledger's rows of a delivery's sends, tests and notices not among them; instants as naive UTC."""
    rows: list[dict[str, Any]] = ledger.store.matching(RUNS, run_kind="send", input_name=name).to_pylist()
    return rows
