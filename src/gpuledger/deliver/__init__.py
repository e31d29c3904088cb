"""Bytes to people, once each: a message is spooled before it leaves and kept until every recipient has it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from typing import ClassVar, Literal, Protocol

from gpuledger.model.errors import LedgerError

Outcome = Literal["sent", "refused", "waiting"]
"""sent: the other side took it · refused: it will never take it · waiting: it may take it later."""


@dataclass(frozen=True)
class Delivered:
    """What became of one recipient: the outcome and what the other side said."""

    outcome: Outcome
    said: str = ""


class ChannelError(LedgerError):
    """Nothing could be handed over: the message waits in the outbox.

    `is_passing` tells whether another try within this run may help: a server that is down yes, a wrong password no.
    """

    exit_code = 3

    def __init__(self, sentence: str, *, is_passing: bool = True) -> None:
        super().__init__(sentence)
        self.is_passing = is_passing


class Channel(Protocol):
    """A way to people: a frozen dataclass whose fields are its configuration keys (`[channels.NAME]`).

    `name` is the file's name, the entry point's name and the docs anchor.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    @property
    def targets(self) -> Sequence[str]:
        """Where everything goes that this channel is given, without a secret; empty when it goes to addresses."""

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> Mapping[str, Delivered]:
        """Hands the message over, once; what became of each recipient. Retries and the record are the outbox's.

        `recipients` are bare addresses, or those of `targets` that lack the message. Every channel is given the same
        MIME message and takes from it what it can carry (a chat the subject and the text). Raises ChannelError when
        nothing could be handed over at all.
        """
