"""Chats of many kinds (Slack, Teams, Matrix, Mattermost …) through apprise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, ClassVar

from gpuledger.deliver import ChannelError, Delivered


@dataclass(frozen=True)
class Chat:
    """Sends subject and text to chats, each told apart: one that has the message is not sent it again.

    Needs the extra `chat`. How the URL of each service is written: https://github.com/caronc/apprise/wiki
    """

    name: ClassVar[str] = "chat"
    title: ClassVar[str] = "Chats: Slack, Teams, Matrix and others"

    urls: str = field(repr=False)
    """apprise URLs, one a line; they hold secrets, so put them into `urls_file` or the environment."""
    longest_characters: int = 3000
    """Most characters of text sent; the rest is left out with a sentence."""

    def __post_init__(self) -> None:
        if not self._lines or any("://" not in line for line in self._lines):
            raise ValueError("urls holds a line that is no apprise URL (such as slack://...)")

    @property
    def _lines(self) -> list[str]:
        lines = (line.strip() for line in self.urls.splitlines())
        return [line for line in lines if line and not line.startswith("#")]

    @property
    def targets(self) -> Sequence[str]:
        """The kind of each service and its line: what may be printed."""
        return tuple(f"{line.split('://')[0]} #{number}" for number, line in enumerate(self._lines, 1))

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> Mapping[str, Delivered]:
        urls = dict(zip(self.targets, self._lines, strict=True))
        return {one: self._told(urls.get(one), message) for one in recipients}

    def _told(self, url: str | None, message: EmailMessage) -> Delivered:
        if url is None:
            return Delivered("refused", "is no longer among the urls of the channel")
        service = _service(url)
        if service is None:
            return Delivered("refused", "is an URL that apprise does not understand")
        is_sent = service.notify(body=self._text(message), title=str(message["Subject"] or ""))
        return Delivered("sent") if is_sent else Delivered("waiting", "the service did not take it")

    def _text(self, message: EmailMessage) -> str:
        part = message.get_body(("plain",))
        text = str(part.get_content()).replace("\r\n", "\n").strip() if part else ""
        if len(text) <= self.longest_characters:
            return text
        return f"{text[: self.longest_characters].rstrip()}\n… cut after {self.longest_characters:,} characters."


def _service(url: str) -> Any:
    try:
        import apprise
    except ImportError:
        sentence = 'apprise is not installed; install it with: pip install "gpuledger[chat]".'
        raise ChannelError(sentence, is_passing=False) from None
    return apprise.Apprise.instantiate(url, suppress_exceptions=True)
