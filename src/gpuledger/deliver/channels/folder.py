"""A folder that collects messages: for a web server, another program, or to look at."""

import os
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from pathlib import Path
from typing import ClassVar, Literal

from gpuledger.deliver import ChannelError, Delivered


@dataclass(frozen=True)
class Folder:
    """Writes each message as a file, whole or not at all; the same message again writes the same file."""

    name: ClassVar[str] = "folder"
    title: ClassVar[str] = "A folder"

    folder: Path
    """Where the files go; made when it is not there. Relative to the configuration file."""
    form: Literal["eml", "html", "both"] = "eml"
    """The message as it would be mailed, its page alone with the pictures inside, or both."""

    @property
    def targets(self) -> Sequence[str]:
        return (str(self.folder),)

    def send(self, message: EmailMessage, recipients: Sequence[str]) -> Mapping[str, Delivered]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            names = [_saved(self.folder / name, content) for name, content in self._files(message)]
        except OSError as error:
            raise ChannelError(f"The folder {self.folder} cannot be written: {error.strerror}.") from error
        return dict.fromkeys(recipients, Delivered("sent", f"written as {' and '.join(names)}"))

    def _files(self, message: EmailMessage) -> Iterator[tuple[str, bytes]]:
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", str(message["Message-ID"] or "message")).strip("-.")
        if self.form in ("eml", "both"):
            yield f"{stem}.eml", message.as_bytes(policy=SMTP)
        if self.form in ("html", "both") and (page := message.get_body(("html",))):
            yield f"{stem}.html", _with_pictures(page.get_content(), message).encode()


def _with_pictures(page: str, message: EmailMessage) -> str:
    for part in message.walk():
        if part["Content-ID"] and isinstance(part, MIMEPart):
            packed = b64encode(part.get_payload(decode=True) or b"").decode()  # type: ignore[arg-type]
            name = str(part["Content-ID"]).strip("<>")
            page = page.replace(f"cid:{name}", f"data:{part.get_content_type()};base64,{packed}")
    return page


def _saved(file: Path, content: bytes) -> str:
    """Written, fsynced, then named: a reader never meets half a file."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with draft.open("wb") as written:
            written.write(content)
            written.flush()
            os.fsync(written.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)
    return file.name
