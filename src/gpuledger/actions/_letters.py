"""The message of an order: its report made, what stands in the way of sending it, and the mail composed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from gpuledger.actions._orders import Order
from gpuledger.actions.report import report
from gpuledger.config import Ledger
from gpuledger.config.channels import channel_named
from gpuledger.config.check import parameters
from gpuledger.deliver.addresses import address_of
from gpuledger.deliver.message import Composed, Heading, compose
from gpuledger.model.document import Document, Note
from gpuledger.model.errors import Findings, NoData, UsageError
from gpuledger.plugins import load
from gpuledger.render import render
from gpuledger.render.mail import mail
from gpuledger.render.mail.letter import Letter, Templates

NOBODY = "gpuledger <gpuledger@localhost>"
"""Who a message is from where its channel does not say."""
STALE = "stale"
INVARIANT = "invariant"
TEMPLATES = ("subject.txt", "mail.txt", "mail.html")


@dataclass(frozen=True)
class Hindrance:
    """Why a report should not go to its readers, or what their operator should know of it."""

    kind: Literal["no-data", "stale", "invariant"]
    sentence: str
    is_stopping: bool = True

    @property
    def exit_code(self) -> int:
        return Findings.exit_code if self.kind == "invariant" else NoData.exit_code


@dataclass(frozen=True)
class Prepared:
    """An order ready to go. Without data there is no message."""

    order: Order
    recipients: tuple[str, ...]
    hindrances: tuple[Hindrance, ...] = ()
    letter: Letter | None = None
    composed: Composed | None = None

    @property
    def stopping(self) -> tuple[Hindrance, ...]:
        """What keeps it from its readers. Force and a test let all pass but the lack of any data."""
        passes = self.order.is_forced or self.order.is_test
        return tuple(h for h in self.hindrances if h.is_stopping and not (passes and self.composed))

    @property
    def subject(self) -> str:
        return str(self.composed.message["Subject"]) if self.composed else ""


def prepare(ledger: Ledger, order: Order, now: datetime) -> Prepared:
    """Makes the report of an order and its message. Raises LedgerError for what is wrong, never for missing data."""
    heading, recipients = _heading(ledger, order, now)
    try:
        document = document_of(ledger, order, now)
    except NoData as error:
        return Prepared(order, recipients, (Hindrance("no-data", str(error)),))
    document = _with_checks_on_top(document)
    letter = mail(document, templates_of(order.delivery.templates), link=order.delivery.link)
    with TemporaryDirectory() as folder:
        files = _attached(document, order.delivery.formats, Path(folder))
        composed = compose(letter, heading, files, order.delivery.link)
    return Prepared(order, recipients, tuple(hindrances(document)), letter, composed)


def document_of(ledger: Ledger, order: Order, now: datetime) -> Document:
    """The report of an order. Raises NoData when the ledger holds nothing of the period."""
    delivery = order.delivery
    declared = load("reports", delivery.report)
    said = ledger.settings.reports.get(delivery.report, {}) | delivery.parameters
    given = parameters(declared.parameters, said, f"[deliveries.{order.name}]")
    return report(ledger, declared, given, order.period, delivery.where, now)


def hindrances(document: Document) -> Iterator[Hindrance]:
    """Old data, and numbers that do not add up: above 1 % of the GPUs (critical) they stop the mail."""
    for note in document.banners:
        if note.level == STALE:
            yield Hindrance("stale", note.sentence)
    for note in _failed_checks(document):
        yield Hindrance("invariant", note.sentence, is_stopping=note.level == "critical")


def _failed_checks(document: Document) -> list[Note]:
    """Checks of the numbers that failed, worst first, each once wherever it stands."""
    inside = (block for block in document.blocks if isinstance(block, Note))
    failed = {
        note.id: note
        for note in (*document.banners, *inside)
        if note.rule.startswith(INVARIANT) and note.level in ("critical", "warning")
    }
    return sorted(failed.values(), key=lambda note: note.level)


def _with_checks_on_top(document: Document) -> Document:
    there = {note.id for note in document.banners}
    more = tuple(note for note in _failed_checks(document) if note.id not in there)
    return replace(document, banners=(*more, *document.banners))


def templates_of(folder: Path | None) -> Templates | None:
    """The user's own templates: those of the three files that are in the folder."""
    if folder is None:
        return None
    subject, text, html = (path if (path := folder / name).is_file() else None for name in TEMPLATES)
    return Templates.read(subject, text, html)


def operator_letter(order: Order, told: Sequence[Hindrance], prepared: Prepared) -> Letter:
    """What the operator is told; the report that was kept back stands below."""
    is_kept_back = bool(prepared.stopping)
    lines = [h.sentence for h in told]
    lines += ["", f"Delivery {order.name} of {order.period} ({order.delivery.report})."]
    if is_kept_back:
        lines += [f"It was sent to none of its {len(prepared.recipients)} recipients. When the data is there, the next"]
        lines += ["`gpuledger send --due --send` sends it; to send it as it is:"]
        lines += ["", f"  gpuledger send {order.name} --send --force"]
    else:
        lines += ["It was sent all the same: the difference is small."]
    if prepared.letter:
        lines += ["", "-" * 72, prepared.letter.subject, "", prepared.letter.text]
    return Letter(operator_subject(prepared), "\n".join(lines) + "\n", "")


def operator_subject(prepared: Prepared) -> str:
    """What the operator's message is about, without the delivery's prefix."""
    what = "Not sent" if prepared.stopping else "Sent, but look at it"
    return f"{what}: {prepared.order.name}: {prepared.hindrances[0].sentence}"


def operator_heading(ledger: Ledger, order: Order, operator: str, key: str, now: datetime, channel: str) -> Heading:
    """The headers of what the operator is told."""
    sender = sender_of(ledger, channel)
    return Heading(sender, (operator,), (), _message_id(key, sender), order.name, now, order.delivery.subject_prefix)


def sender_of(ledger: Ledger, channel: str) -> str:
    """Who messages of a channel are from."""
    if not channel:
        return NOBODY
    return getattr(channel_named(ledger.settings, channel), "sender", "") or NOBODY


def _heading(ledger: Ledger, order: Order, now: datetime) -> tuple[Heading, tuple[str, ...]]:
    """The headers, and everyone the message goes to: a test reaches the test recipient alone."""
    delivery, prefix = order.delivery, order.delivery.subject_prefix
    to, cc, everyone = delivery.recipients, delivery.cc, delivery.everyone
    targets = channel_named(ledger.settings, delivery.channel).targets if delivery.channel else ()
    if order.is_test:
        if not delivery.test_recipient:
            raise UsageError(f'[deliveries.{order.name}]: a test needs test_recipient = "name@example.edu".')
        if targets:
            raise UsageError(f"[channels.{delivery.channel}] reaches {targets[0]}, no address: a test cannot go by it.")
        to, cc, everyone = (delivery.test_recipient,), (), (address_of(delivery.test_recipient),)
        prefix = f"[test] {prefix}".strip()
    sender = sender_of(ledger, delivery.channel)
    heading = Heading(sender, to, cc, _message_id(order.key, sender), order.name, now, prefix)
    return heading, tuple(one for one in tuple(targets) or everyone if one not in order.having)


def _message_id(key: str, sender: str) -> str:
    return f"<{key}@{address_of(sender).rpartition('@')[2]}>"


def _attached(document: Document, formats: Sequence[str], folder: Path) -> list[Path]:
    if not formats:
        return []
    names = {"index.html": f"{document.name}.html"}
    files = [file for file in render(document, formats, folder) if file.name != "index.json"]
    return [file.rename(file.with_name(names.get(file.name, file.name))) for file in files]
