"""`send`: what is due goes to its people once; what waits in the outbox goes first."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

import pyarrow as pa

from gpuledger.actions._letters import Hindrance, Prepared, operator_heading, operator_letter, operator_subject, prepare
from gpuledger.actions._orders import Order, Unmade, is_done
from gpuledger.actions._standing import Standing, once_more, standing
from gpuledger.config import Ledger
from gpuledger.config.channels import channel_named, outbox_folder, require_whole
from gpuledger.deliver import Delivered
from gpuledger.deliver.addresses import address_of
from gpuledger.deliver.dispatch import Patience, dispatch
from gpuledger.deliver.message import compose
from gpuledger.deliver.outbox import Outbox, Spooled, Ticket
from gpuledger.model.batch import Batch
from gpuledger.model.errors import LedgerError, NoData
from gpuledger.model.tables import RUNS

Orders = Callable[[Outbox], Sequence[Order | Unmade]]
Result = Literal["done", "partial", "failed", "waiting", "stopped", "known"]
NO_RECIPIENT = "No recipient: add --recipient ADDRESS, or [deliveries.NAME] to the configuration"
CODES: dict[Result, int] = {"done": 0, "known": 0, "partial": 3, "waiting": 3, "stopped": 3, "failed": 1}


@dataclass(frozen=True)
class Sent:
    """What became of one message.

    done: all have it · partial: some refused it · failed: nobody took it, or it could not be made · waiting: in the
    outbox for the next run · stopped: kept back, see `sentences` · known: dealt with before, nothing was done.
    """

    delivery: str
    result: Result
    period: str = ""
    subject: str = ""
    answers: Mapping[str, Delivered] = field(default_factory=dict)
    sentences: tuple[str, ...] = ()
    code: int | None = None

    @property
    def exit_code(self) -> int:
        return CODES[self.result] if self.code is None else self.code


@dataclass
class _Run:
    """One run that sends: the only one, for it holds the outbox's lock."""

    ledger: Ledger
    outbox: Outbox
    now: datetime
    stuck: set[str] = field(default_factory=set)
    """Channels that took nothing in this run: each further message is tried once."""


def send(ledger: Ledger, orders: Orders, now: datetime) -> Iterator[Sent]:
    """Sends what waits in the outbox, then the orders; what became of each, as it is known.

    `orders` is asked when nobody else can send. An order that cannot be made does not keep the others from leaving.
    Raises Busy while another run sends, DiskFull or ReadOnly when the outbox or the ledger cannot be written.
    """
    outbox = outbox_of(ledger)
    with outbox.alone():
        run = _Run(ledger, outbox, now)
        waiting = outbox.waiting()
        yield from (Sent(key, "failed", sentences=(sentence,)) for key, sentence in outbox.unreadable().items())
        yield from (_dispatched(run, spooled) for spooled in waiting)
        tried = {spooled.ticket.key for spooled in waiting}
        for order in orders(outbox):
            if isinstance(order, Unmade):
                yield _failed(order.name, "", order.error)
            elif (order := once_more(ledger, order)).key not in tried:
                yield _made(run, order)
        outbox.expire(now, ledger.settings.outbox_days)


def outbox_of(ledger: Ledger) -> Outbox:
    """Where the ledger's messages wait."""
    return Outbox(outbox_folder(ledger.settings))


def known_of(ledger: Ledger, order: Order) -> Sent | None:
    """What sending says of an order that was dealt with, and does not do again; None of any other."""
    if not is_done(ledger, outbox_of(ledger), order):
        return None
    before = standing(ledger, order) or Standing(order.name, 1, (), "")
    return Sent(order.name, "known", str(order.period), sentences=before.sentences, code=before.exit_code)


def plan_of(ledger: Ledger, prepared: Prepared) -> dict[str, Any]:
    """What sending would do, in a line: its recipients are listed, its sizes are in bytes."""
    order, letter, composed = prepared.order, prepared.letter, prepared.composed
    recipients, subject, outbox = prepared.recipients, prepared.subject, outbox_of(ledger)
    if is_done(ledger, outbox, order):
        before = standing(ledger, order)
        would = f"was {before.outcome} before" if before else "was sent before"
        would += ", and would not be sent again"
    elif outbox.find(order.key):
        would = "waits in the outbox, and would be tried again"
    elif not recipients:
        would = "would not be sent: everyone has it" if order.having else f"would not be sent. {NO_RECIPIENT}"
    elif prepared.stopping:
        operator = order.delivery.operator
        told = "its operator would be told" if operator else "nobody would be told, it has no operator"
        would = f"would be kept back from {', '.join(recipients)}; {told}"
        recipients, subject = ((address_of(operator),), operator_subject(prepared)) if operator else ((), "")
        letter = composed = None
    else:
        would = "would be sent"
    return {
        "delivery": order.name, "would": would, "channel": order.delivery.channel, "recipients": recipients,
        "period": str(order.period), "subject": subject,
        "html_bytes": len(letter.html.encode()) if letter else None,
        "message_bytes": len(composed.content) if composed else None,
    }  # fmt: skip


def exit_code(codes: Iterable[int]) -> int:
    """0 when all is well, the code of all when they agree, else 3: partial."""
    told = list(codes)
    return told[0] if len(set(told)) == 1 else NoData.exit_code if any(told) else 0


def _made(run: _Run, order: Order) -> Sent:
    if known := known_of(run.ledger, order):
        return known
    try:
        require_whole(run.ledger.settings, order.name, order.delivery)
        prepared = prepare(run.ledger, order, run.now)
    except LedgerError as error:
        return _failed(order.name, str(order.period), error)
    except Exception as error:  # noqa: BLE001 - a fault in one report must not keep the others from leaving
        why = f"Unexpected {type(error).__name__}: {error}; `gpuledger send {order.name} --debug` shows where."
        return _failed(order.name, str(order.period), LedgerError(why))
    if not prepared.recipients:
        return Sent(order.name, "known", str(order.period), sentences=("Everyone has it; nobody is sent it again.",))
    told = _tell_operator(run, prepared)
    if stopping := prepared.stopping:
        sentences = (*(h.sentence for h in prepared.hindrances), *told)
        return Sent(order.name, "stopped", str(order.period), prepared.subject, {}, sentences, stopping[0].exit_code)
    sent = _dispatched(run, run.outbox.spool(_ticket(order, prepared, run.now), _content(prepared)))
    return replace(sent, sentences=(*sent.sentences, *told))


def _failed(name: str, period: str, error: LedgerError) -> Sent:
    return Sent(name, "failed", period, sentences=(str(error),), code=error.exit_code)


def _content(prepared: Prepared) -> bytes:
    assert prepared.composed  # what is not stopped has a message
    return prepared.composed.content


def _ticket(order: Order, prepared: Prepared, now: datetime) -> Ticket:
    # What was asked by hand is no making of the delivery: it stays due.
    name = f"{order.name} ({'test' if order.is_test else 'by hand'})" if order.is_test or order.salt else order.name
    return Ticket(
        order.key, name, order.delivery.report, order.delivery.channel, prepared.recipients, prepared.subject,
        str(order.period), now.astimezone(UTC),
    )  # fmt: skip


def _dispatched(run: _Run, spooled: Spooled) -> Sent:
    """Tries to send a spooled message; recorded in the ledger and moved away when there is nothing left to try."""
    ticket, sentences = spooled.ticket, []
    try:
        answers = _tried(run, spooled)
    except LedgerError as error:  # its channel is no longer configured, or wrongly
        answers, sentences = spooled.last_answers(), [str(error)]
    is_too_old = (run.now - ticket.spooled_at).days >= run.ledger.settings.outbox_days
    if spooled.remaining and not is_too_old:
        return Sent(ticket.delivery, "waiting", ticket.period, ticket.subject, answers, tuple(sentences))
    if spooled.remaining:
        sentences.append(f"It was tried for {run.ledger.settings.outbox_days} days and is given up.")
    result = _result(answers)
    _record(run, spooled, answers, result)
    run.outbox.finish(spooled)
    return Sent(ticket.delivery, result, ticket.period, ticket.subject, answers, tuple(sentences))


def _tried(run: _Run, spooled: Spooled) -> dict[str, Delivered]:
    name = spooled.ticket.channel
    if not spooled.remaining:  # killed before it was recorded
        return spooled.last_answers()
    channel, configured = channel_named(run.ledger.settings, name), run.ledger.settings.channels[name]
    patience = Patience(1 if name in run.stuck else configured.tries, configured.wait_seconds)
    answers = dispatch(spooled, channel, patience, run.now)
    if all(delivered.outcome == "waiting" for delivered in answers.values()):
        run.stuck.add(name)
    return answers


def _result(answers: Mapping[str, Delivered]) -> Result:
    outcomes = {delivered.outcome for delivered in answers.values()}
    return "done" if outcomes == {"sent"} else "partial" if "sent" in outcomes else "failed"


def _record(run: _Run, spooled: Spooled, answers: Mapping[str, Delivered], result: Result) -> None:
    """The run's row in the ledger; written again after a kill it is the same row."""
    import hashlib

    ticket, content = spooled.ticket, spooled.content
    refused = [f"{one}: {told.said}" for one, told in answers.items() if told.outcome != "sent"]
    row: dict[str, Any] = {
        "ingest_id": ticket.key, "run_kind": "send", "run_started_at": ticket.spooled_at, "run_ended_at": run.now,
        "source": ticket.channel, "source_type": ticket.report, "input_name": ticket.delivery,
        "input_sha256": hashlib.sha256(content).hexdigest(), "input_bytes": len(content), "result": result,
        "error": "; ".join(refused) or None, "remarks": [ticket.subject, ticket.period],
        "recipients": [one for one, told in answers.items() if told.outcome == "sent"],
    }  # fmt: skip
    run.ledger.store.append(Batch(RUNS, pa.Table.from_pylist([row])), ticket.key)


def _tell_operator(run: _Run, prepared: Prepared) -> list[str]:
    """Mails what stands in the way to the operator, once a period and kind; sentences about that."""
    order, told = prepared.order, prepared.hindrances
    if not told or order.is_test or (order.is_forced and not prepared.stopping):
        return []
    if not order.delivery.operator:
        return ["Nobody was told by mail: the delivery has no operator."]
    key = f"{order.key}-{told[0].kind}"
    if run.outbox.find(key) or len(run.ledger.store.matching(RUNS, ingest_id=key)):
        return ["The operator was told before."]
    channel = _to_addresses(run.ledger, order.delivery.channel)
    if channel is None:
        return ["The operator was not told: no channel that reaches addresses is configured."]
    spooled = run.outbox.spool(*_notice(run, prepared, told, key, channel))
    sent = _dispatched(run, spooled)
    return [
        f"The operator {order.delivery.operator} {'was told' if sent.result == 'done' else 'could not be told yet'}."
    ]


def _notice(run: _Run, prepared: Prepared, told: Sequence[Hindrance], key: str, channel: str) -> tuple[Ticket, bytes]:
    order, operator = prepared.order, str(prepared.order.delivery.operator)
    heading = operator_heading(run.ledger, order, operator, key, run.now, channel)
    composed = compose(operator_letter(order, told, prepared), heading)
    ticket = Ticket(
        key, f"{order.name} (operator)", order.delivery.report, channel, (address_of(operator),),
        str(composed.message["Subject"]), str(order.period), run.now.astimezone(UTC),
    )  # fmt: skip
    return ticket, composed.content


def _to_addresses(ledger: Ledger, preferred: str) -> str | None:
    """The delivery's own channel when it reaches addresses, else the first that does."""
    names = dict.fromkeys((preferred, *ledger.settings.channels))
    return next((name for name in names if not channel_named(ledger.settings, name).targets), None)
