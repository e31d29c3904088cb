"""A real mail server on loopback that behaves as it is told, and remembers every message that it took."""

import asyncio
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from threading import Event
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

START_SECONDS = 60
"""A busy machine takes its time; aiosmtpd would give up after five seconds."""


@dataclass
class Taken:
    """One message as the server took it."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.content, policy=default)
        assert isinstance(message, EmailMessage)
        return message


@dataclass
class MailServer:
    """Answers are taken from the front of the lists; an empty list is "250 ok"."""

    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    connections: int = 0
    data_answers: list[str] = field(default_factory=list)
    """`DROP` cuts the line in the middle of the message."""
    recipient_answers: dict[str, list[str]] = field(default_factory=dict)
    is_dropping_after: bool = False
    """Takes the message and cuts the line before it says so."""
    is_slow: Event = field(default_factory=Event)
    """While it is set the server does not answer to a message."""
    is_asked: Event = field(default_factory=Event)
    """A message has come."""

    def reached(self, address: str) -> int:
        """How many messages were taken for an address."""
        return sum(address in taken.recipients for taken in self.taken)

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        answers = self.recipient_answers.get(address)
        answer = answers.pop(0) if answers and len(answers) > 1 else answers[0] if answers else "250 ok"
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        self.is_asked.set()
        while self.is_slow.is_set():
            await asyncio.sleep(0.01)
        answer = self.data_answers.pop(0) if self.data_answers else "250 ok"
        if answer == "DROP":
            server.transport.abort()  # type: ignore[union-attr]
            return "451 never said"
        if answer.startswith("2"):
            self.taken.append(Taken(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content))
        if self.is_dropping_after:
            server.transport.abort()  # type: ignore[union-attr]
        return answer

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=(data.login, data.password) == (b"gpu", b"hunter2"), handled=False)


class _Loopback(Controller):
    """On a free port."""

    def _trigger_server(self) -> None:
        assert self.server
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(
    context: ssl.SSLContext | None = None, *, is_smtps: bool = False, needs_login: bool = False, **told: Any
) -> Iterator[MailServer]:
    server = MailServer(**told)
    options: dict[str, Any] = {}
    if context and not is_smtps:
        options |= {"tls_context": context, "require_starttls": True}
    if needs_login:
        options |= {"authenticator": server.authenticate, "auth_required": True, "auth_require_tls": bool(context)}
    options |= {"ssl_context": context if is_smtps else None, "ready_timeout": START_SECONDS}
    controller = _Loopback(server, hostname="127.0.0.1", port=0, **options)
    controller.start()
    server.port = controller.port
    try:
        yield server
    finally:
        controller.stop()


@dataclass(frozen=True)
class Authority:
    """A site's own certificate authority."""

    made: trustme.CA
    file: Path

    def context(self, *names: str) -> ssl.SSLContext:
        """For a server that calls itself by these names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.made.issue_cert(*names).configure_cert(context)
        return context


def authority(folder: Path) -> Authority:
    made = trustme.CA()
    file = folder / "ca.pem"
    made.cert_pem.write_to_path(file)
    return Authority(made, file)


def addresses(taken: Sequence[Taken]) -> list[str]:
    return sorted(address for one in taken for address in one.recipients)
