"""`gpuledger send`: reports to people. A dry run unless --send."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpuledger.cli import messages
from gpuledger.cli.options import FormOptions, spread
from gpuledger.cli.output import print_rows
from gpuledger.cli.send_told import print_plans, print_sent, say_hindrances, say_sentences, say_waiting
from gpuledger.cli.session import Session
from gpuledger.model.choice import PeriodChoice
from gpuledger.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gpuledger.actions._letters import Prepared
    from gpuledger.actions._orders import Order, Unmade
    from gpuledger.actions.send import Orders, Sent
    from gpuledger.config import Ledger
    from gpuledger.model.document import Format

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@dataclass(frozen=True)
class What:
    """Which delivery, and how it differs from its configuration."""

    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            show_default=False,
            help="A delivery of the configuration, or a report with --recipient; without one all are listed.",
        ),
    ] = None
    is_due: Annotated[
        bool, typer.Option("--due", help="Every delivery whose `at` has come and that was not made since.")
    ] = False
    recipients: Annotated[
        list[str] | None,
        typer.Option("--recipient", metavar="ADDRESS", help="Send it by hand to these instead; may be repeated."),
    ] = None
    channel: Annotated[
        str | None,
        typer.Option(
            "--channel", metavar="NAME", help="Channel of what is sent by hand; needed when there are several."
        ),
    ] = None
    where: Annotated[
        list[str] | None,
        typer.Option("--where", metavar="DIM=VALUE", help="Filter of what is sent by hand, as in `gpuledger report`."),
    ] = None
    is_test: Annotated[bool, typer.Option("--test", help="To the test recipient alone, marked as a test.")] = False
    is_forced: Annotated[
        bool, typer.Option("--force", help="Although the data is old or the numbers do not add up.")
    ] = False
    is_again: Annotated[
        bool, typer.Option("--again", help="Once more to those who do not have it, such as who refused it.")
    ] = False


@dataclass(frozen=True)
class Where:
    """Where it goes instead of nowhere."""

    is_sent: Annotated[bool, typer.Option("--send", help="Really send; without it nothing leaves this machine.")] = (
        False
    )
    eml: Annotated[
        Path | None, typer.Option("--eml", metavar="FILE", help="Write the message to a file; nothing is sent.")
    ] = None
    preview: Annotated[
        Path | None,
        typer.Option("--preview", metavar="DIR", help="Write mail.html, mail.txt and mail.eml; nothing is sent."),
    ] = None
    templates: Annotated[
        Path | None, typer.Option("--templates", metavar="DIR", help="Write the built-in templates there, to edit.")
    ] = None

    def __post_init__(self) -> None:
        """Raises UsageError for two at once."""
        flags = {"--send": self.is_sent, "--eml": self.eml, "--preview": self.preview, "--templates": self.templates}
        if len(given := [flag for flag, value in flags.items() if value]) > 1:
            raise UsageError(f"{' and '.join(given)} do not go together; choose one.")


@app.command()
@spread
def send(ctx: typer.Context, what: What, to: Where, when: PeriodChoice, form: FormOptions) -> None:
    """Send reports to people; a dry run without --send.

    With --send what waits in the outbox from earlier runs goes first. A period is delivered once.

    \b
    Examples:
      gpuledger send
      gpuledger send nightly
      gpuledger send --due --send
      gpuledger send usage --recipient me@example.edu --month 2026-05 --send
      gpuledger send nightly --preview look
    """
    session: Session = ctx.obj
    if to.templates:
        return _write_templates(to.templates)
    if what.name and what.is_due:
        raise UsageError("--due is about every delivery; leave the name out, or --due.")
    if not what.name and (
        what.recipients or what.channel or what.where or what.is_test or what.is_again or when.spoken
    ):
        raise UsageError("Say which delivery: `gpuledger send NAME …`; `gpuledger send` lists them.")
    with session.open_existing(may_be_empty=bool(session.settings.deliveries)) as ledger:
        if to.is_sent:
            return _send(ledger, session, _orders(ledger, session, what, when), form)
        if not what.name and not what.is_due:
            return _list(ledger, session, form)
        return _show(ledger, session, _orders(ledger, session, what, when), to, form)


def _write_templates(folder: Path) -> None:
    from gpuledger.actions._previews import template_files

    written = template_files(folder)
    for file in written:
        print(file)
    messages.say(
        f"Name the folder in a delivery: templates = {str(folder)!r}." if written else "All are there already."
    )


def _orders(ledger: "Ledger", session: Session, what: What, when: PeriodChoice) -> "Orders":
    """What is to be sent, asked when nobody else sends."""
    from gpuledger.actions._orders import Unmade, due

    if what.name is None:
        if not what.is_due:
            return lambda outbox: ()
        return lambda outbox: [
            one if isinstance(one, Unmade) else replace(one, is_forced=what.is_forced)
            for one in due(ledger, outbox, session.now)
        ]
    order = _order(session, what, when)
    return lambda outbox: [order]


def _order(session: Session, what: What, when: PeriodChoice) -> "Order":
    from gpuledger.actions._orders import ByHand, by_hand, order_of

    settings, name = session.settings, str(what.name)
    hand = ByHand(tuple(what.recipients or ()), what.channel, tuple(what.where or ()), when, what.is_test)
    if name in settings.deliveries and hand == ByHand():
        order = order_of(settings, name, session.now)
    else:
        order = by_hand(settings, name, hand, session.now)
    return replace(order, is_forced=what.is_forced, is_again=what.is_again)


def _list(ledger: "Ledger", session: Session, form: FormOptions) -> None:
    """Every delivery, and what waits."""
    from gpuledger.actions._orders import states
    from gpuledger.actions.send import outbox_of

    if not session.settings.deliveries:
        raise UsageError("No delivery is configured: add [deliveries.NAME], or send by hand: `gpuledger send REPORT`.")
    outbox = outbox_of(ledger)
    rows = states(ledger, outbox, session.now)
    columns: dict[str, Format] = dict.fromkeys(("delivery", "report", "channel"), "text")
    columns |= {"recipients": "count", "at": "text", "last_sent": "instant", "state": "text"}
    print_rows(rows, columns, form, session.settings.display_zone)
    say_waiting(len(outbox.waiting()))


def _show(ledger: "Ledger", session: Session, orders: "Orders", to: Where, form: FormOptions) -> None:
    """What would be sent: nothing leaves."""
    from gpuledger.actions.send import known_of, outbox_of

    outbox = outbox_of(ledger)
    prepared = list(_prepared(ledger, session, orders(outbox)))
    refused = [known for one in prepared if (known := known_of(ledger, one.order)) and known.exit_code]
    say_sentences(refused)
    files = [file for one in prepared for file in _files(one, to)]
    for file in files:
        print(file)
    if not files:
        print_plans(ledger, prepared, session, form)
        say_waiting(len(outbox.waiting()))
    stopped = [one.stopping[0].exit_code for one in prepared if one.stopping]
    if codes := [*stopped, *(known.exit_code for known in refused)]:
        raise typer.Exit(max(codes))


def _prepared(ledger: "Ledger", session: Session, orders: "Iterable[Order | Unmade]") -> "Iterator[Prepared]":
    """Each message as it would be sent; what hinders it is said. Raises what kept one from being made."""
    from gpuledger.actions._letters import prepare
    from gpuledger.actions._orders import Unmade
    from gpuledger.actions._standing import once_more

    for order in orders:
        if isinstance(order, Unmade):
            raise order.error
        one = prepare(ledger, once_more(ledger, order), session.now)
        say_hindrances(one)
        yield one


def _files(prepared: "Prepared", to: Where) -> list[Path]:
    """What was asked to be written instead of sent."""
    from gpuledger.actions._previews import message_file, preview

    if to.eml:
        return [message_file(prepared, to.eml)]
    return preview(prepared, to.preview) if to.preview else []


def _send(ledger: "Ledger", session: Session, orders: "Orders", form: FormOptions) -> None:
    from gpuledger.actions.send import exit_code
    from gpuledger.actions.send import send as action

    sent: list[Sent] = []
    try:
        for one in action(ledger, orders, session.now):
            sent.append(one)
            messages.note("Sent.", delivery=one.delivery, result=one.result, period=one.period)
    except BaseException:  # what was sent is told, whatever stopped the rest
        if sent:
            print_sent(sent, form)
        raise
    print_sent(sent, form)
    if code := exit_code(one.exit_code for one in sent):
        raise typer.Exit(code)
