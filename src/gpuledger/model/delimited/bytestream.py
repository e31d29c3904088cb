"""The input's bytes as UTF-8 text: unpacked, re-coded, without byte-order mark, counted as they pass."""

import codecs
import gzip
import io
import re
import zlib
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from gpuledger.model.errors import ConfigError, SourceError

HEAD = 256 * 1024
GZIP = b"\x1f\x8b"
MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


Numbers = npt.NDArray[np.int64]


class Passing(io.RawIOBase):
    """A beginning that was already read, and the rest; counts lines and quotes, so that a loss is noticed.

    `blank` are the numbers of empty lines: readers leave them out, and count the others without them.
    """

    def __init__(self, head: bytes, rest: BinaryIO, quote: str = "") -> None:
        super().__init__()
        self._head, self._rest, self._quote = head, rest, quote.encode()
        self._tail = b"\n"
        self._ends = 0
        self.quote_count = 0
        self.blank: list[int] = []

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._head[: len(buffer)] or self._rest.read(len(buffer)) or b""
        self._head = self._head[len(buffer) :]
        buffer[: len(chunk)] = chunk
        self._count(chunk)
        return len(chunk)

    def _count(self, chunk: bytes) -> None:
        seen = self._tail + chunk
        if b"\n\n" in seen or b"\n\r\n" in seen:
            self.blank += _blank_lines(seen, self._ends - self._tail.count(b"\n"))
        self._ends += chunk.count(b"\n")
        self.quote_count += chunk.count(self._quote) if self._quote else 0
        self._tail = seen[-2:] if seen.endswith(b"\n\r") else seen[-1:]

    @property
    def lines(self) -> int:
        """Lines that passed and hold something; the last one counts without its end too."""
        return self._ends - len(self.blank) + (not self._tail.endswith(b"\n"))

    def placed(self, records: Numbers) -> Numbers:
        """Line numbers of these records, counted from 1 without the empty lines."""
        before = np.array(self.blank, np.int64) - np.arange(len(self.blank))
        return records + np.searchsorted(before, records, side="right")


def _blank_lines(seen: bytes, before: int) -> list[int]:
    """Numbers of the empty lines that end in these bytes, of which the first line end is number `before` + 1."""
    values = np.frombuffer(seen, np.uint8)
    ends = np.flatnonzero(values == ord("\n"))
    length = np.diff(ends)
    is_blank = (length == 1) | ((length == 2) & (values[ends[1:] - 1] == ord("\r")))
    numbers: list[int] = (np.flatnonzero(is_blank) + before + 2).tolist()
    return numbers


class Clean(io.RawIOBase):
    """A beginning that was already read, and the rest, as UTF-8 whatever stands there; other bytes as `\\xNN`.

    Readers of delimited text give up the whole file at a bad row that cannot be told as text.
    """

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self._head, self._rest = head, rest
        self._decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            chunk, self._head = self._head or self._rest.read(len(buffer)) or b"", b""
            self._ready = self._decode(chunk, final=not chunk).encode()
            if not chunk:
                break
        given, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(given)] = given
        return len(given)


def opened(raw: BinaryIO, encoding: str) -> tuple[bytes, BinaryIO]:
    """The first bytes of the text as UTF-8, and the rest. Raises SourceError for what is not readable."""
    try:
        head = filled(raw)
        if head.startswith(GZIP):
            raw = gzip.GzipFile(fileobj=io.BufferedReader(Passing(head, raw)))  # type: ignore[assignment]
            head = filled(raw)
        mark, told = next(((m, e) for m, e in MARKS if head.startswith(m)), (b"", encoding))
        if codecs.lookup(told).name == "utf-8":
            return head.removeprefix(mark), raw
        source = io.BufferedReader(Passing(head, raw))
        raw = codecs.EncodedFile(source, "utf-8", told, errors="backslashreplace")
        return filled(raw), raw
    except LookupError:
        raise ConfigError(f"There is no encoding {encoding!r}; write utf-8, latin-1, cp1252 or utf-16.") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(f"The packed input cannot be unpacked ({error}); fetch it again.") from error


def filled(raw: BinaryIO) -> bytes:
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
