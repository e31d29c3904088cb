"""A letter becomes a MIME message: headers that data cannot break, both texts, pictures, and the full report beside.

multipart/mixed                  when files are attached
  multipart/alternative
    text/plain
    multipart/related            html and the pictures it shows
"""

import mimetypes
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from pathlib import Path

from gpuledger.deliver.addresses import address_of, one_line
from gpuledger.render.mail.letter import Figure, Letter

MOST_HTML_BYTES = 100 * 1024
"""Mail programs cut a page that is longer."""
MOST_BYTES = 2 * 1024 * 1024
ATTACHED, NOT_ATTACHED = "The full report is attached", "The full report is not attached"
"""What a letter says of it (`render.mail`), and what is true when it does not fit or nobody wants it."""


@dataclass(frozen=True)
class Heading:
    """What the headers say. Bcc is not among it: those recipients are only in the envelope."""

    sender: str
    to: Sequence[str]
    cc: Sequence[str]
    message_id: str
    list_name: str
    date: datetime
    subject_prefix: str = ""


@dataclass(frozen=True)
class Composed:
    """A message, and a sentence for each thing that was too large for it."""

    message: EmailMessage
    content: bytes
    left_out: tuple[str, ...] = ()


def compose(letter: Letter, heading: Heading, files: Sequence[Path] = (), link: str = "") -> Composed:
    """The message within the limits: what does not fit is left out, attachments first, and said so (with `link`)."""
    where = f" It is at {link}." if link else ""
    left_out: list[str] = []
    if len(letter.html.encode()) > MOST_HTML_BYTES:
        left_out.append(f"The page of this mail was longer than {MOST_HTML_BYTES // 1024} KB: this is its text.{where}")
        letter = replace(letter, html="", figures=())
    made = _made(_with(letter if files else _unattached(letter), left_out), heading, files)
    if len(made) > MOST_BYTES and files:
        left_out.append(f"The full report was too large to be attached.{where}")
        made = _made(_with(_unattached(letter), left_out), heading, ())
    if len(made) > MOST_BYTES and letter.figures:
        left_out.append(f"The figures were too large for this mail.{where}")
        made = _made(_with(_without_figures(_unattached(letter)), left_out), heading, ())
    return Composed(parsed(made), made, tuple(left_out))


def _unattached(letter: Letter) -> Letter:
    """The letter without the sentence that points to an attachment."""
    text, page = (words.replace(ATTACHED, NOT_ATTACHED) for words in (letter.text, letter.html))
    return replace(letter, text=text, html=page)


def parsed(content: bytes) -> EmailMessage:
    """The message whose bytes these are."""
    from email import message_from_bytes

    message = message_from_bytes(content, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def _made(letter: Letter, heading: Heading, files: Sequence[Path]) -> bytes:
    message = EmailMessage(policy=SMTP)
    _write_headers(message, letter, heading)
    message.set_content(letter.text, cte="quoted-printable")
    if letter.html:
        message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
        page = message.get_payload()[-1]  # type: ignore[index]
        for figure in letter.figures:
            _add_figure(page, figure)  # type: ignore[arg-type]
    for file in files:
        kind = (mimetypes.guess_type(file.name)[0] or "application/octet-stream").split("/")
        message.add_attachment(file.read_bytes(), maintype=kind[0], subtype=kind[1], filename=file.name)
    return message.as_bytes()


def _write_headers(message: EmailMessage, letter: Letter, heading: Heading) -> None:
    domain = address_of(heading.sender).rpartition("@")[2]
    message["Subject"] = one_line(f"{heading.subject_prefix} {letter.subject}")
    message["From"] = one_line(heading.sender)
    if heading.to:
        message["To"] = ", ".join(map(one_line, heading.to))
    if heading.cc:
        message["Cc"] = ", ".join(map(one_line, heading.cc))
    message["Date"] = format_datetime(heading.date)
    message["Message-ID"] = heading.message_id
    message["List-Id"] = f"{one_line(heading.list_name)} <{_label(heading.list_name)}.gpuledger.{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"


def _label(name: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", name.lower()).strip("-") or "report"


def _add_figure(page: EmailMessage, figure: Figure) -> None:
    name = f"{_label(figure.cid.partition('@')[0])}.png"
    page.add_related(figure.png, "image", "png", cid=f"<{figure.cid}>", disposition="inline", filename=name)


def _with(letter: Letter, sentences: Sequence[str]) -> Letter:
    """The sentences at the end of both texts."""
    if not sentences:
        return letter
    text = f"{letter.text.rstrip()}\n\n{chr(10).join(sentences)}\n"
    words = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    head, end, rest = letter.html.rpartition("</body>")
    page = f"{head}{words}{end}{rest}" if end else f"{letter.html}{words}"
    return replace(letter, text=text, html=page if letter.html else "")


def _without_figures(letter: Letter) -> Letter:
    """The words of each picture in its place."""
    page = letter.html
    for figure in letter.figures:
        image = re.compile(rf"<img\b[^>]*cid:{re.escape(figure.cid)}[\"'][^>]*>", re.IGNORECASE)
        words = f"<p>[{escape(figure.alt)}]</p>"
        page = image.sub(lambda _, words=words: words, page)  # type: ignore[misc]
    return replace(letter, html=page, figures=())
