"""How `gpuledger send` tells what it would send, what it sent and what waits."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gpuledger.cli import messages
from gpuledger.cli.options import FormOptions
from gpuledger.cli.output import Row, print_rows, print_text
from gpuledger.cli.session import Session

if TYPE_CHECKING:
    from gpuledger.actions._letters import Prepared
    from gpuledger.actions.send import Sent
    from gpuledger.config import Ledger
    from gpuledger.model.document import Format


def print_plans(ledger: "Ledger", prepared: "Sequence[Prepared]", session: Session, form: FormOptions) -> None:
    """What a dry run found: a paragraph a message, or rows where a form of rows was asked for."""
    from gpuledger.actions.send import plan_of

    if not prepared and not form.is_json:
        messages.say("Nothing is due.")
        return
    columns: dict[str, Format] = dict.fromkeys(
        ("delivery", "would", "channel", "recipients", "period", "subject"), "text"
    )
    columns |= {"html_bytes": "byte", "message_bytes": "byte"}
    rows = [plan_of(ledger, one) for one in prepared]
    if form.is_json or form.is_csv or form.parquet:
        listed = [{**row, "recipients": ", ".join(row["recipients"])} for row in rows]
        print_rows(listed, columns, form, session.settings.display_zone)
    else:
        for row in rows:
            print_text(_plan_text(row))
        messages.say("Nothing was sent: this is a dry run; add --send.")


def _plan_text(row: Row) -> str:
    """One delivery as lines: a subject and many recipients fit no table."""
    said = {"channel": row["channel"], "to": ", ".join(row["recipients"]), "period": row["period"]}
    said |= {"subject": row["subject"], "size": _size(row)}
    lines = (f"  {name:<8} {value}" for name, value in said.items() if value)
    return "\n".join([f"{row['delivery']}: {row['would']}", *lines])


def _size(row: Row) -> str:
    if row["message_bytes"] is None:
        return ""
    return f"{row['message_bytes'] / 1024:,.0f} KB, of which the page {row['html_bytes'] / 1024:,.0f} KB"


def say_hindrances(prepared: "Prepared") -> None:
    """What keeps a message back, and what was left out of it."""
    for hindrance in prepared.hindrances:
        messages.warn(f"{prepared.order.name}: {hindrance.sentence}")
    for sentence in prepared.composed.left_out if prepared.composed else ():
        messages.warn(f"{prepared.order.name}: {sentence}")


def print_sent(sent: "Sequence[Sent]", form: FormOptions) -> None:
    """Each recipient's answer."""
    columns: dict[str, Format] = dict.fromkeys(("delivery", "result", "recipient", "outcome", "said"), "text")
    rows = [row for one in sent for row in _answer_rows(one)]
    if rows or form.is_json:
        print_rows(rows, columns, form)
    else:
        messages.say("There was nothing to send.")
    say_sentences(sent)


def _answer_rows(sent: "Sent") -> list[Row]:
    row = {"delivery": sent.delivery, "result": sent.result}
    answers: list[Row] = [
        {**row, "recipient": one, "outcome": told.outcome, "said": told.said} for one, told in sent.answers.items()
    ]
    return answers or [{**row, "recipient": "", "outcome": "", "said": ""}]


def say_sentences(sent: "Sequence[Sent]") -> None:
    """What people should know of each delivery, as loudly as it matters."""
    for one in sent:
        tell = messages.error if one.result == "failed" else messages.warn if one.exit_code else messages.say
        for sentence in one.sentences:
            tell(f"{one.delivery}: {sentence}")


def say_waiting(count: int) -> None:
    """How many messages earlier runs left in the outbox; nothing of none."""
    if count:
        verb = "messages wait" if count > 1 else "message waits"
        messages.say(f"{count} {verb} in the outbox; `gpuledger send --send` tries again.")
