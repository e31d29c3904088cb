"""The input's bytes as UTF-8 text: unpacked, re-coded, without byte-order mark, counted as they pass."""

import codecs
import gzip
import io
import re
import zlib
from typing import Any, BinaryIO

from gpuledger.model.errors import ConfigError, SourceError

HEAD = 256 * 1024
GZIP = b"\x1f\x8b"
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class Passing(io.RawIOBase):
    """A beginning that was already read, and the rest; counts lines and quotes, so that a loss is noticed."""

    def __init__(self, head: bytes, rest: BinaryIO, quote: str = "") -> None:
        super().__init__()
        self._head, self._rest, self._quote = head, rest, quote.encode()
        self.line_count = 0
        self.quote_count = 0
        self._last = b"\n"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._head[: len(buffer)] or self._rest.read(len(buffer)) or b""
        self._head = self._head[len(buffer) :]
        buffer[: len(chunk)] = chunk
        self.line_count += chunk.count(b"\n") - chunk.count(b"\n\n") - chunk.count(b"\n\r\n")
        self.quote_count += chunk.count(self._quote) if self._quote else 0
        self._last = chunk[-1:] or self._last
        return len(chunk)

    @property
    def lines(self) -> int:
        """Lines that passed and hold something; the last one counts without its end too."""
        return self.line_count + (self._last != b"\n")


def opened(raw: BinaryIO, encoding: str) -> tuple[bytes, BinaryIO]:
    """The first bytes of the text as UTF-8, and the rest. Raises SourceError for what is not readable."""
    try:
        head = _filled(raw)
        if head.startswith(GZIP):
            raw = gzip.GzipFile(fileobj=io.BufferedReader(Passing(head, raw)))  # type: ignore[assignment]
            head = _filled(raw)
        mark, told = next(((m, e) for m, e in MARKS if head.startswith(m)), (b"", encoding))
        if codecs.lookup(told).name == "utf-8":
            return head.removeprefix(mark), raw
        source = io.BufferedReader(Passing(head, raw))
        raw = codecs.EncodedFile(source, "utf-8", told, errors="backslashreplace")
        return _filled(raw), raw
    except LookupError:
        raise ConfigError(f"There is no encoding {encoding!r}; write utf-8, latin-1, cp1252 or utf-16.") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"The packed input cannot be unpacked ({error}); fetch it again.") from error


def _filled(raw: BinaryIO) -> bytes:
    """Up to HEAD bytes, though each read gives fewer."""
    parts: list[bytes] = []
    size = 0
    while size < HEAD and (part := raw.read(HEAD - size)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def as_text(values: bytes) -> str:
    """Text of a cell; bytes that are no UTF-8 as `\\xNN`."""
    return values.decode("utf-8", "backslashreplace")


def first_line(head: bytes, quote: str) -> str:
    """The header as it stands; a line end inside quotes does not end it."""
    text = as_text(head)
    if quote and quote in text.partition("\n")[0]:
        inside = re.escape(quote)
        match = re.match(rf"(?:[^{inside}\n]|{inside}[^{inside}]*{inside})*", text)
        return (match[0] if match else text.partition("\n")[0]).rstrip("\r")
    return text.partition("\n")[0].rstrip("\r")
