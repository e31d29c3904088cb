"""Bytes to people, once each: a message is spooled before it leaves and kept until every recipient has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import ClassVar, Literal, Protocol

Outcome = Literal["sent", "refused", "waiting"]
"""sent: the other side took it · refused: it will never take it · waiting: it may take it later."""


@dataclass(frozen=True)
class Delivered:
    """What became of one recipient: the outcome and what the other side said."""

    outcome: Outcome
    said: str = ""


class Channel(Protocol):
    """A way to people: a frozen dataclass whose fields are its configuration keys (`[channels.NAME]`).

    `name` is the file's name, the entry point's name and the docs anchor.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> Mapping[str, Delivered]:
        """Hands the message over, once; what became of each recipient. Retries and the record are the outbox's.

        Every channel is given the same MIME message and takes from it what it can carry (a chat the subject and the
        text). Raises ChannelError when nothing could be handed over at all and it is worth trying again.
        """
