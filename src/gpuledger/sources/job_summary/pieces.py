"""The bytes of a table in pieces of whole lines, and all that was not taken as one stream."""

import io
from typing import Any, BinaryIO, cast

PIECE = 4 << 20
"""Bytes of a piece: enough that Arrow's hundreds of steps for each are little, and little beside what a row needs later."""
LONGEST = 16 << 20
"""A row that is longer is none of ours: a quote is open."""
BOM = b"\xef\xbb\xbf"


class Pieces:
    """Cuts a table where a row ends: at an end of line with as many quotes before it as close each other."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw, self._held = raw, raw.read(PIECE)
        self.lines = 0
        """Lines of the pieces that were taken."""

    def header(self) -> list[str]:
        """The cells of the first line; [] where only a reader of rows can tell them."""
        line = self._held.partition(b"\n")[0].removeprefix(BOM).removesuffix(b"\r")
        if b'"' in line or b"\r" in line:
            return []
        return line.decode("utf-8", "replace").split(",")

    def take(self) -> bytes:
        """The next rows; b"" where there are none, or where no end of a row is found."""
        while not (end := _end_of_a_row(self._held)) and len(self._held) < LONGEST:
            more = self._raw.read(PIECE)
            if not more:
                end = len(self._held)
                break
            self._held += more
        return self._taken(end)

    def take_line(self) -> None:
        """Passes over the first line."""
        self._taken(self._held.find(b"\n") + 1)

    def _taken(self, end: int) -> bytes:
        piece, self._held = self._held[:end], self._held[end:]
        self.lines += piece.count(b"\n")
        return piece

    def give_back(self, piece: bytes) -> None:
        """The last piece, as if it had not been taken."""
        self._held = piece + self._held
        self.lines -= piece.count(b"\n")

    def rest(self) -> BinaryIO:
        """All that was not taken."""
        return cast(BinaryIO, io.BufferedReader(_Joined(self._held, self._raw)))


class _Joined(io.RawIOBase):
    """Some bytes, then a stream."""

    def __init__(self, first: bytes, then: BinaryIO) -> None:
        self._first, self._then = io.BytesIO(first), then

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        some = self._first.read(len(buffer)) or self._then.read(len(buffer))
        buffer[: len(some)] = some
        return len(some)


def _end_of_a_row(some: bytes) -> int:
    """After the last end of line with an even number of quotes before it, 0 where there is none."""
    quotes, after = some.count(b'"'), len(some)
    while (end := some.rfind(b"\n", 0, after)) >= 0:
        quotes -= some.count(b'"', end, after)
        if quotes % 2 == 0:
            return end + 1
        after = end
    return 0
