"""What the person named, turned into inputs: globs, stdin, and the source that knows the format."""

import io
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from glob import glob
from pathlib import Path
from shlex import quote
from typing import BinaryIO

from gpuledger.actions.suggest import Suggests
from gpuledger.model.errors import NoData, SourceError
from gpuledger.model.strange import strange
from gpuledger.sources import Fetched, Source

HEAD = 65_536
_GZIP = 16 + zlib.MAX_WBITS
_PARQUET = b"PAR1"
_STRAY = re.compile(r"(_dev\.(parquet|db)|\.tmp|\.part|~)$", re.IGNORECASE)
STDIN = "-"
_NONE: Mapping[str, Source] = {}


def files(names: Iterable[str]) -> list[str]:
    """The names with globs written out. A name that is a file is itself, whatever signs it holds; none matching stays."""
    return [each for name in names for each in (_matching(name) or [name])]


def _matching(name: str) -> list[str]:
    return [] if name == STDIN or Path(name).exists() else sorted(glob(name, recursive=True))  # noqa: PTH207 - absolute patterns too


@dataclass
class _Rejoined(io.RawIOBase):
    """A stream whose head was looked at: the head, then the rest."""

    head: bytes
    rest: BinaryIO

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        block = self.head[: len(buffer)] or self.rest.read(len(buffer))
        self.head = self.head[len(block) :]
        buffer[: len(block)] = block
        return len(block)


def from_stream(stream: BinaryIO, now: datetime) -> tuple[Fetched, bytes]:
    """Standard input as an input, and its first bytes."""
    head = stream.read(HEAD)
    return Fetched(io.BufferedReader(_Rejoined(head, stream)), "stdin", None, now), head  # type: ignore[type-var]


def is_stray(name: str) -> bool:
    """Is it what a program leaves beside its files: half written, or a developer's copy?"""
    return _STRAY.search(name) is not None


def head_of(file: Path) -> bytes:
    """The first bytes of a file, '' when it cannot be read: the ingest says why in its own words.

    Of a Parquet file its footer as well: only there its columns stand.
    """
    try:
        with file.open("rb") as content:
            head = content.read(HEAD)
            return head + _footer(content) if head.startswith(_PARQUET) else head
    except OSError:
        return b""


def _footer(content: BinaryIO) -> bytes:
    """The beginning of a Parquet file's footer, '' where the file has none."""
    size = content.seek(0, io.SEEK_END)
    content.seek(-min(8, size), io.SEEK_END)
    length, sign = int.from_bytes(content.read(4), "little"), content.read(4)
    if sign != _PARQUET or length + 8 > size:
        return b""
    content.seek(-length - 8, io.SEEK_END)
    return content.read(min(length, HEAD))


def recognised(
    head: bytes, name: str, sources: Mapping[str, Source], configured: Mapping[str, Source] = _NONE
) -> Source:
    """The one source that claims the input; where no type does, the one configured source whose mapping fits.

    Raises SourceError when none does (naming what is expected) or several do (naming them), NoData for nothing at all.
    """
    plain = _unpacked(head)
    if not plain.strip():
        raise NoData(f"{name} is empty.")
    known = {**configured, **sources}
    claims = _claims(sources, plain, name) or _claims(configured, plain, name)
    if len(claims) == 1:
        return known[next(iter(claims))]
    if not claims and (what := strange(plain)):
        raise SourceError(f"{name} {what}.")
    if claims:
        both = " and ".join(f"{ours} ({words})" for ours, words in claims.items())
        raise SourceError(f"{name} could be read by {both}; say which: `gpuledger ingest {next(iter(claims))} {name}`.")
    expected = "; ".join(f"{ours}: {source.title}" for ours, source in sources.items())
    mapped = next((ours for ours, source in sources.items() if isinstance(source, Suggests)), None)
    hint = (
        f" For a table of jobs `gpuledger ingest {mapped} --suggest {quote(name)}` writes a first mapping."
        if mapped
        else ""
    )
    raise SourceError(f"{name} is in no format that is known here. Known are {expected}.{hint}")


def _claims(sources: Mapping[str, Source], head: bytes, name: str) -> dict[str, str]:
    return {ours: words for ours, source in sources.items() if (words := source.claims(head, name))}


def _unpacked(head: bytes) -> bytes:
    """The first bytes of what a gzip file holds; other bytes as they are."""
    if not head.startswith(b"\x1f\x8b"):
        return head
    try:
        return zlib.decompressobj(_GZIP).decompress(head, HEAD)
    except zlib.error:
        return head
