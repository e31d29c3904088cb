"""One HTTP POST of JSON to an address of the site's choice."""

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from gpuledger.deliver import ChannelError, Delivered

if TYPE_CHECKING:
    import httpx

LATER = (408, 425, 429)
"""Answers of the 4xx kind that ask to come again."""


@dataclass(frozen=True)
class Webhook:
    """Posts {"subject", "text", "html", "message_id"}, with the Message-ID as Idempotency-Key.

    2xx is sent; 408, 425, 429, 5xx and no answer wait and are tried again; any other is refused. A redirection is not
    followed.
    """

    name: ClassVar[str] = "webhook"
    title: ClassVar[str] = "A webhook"

    url: str = field(repr=False)
    """Where to post; may stand in `url_file` when it holds a secret."""
    token: str = field(default="", repr=False)
    """Sent as `Authorization: Bearer`: from `token_file` or the environment."""
    is_html_sent: bool = True
    """Whether the page goes along; the text always does."""
    ca_file: Path | None = None
    """Certificates to trust beside the system's: the site's own authority."""
    timeout_seconds: float = 30.0
    """How long an answer is waited for."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url.strip())
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise ValueError("url is no https:// address")
        if self.token and parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise ValueError("the token would travel in the clear; use an https:// url")

    @property
    def targets(self) -> Sequence[str]:
        return (f"webhook at {urlsplit(self.url.strip()).hostname}",)

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> Mapping[str, Delivered]:
        import httpx

        try:
            answer = self._posted(message)
        except httpx.HTTPError as error:
            raise ChannelError(f"{self.targets[0]}: {error or type(error).__name__}.") from error
        except OSError as error:
            raise ChannelError(f"{self.targets[0]}: {error.strerror or error}.", is_passing=False) from error
        return dict.fromkeys(recipients, _delivered(answer))

    def _posted(self, message: EmailMessage) -> "httpx.Response":
        import httpx

        identity = str(message["Message-ID"] or "")
        headers = {"Idempotency-Key": identity} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        said = {"subject": str(message["Subject"] or ""), "message_id": identity, "text": _part(message, "plain")}
        if self.is_html_sent:
            said["html"] = _part(message, "html")
        trust = ssl.create_default_context()
        if self.ca_file:
            trust.load_verify_locations(self.ca_file)
        with httpx.Client(verify=trust, timeout=self.timeout_seconds, follow_redirects=False) as client:
            return client.post(self.url.strip(), json=said, headers=headers)


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()).replace("\r\n", "\n") if part else ""


def _delivered(answer: "httpx.Response") -> Delivered:
    words = f"{answer.status_code} {answer.reason_phrase}".strip()
    if answer.is_success:
        return Delivered("sent", words)
    return Delivered("waiting" if answer.is_server_error or answer.status_code in LATER else "refused", words)
