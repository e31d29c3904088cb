"""The input as a stream one can peek into: past gzip and a byte order mark, and never closed by us."""

import gzip
import io
import zlib
from typing import Any, BinaryIO, cast

from gpuledger.model.errors import SourceError

PEEK_BYTES = 65536
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


class _Lent(io.RawIOBase):
    """Somebody else's stream: closing a reader of it leaves it open."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]
        try:
            return self._stream.readinto(buffer)  # type: ignore[attr-defined,no-any-return]
        except (EOFError, zlib.error, gzip.BadGzipFile):
            raise SourceError("The gzip file is damaged or cut off; fetch it again or unzip what is left.") from None


def opened(raw: BinaryIO) -> "io.BufferedReader[Any]":
    """`raw` from where it stands, unzipped when it is gzip, without its byte order mark."""
    stream: io.BufferedReader[Any] = io.BufferedReader(_Lent(raw), PEEK_BYTES)
    if stream.peek(2)[:2] == _GZIP:
        stream = io.BufferedReader(_Lent(cast("BinaryIO", gzip.GzipFile(fileobj=stream))), PEEK_BYTES)
    if stream.peek(len(_BOM)).startswith(_BOM):
        stream.read(len(_BOM))
    return stream
