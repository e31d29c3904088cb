"""What the sources said, unchanged: bytes as received, by day, so that they can be parsed again after a fix.

    raw/2026-11-20/<sha256>.zst                   bytes that were fetched, uploaded or copied
    raw/2026-11-20/<sha256>.<ingest id>.json      what an ingest read, from where, and how (an `Entry`)

An entry is written before the first row. Its file stays locked while the ingest runs: an entry without a lock and
without a row in `runs` was interrupted.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from gpuledger.model.durable import in_words, sync
from gpuledger.model.errors import SourceError

BLOCK = 1 << 20
REDACTED_AT_ONCE = 64 << 20
"""Larger inputs are redacted in blocks of whole lines, so that memory stays flat."""


@dataclass(frozen=True)
class Entry:
    """One input of one ingest. `path` names a file that stayed where it was; otherwise the bytes are in the zone.

    `fields` are the source's own settings, `parser` our version: with the rest of the context they say how the
    bytes were read, so that they can be read the same way again.
    """

    ingest_id: str
    received_at: datetime
    source_type: str
    sha256: str
    bytes: int
    input_name: str
    path: str | None = None
    reported_by: str = ""
    zone: str | None = None
    cluster: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    parser: str = ""
    is_collected: bool = False

    @property
    def reading(self) -> tuple[Any, ...]:
        """What decides which rows come out: two entries with equal readings give equal rows."""
        context = (self.reported_by, self.zone, self.cluster, self.options, self.fields, self.parser)
        return (self.source_type, self.sha256, *context)


@dataclass(frozen=True)
class Content:
    """Identity of some bytes."""

    sha256: str
    bytes: int


class RawZone:
    """The raw zone at `root`, a folder nobody else may look into. It comes into being with the first entry."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def keep(self, content: BinaryIO, now: datetime, redact: Callable[[bytes], bytes] = bytes) -> Content:
        """Stores the bytes, redacted, and returns what identifies them from now on."""
        import pyarrow as pa

        with _clear_words(self.root):
            folder = self._day(now)
            part = folder / f"{os.getpid()}-{id(content):x}.part"
            digest, size = hashlib.sha256(), 0
            try:
                with part.open("wb") as file, pa.CompressedOutputStream(pa.PythonFile(file), "zstd") as packed:
                    part.chmod(0o600)
                    for block in _redacted(content, redact):
                        digest.update(block)
                        size += len(block)
                        packed.write(block)
                sync(part)
                part.replace(folder / f"{digest.hexdigest()}.zst")
                sync(folder)
            finally:
                part.unlink(missing_ok=True)
            return Content(digest.hexdigest(), size)

    @contextmanager
    def working(self, entry: Entry) -> Iterator[None]:
        """Records the entry durably and holds its lock while its rows are written."""
        with _clear_words(self.root):
            path = self._day(entry.received_at) / f"{entry.sha256}.{entry.ingest_id}.json"
            part = path.with_suffix(".part")
            part.write_text(json.dumps(asdict(entry), default=_plain, ensure_ascii=False), encoding="utf-8")
            part.chmod(0o600)
            handle = os.open(part, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
            os.fsync(handle)
            part.replace(path)
            sync(path.parent)
        try:
            yield
        finally:
            os.close(handle)

    def entries(self, sha256: str | None = None) -> Iterator[Entry]:
        """Every entry, or those of some bytes, oldest day first."""
        for path in sorted(self.root.glob(f"*/{sha256 or '*'}.*.json")):
            if entry := _entry(path):
                yield entry

    def is_working(self, entry: Entry) -> bool:
        """Is a process writing this entry's rows right now?"""
        for path in self.root.glob(f"*/{entry.sha256}.{entry.ingest_id}.json"):
            with path.open("rb") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
                except BlockingIOError:
                    return True
        return False

    def open(self, entry: Entry) -> BinaryIO:
        """The bytes of an entry. Raises SourceError when they are gone or, where a file stayed outside, have changed."""
        import pyarrow as pa

        for path in self.root.glob(f"*/{entry.sha256}.zst"):
            stream: BinaryIO = pa.CompressedInputStream(pa.PythonFile(path.open("rb"), mode="r"), "zstd")
            return stream
        if entry.path is None:
            raise SourceError(
                f"The bytes of {entry.input_name} are no longer in the raw zone; fetch or upload them again."
            )
        return _unchanged(Path(entry.path), entry)

    def expire(self, now: datetime, days: int = 90) -> int:
        """Deletes bytes and the entries of polls of days older than `days`; returns the number of files.

        What a file was read as stays: it is small, and tells a second reading of the same bytes from a first.
        """
        oldest = f"{now.astimezone(UTC).date() - timedelta(days=days):%Y-%m-%d}"
        old = [path for path in self.root.glob("[0-9]*-*-*/*") if path.parent.name < oldest]
        gone = [path for path in old if not _stays(path)]
        for path in gone:
            path.unlink(missing_ok=True)
        for folder in {path.parent for path in gone}:
            if not any(folder.iterdir()):
                folder.rmdir()
        return len(gone)

    def _day(self, moment: datetime) -> Path:
        day: date = moment.astimezone(UTC).date()
        folder = self.root / f"{day:%Y-%m-%d}"
        for made in (self.root, folder):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder


def identify(path: Path) -> Content:
    """sha256 and size of a file that stays where it is."""
    with path.open("rb") as file:
        return Content(hashlib.file_digest(file, "sha256").hexdigest(), file.tell())


def _unchanged(path: Path, entry: Entry) -> BinaryIO:
    try:
        now = identify(path)
    except OSError:
        raise SourceError(
            f"{path}, which ingest {entry.ingest_id} read, is no longer there; put it back or ingest it from elsewhere."
        ) from None
    if now.sha256 != entry.sha256:
        raise SourceError(f"{path} has changed since ingest {entry.ingest_id} read it; ingest it anew.")
    return path.open("rb")


def _redacted(content: BinaryIO, redact: Callable[[bytes], bytes]) -> Iterator[bytes]:
    """At once up to 64 MiB; what is longer in blocks that end with a line."""
    while block := content.read(REDACTED_AT_ONCE):
        while len(block) < REDACTED_AT_ONCE and (more := content.read(REDACTED_AT_ONCE - len(block))):
            block += more
        if len(block) == REDACTED_AT_ONCE and not block.endswith(b"\n"):
            block += content.readline(BLOCK)
        yield redact(block)


def _entry(path: Path) -> Entry | None:
    """None for a file that was deleted meanwhile (expiry) or is no entry of ours."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Entry(**{**told, "received_at": datetime.fromisoformat(told["received_at"])})
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def _stays(path: Path) -> bool:
    entry = _entry(path) if path.suffix == ".json" else None
    return entry is not None and not entry.is_collected


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _clear_words(root: Path) -> AbstractContextManager[None]:
    """A full or read-only disk in one sentence."""
    return in_words(
        f"The raw zone {root}",
        full=f"The disk of {root} is full; make room and run the same command again, nothing is lost.",
        locked=f"{root} may not be written to; mount it read-write or ask its owner for the right to write.",
    )
