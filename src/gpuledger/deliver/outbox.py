"""Messages on their way, on disk: spooled before they leave, each recipient's answer kept, moved away when all is said.

    outbox/                          0700, like every folder in it; files are 0600
      waiting/KEY/                   one message
        message.eml  ticket.json     as spooled: never changed
        answers.jsonl                one line an answer, appended after the other side gave it
      finished/KEY/                  the same, when every recipient's answer is final
      .lock                          held by the one run that sends

A folder appears by a rename after its files are fsynced, so it is whole or not there. A kill at any moment loses no
message; it doubles one only between the other side's "taken" and our fsync of that answer, with the same Message-ID.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from gpuledger.deliver import Delivered
from gpuledger.deliver.message import parsed
from gpuledger.model.durable import in_words, sync
from gpuledger.model.errors import Busy, StoreError

MESSAGE, TICKET, ANSWERS = "message.eml", "ticket.json", "answers.jsonl"


@dataclass(frozen=True)
class Ticket:
    """What a message is and where it goes. `key` is made of delivery and period: the same again is the same message."""

    key: str
    delivery: str
    report: str
    channel: str
    recipients: tuple[str, ...]
    subject: str
    period: str
    spooled_at: datetime


@dataclass(frozen=True)
class Answer:
    """What the other side said of one recipient, and when."""

    at: datetime
    recipient: str
    delivered: Delivered


@dataclass(frozen=True)
class Spooled:
    """A message in the outbox."""

    folder: Path
    ticket: Ticket

    @property
    def content(self) -> bytes:
        return (self.folder / MESSAGE).read_bytes()

    @property
    def message(self) -> EmailMessage:
        return parsed(self.content)

    def answers(self) -> list[Answer]:
        """Every answer in the order it came. A line that a kill cut is no answer."""
        try:
            lines = (self.folder / ANSWERS).read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        return [answer for line in lines if (answer := _answer(line))]

    def last_answers(self) -> dict[str, Delivered]:
        """What is known of each recipient; who was never answered for waits."""
        known = {answer.recipient: answer.delivered for answer in self.answers()}
        return {one: known.get(one, Delivered("waiting")) for one in self.ticket.recipients}

    @property
    def remaining(self) -> tuple[str, ...]:
        """Recipients whose answer is not final."""
        return tuple(one for one, delivered in self.last_answers().items() if delivered.outcome == "waiting")

    def record(self, answers: Mapping[str, Delivered], at: datetime) -> None:
        """Appends answers, on disk when it returns."""
        told = (
            {"at": at.isoformat(), "recipient": one, "outcome": delivered.outcome, "said": delivered.said[:500]}
            for one, delivered in answers.items()
        )
        with _clear_words(self.folder):
            file = self.folder / ANSWERS
            is_cut = file.exists() and not file.read_bytes().endswith(b"\n") and file.stat().st_size > 0
            lines = "\n" * is_cut + "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in told)
            _write(file, lines.encode(), os.O_APPEND)
            sync(self.folder)


class Outbox:
    """The messages of one ledger that wait or have been dealt with."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._waiting, self._finished = root / "waiting", root / "finished"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Held while messages are sent, so that no two runs send one. Raises Busy; the kernel lets go at our death."""
        with _clear_words(self.root):
            for folder in (self.root, self._waiting, self._finished):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(handle)
            for draft in self._waiting.glob(".*"):
                shutil.rmtree(draft, ignore_errors=True)
            yield
        finally:
            os.close(handle)

    def spool(self, ticket: Ticket, content: bytes) -> Spooled:
        """Keeps a message, on disk when it returns. One that is there under the same key stays as it was spooled.

        Raises DiskFull, ReadOnly: then nothing is sent.
        """
        if (known := self.find(ticket.key)) is not None:
            return known
        folder, draft = self._waiting / ticket.key, self._waiting / f".{ticket.key}"
        with _clear_words(self.root):
            draft.mkdir(mode=0o700)
            try:
                _write(draft / MESSAGE, content)
                _write(draft / TICKET, json.dumps(asdict(ticket), default=_plain, ensure_ascii=False).encode())
                sync(draft)
                draft.rename(folder)
            except OSError:
                shutil.rmtree(draft, ignore_errors=True)
                raise
            sync(self._waiting)
        return Spooled(folder, ticket)

    def find(self, key: str) -> Spooled | None:
        """The message of this key, waiting or finished."""
        places = (self._waiting / key, self._finished / key)
        return next((spooled for place in places if (spooled := _opened(place))), None)

    def waiting(self) -> list[Spooled]:
        """Messages with a recipient whose answer is not final, oldest first."""
        return _listed(self._waiting)

    def unreadable(self) -> dict[str, str]:
        """A sentence for each message that waits and is not as it was spooled, by key: it is left where it is."""
        found: dict[str, str] = {}
        for place in self._waiting.glob("[!.]*"):
            try:
                _opened(place)
            except StoreError as error:
                found[place.name] = str(error)
        return found

    def finished(self) -> list[Spooled]:
        """Messages that were dealt with, oldest first."""
        return _listed(self._finished)

    def is_finished(self, key: str) -> bool:
        return (self._finished / key / TICKET).is_file()

    def finish(self, spooled: Spooled) -> None:
        """Moves a message away: its recipients' answers are final, or it is given up."""
        with _clear_words(self.root):
            spooled.folder.rename(self._finished / spooled.ticket.key)
            sync(self._finished)
            sync(self._waiting)

    def expire(self, now: datetime, days: int) -> int:
        """Deletes finished messages older than `days`; returns their number."""
        oldest = now - timedelta(days=days)
        old = [spooled for spooled in self.finished() if spooled.ticket.spooled_at < oldest]
        for spooled in old:
            shutil.rmtree(spooled.folder, ignore_errors=True)
        return len(old)


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Busy("Another send is running; this one sent nothing.") from None


def _listed(folder: Path) -> list[Spooled]:
    found = []
    for place in folder.glob("[!.]*"):
        with suppress(StoreError):
            found += [spooled] if (spooled := _opened(place)) else []
    return sorted(found, key=lambda spooled: (spooled.ticket.spooled_at, spooled.ticket.key))


def _opened(folder: Path) -> Spooled | None:
    try:
        told: dict[str, Any] = json.loads((folder / TICKET).read_text(encoding="utf-8"))
        told["spooled_at"] = datetime.fromisoformat(told["spooled_at"])
        return Spooled(folder, Ticket(**{**told, "recipients": tuple(told["recipients"])}))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StoreError(f"{folder / TICKET} is not as it was spooled ({error}); look at the folder.") from error


def _answer(line: str) -> Answer | None:
    try:
        told = json.loads(line)
        at = datetime.fromisoformat(told["at"]).astimezone(UTC)
        return Answer(at, told["recipient"], Delivered(told["outcome"], told["said"]))
    except (ValueError, TypeError, KeyError):
        return None


def _write(file: Path, content: bytes, how: int = 0) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | how, 0o600)
    with os.fdopen(handle, "wb") as written:
        written.write(content)
        written.flush()
        os.fsync(written.fileno())


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _clear_words(root: Path) -> AbstractContextManager[None]:
    """A full or read-only disk in one sentence."""
    return in_words(
        f"The outbox {root}",
        full=f"The disk of {root} is full; make room and send again, no message is lost.",
        locked=f"The outbox {root} may not be written to by this user; ask its owner.",
    )
