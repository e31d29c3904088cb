"""An input with users, hosts and addresses under pseudonyms, in place of the input: nothing behind it sees the names."""

import gzip
import tempfile
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from gpuledger.actions.pseudonyms import salt_of
from gpuledger.config import Settings
from gpuledger.model.errors import SourceError, UsageError
from gpuledger.sources import Fetched, Hashing, Source

IN_MEMORY = 1 << 24
GZIP = b"\x1f\x8b"
Given = TypeVar("Given", Path | Fetched, Fetched)


def as_configured(settings: Settings, source: Source, given: Given, now: datetime) -> Given:
    """The input, hashed where the settings say so and its source can."""
    if settings.hash_names and isinstance(source, Hashing):
        return hashed(source, given, salt_of(settings), now)
    return given


def hashed(source: Source, given: Path | Fetched, salt: bytes, now: datetime) -> Fetched:
    """The input as bytes that the raw zone may keep; what was fetched is closed. Raises UsageError for a source whose names cannot be told."""
    if not isinstance(source, Hashing):
        raise UsageError(f"Names in inputs of {source.name} cannot be hashed; leave --hash-names out.")
    if isinstance(given, Fetched):
        with given.content:
            return Fetched(_veiled(source, given.content, salt), given.name, given.since, given.until)
    try:
        with given.open("rb") as content:
            return Fetched(_veiled(source, content, salt), str(given), None, now)
    except OSError as error:
        raise SourceError(f"{given} cannot be read: {error.strerror or error}.") from error


def _veiled(source: Hashing, content: BinaryIO, salt: bytes) -> BinaryIO:
    if content.seekable():
        is_packed = content.read(len(GZIP)) == GZIP
        content.seek(0)
        content = cast("BinaryIO", gzip.GzipFile(fileobj=content)) if is_packed else content
    veiled = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - the reader closes it
    veiled.writelines(source.hashed(content, salt))
    veiled.seek(0)
    return cast("BinaryIO", veiled)
