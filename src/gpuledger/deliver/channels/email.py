"""E-mail over SMTP: encrypted unless told otherwise, every recipient's answer told apart."""

import smtplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import ClassVar, Literal

from gpuledger.deliver import ChannelError, Delivered
from gpuledger.deliver.addresses import address_of

PORTS = {"starttls": 587, "smtps": 465, "none": 25}
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Email:
    """Hands messages to a mail server.

    The certificate is verified. A server that does not offer STARTTLS is refused, never spoken to in the clear.
    """

    name: ClassVar[str] = "email"
    title: ClassVar[str] = "E-mail over SMTP"

    host: str
    """Name of the mail server."""
    sender: str
    """Who the mail is from, such as `GPU reports <gpu@example.edu>`; bounces go to its address."""
    tls: Literal["starttls", "smtps", "none"] = "starttls"
    """How the connection is encrypted; `none` sends in the clear and has to be said."""
    port: int | None = None
    """Port of the server; by default 587 (starttls), 465 (smtps) or 25 (none)."""
    user: str = ""
    """Name to log in with; without one nobody logs in."""
    password: str = field(default="", repr=False)
    """Password of `user`: from `password_file`, or GPULEDGER_CHANNELS__NAME__PASSWORD in the environment."""
    ca_file: Path | None = None
    """Certificates to trust beside the system's: the site's own authority."""
    timeout_seconds: float = 30.0
    """How long each answer of the server is waited for."""

    def __post_init__(self) -> None:
        if self.user and self.tls == "none" and self.host not in LOOPBACK:
            raise ValueError("user and password would travel in the clear; use tls = starttls or smtps")
        address_of(self.sender)

    @property
    def targets(self) -> Sequence[str]:
        return ()

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> Mapping[str, Delivered]:
        content = message.as_bytes(policy=SMTP)
        try:
            with self._connected() as server:
                return self._handed_over(server, content, recipients)
        except ssl.SSLCertVerificationError as error:
            raise self._stopped(
                f"its certificate is not trusted ({error.verify_message}); see ca_file", False
            ) from error
        except smtplib.SMTPAuthenticationError as error:
            raise self._stopped(f"it refused the login of {self.user}: {_said(error)}", False) from error
        except smtplib.SMTPNotSupportedError as error:
            raise self._stopped(
                f"it does not offer what tls = {self.tls!r} or the login needs ({error})", False
            ) from error
        except smtplib.SMTPResponseException as error:
            raise self._stopped(_said(error), error.smtp_code < 500) from error
        except (OSError, smtplib.SMTPException) as error:
            raise self._stopped(getattr(error, "strerror", None) or str(error) or type(error).__name__) from error

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        server = self._greeted()
        try:
            server.ehlo_or_helo_if_needed()
            if self.tls == "starttls":
                server.starttls(context=self._trust)
            if self.user:
                server.login(self.user, self.password)
            yield server
            with suppress(OSError, smtplib.SMTPException):
                server.putcmd("quit")  # nobody waits for its answer: what was taken is to be recorded at once
        finally:
            server.close()

    def _greeted(self) -> smtplib.SMTP:
        port = self.port or PORTS[self.tls]
        if self.tls == "smtps":
            return smtplib.SMTP_SSL(self.host, port, timeout=self.timeout_seconds, context=self._trust)
        return smtplib.SMTP(self.host, port, timeout=self.timeout_seconds)

    @property
    def _trust(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.ca_file:
            context.load_verify_locations(self.ca_file)
        return context

    def _handed_over(self, server: smtplib.SMTP, content: bytes, recipients: Sequence[str]) -> dict[str, Delivered]:
        """One transaction: the server answers for each recipient, then once for the message."""
        code, said = server.mail(address_of(self.sender), [f"size={len(content)}"] if server.has_extn("size") else [])
        if code != 250:
            raise smtplib.SMTPResponseException(code, said)
        answers = {recipient: _answer(*server.rcpt(recipient)) for recipient in recipients}
        accepted = [recipient for recipient, answer in answers.items() if answer.outcome == "sent"]
        if accepted:
            answers |= dict.fromkeys(accepted, _data_answer(server, content))
        return answers

    def _stopped(self, why: str, is_passing: bool = True) -> ChannelError:
        port = self.port or PORTS[self.tls]
        return ChannelError(f"Mail server {self.host}:{port}: {why.rstrip('.')}.", is_passing=is_passing)


def _data_answer(server: smtplib.SMTP, content: bytes) -> Delivered:
    try:
        return _answer(*server.data(content))
    except smtplib.SMTPDataError as error:
        return _answer(error.smtp_code, error.smtp_error)


def _answer(code: int, said: bytes | str) -> Delivered:
    words = f"{code} {_text(said)}"
    if 200 <= code < 300:
        return Delivered("sent", words)
    return Delivered("refused" if code >= 500 else "waiting", words)


def _said(error: smtplib.SMTPResponseException) -> str:
    return f"{error.smtp_code} {_text(error.smtp_error)}"


def _text(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return " ".join(text.split())[:500]
