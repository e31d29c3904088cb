"""An input at the door: identified, kept where it must be, opened for parsing."""

import gzip
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any, BinaryIO, cast

from gpuledger import __version__
from gpuledger.actions._readings import settings_of
from gpuledger.model.errors import NoData, SourceError
from gpuledger.raw import Content, Entry, RawZone, identify
from gpuledger.sources import Context, Fetched, Source

Progress = Callable[[int, int], None]
"""Called with the bytes read so far, and all of them, now and then."""
NOT_READ = Content("0" * 64, 0)
"""A stream in a dry run is parsed once and not kept: it has no identity yet."""


def received(
    zone: RawZone, source: Source, given: Path | Fetched, context: Context, now: datetime, is_kept: bool
) -> Entry:
    """Raw first: keeps or identifies the bytes, and says how they will be parsed."""
    with _readable(given) as content:
        if is_kept:
            what = zone.keep(content, now, source.redact)
        else:
            what = identify(given) if isinstance(given, Path) else NOT_READ
    path = given if isinstance(given, Path) else None
    return Entry(
        new_id(now, what.sha256), now, source.name, what.sha256, what.bytes,
        input_name=context.input_name or (str(path) if path else cast(Fetched, given).name),
        path=str(path.absolute()) if path else None,
        reported_by=context.reported_by or f"file:{what.sha256[:12]}",
        zone=context.zone, cluster=context.cluster, options=dict(context.options), fields=settings_of(source),
        parser=__version__, is_collected=bool(context.reported_by),
    )  # fmt: skip


def new_id(now: datetime, sha256: str) -> str:
    """Sorts by time, tells the input, is never the same twice."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{sha256[:8]}-{secrets.token_hex(3)}"


@contextmanager
def _readable(given: Path | Fetched) -> Iterator[BinaryIO]:
    if isinstance(given, Fetched):
        yield given.content
        return
    try:
        content = given.open("rb")
    except FileNotFoundError:
        raise SourceError(f"{given} does not exist; check the name.") from None
    except IsADirectoryError:
        raise SourceError(f"{given} is a folder; name the files in it.") from None
    except PermissionError:
        raise SourceError(f"{given} may not be read by this user; ask its owner.") from None
    with content:
        yield content


class Followed(RawIOBase):
    """A stream that tells how many of its bytes have been read."""

    def __init__(self, content: BinaryIO, whole: int, progress: Progress) -> None:
        self._content, self._whole, self._progress, self._read = content, whole, progress, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count: int = self._content.readinto(buffer)  # type: ignore[attr-defined]
        self._read += count
        self._progress(self._read, max(self._read, self._whole))
        return count


@contextmanager
def opened(entry: Entry, zone: RawZone, given: Path | Fetched | None, progress: Progress) -> Iterator[BinaryIO]:
    """The bytes to parse, from `given` or as the raw zone has them, unpacked when they are gzip.

    Raises NoData when a file is empty (a poll may be).
    """
    with _readable(given) if given else zone.open(entry) as content:
        peeked = BufferedReader(Followed(content, entry.bytes, progress), 1 << 20)
        head = peeked.peek(2)[:2]
        if not head and not entry.is_collected:
            raise NoData(f"{entry.input_name} is empty.")
        if head != b"\x1f\x8b":
            yield cast(BinaryIO, peeked)
            return
        with gzip.open(peeked, "rb") as unpacked:
            yield cast(BinaryIO, unpacked)
