"""A stream of bytes cut into chunks at job boundaries: a job row and the step rows after it stay together."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

from gpuledger.sources.slurm.fields import Layout

CHUNK_BYTES = 16 * 2**20
MOST_CHUNKS_HELD = 4
"""A job whose steps are longer than this many chunks is cut, so that memory stays bounded."""
ROW_CHARACTERS = 2000


@dataclass(frozen=True)
class Chunk:
    """Whole lines of the input; `first_line` counts from 1. `is_cut_off`: the input ends without a newline."""

    body: bytes
    first_line: int
    is_cut_off: bool = False

    @cached_property
    def lines(self) -> list[bytes]:
        return self.body.split(b"\n")

    def row(self, line: int) -> str:
        """The line as received, undecodable bytes as `\\xNN`."""
        return self.lines[line - self.first_line].decode("utf-8", "backslashreplace")[:ROW_CHARACTERS]


def chunks(stream: BinaryIO, layout: Layout, chunk_bytes: int = CHUNK_BYTES, first_line: int = 1) -> Iterator[Chunk]:
    """The rest of `stream` in chunks of about `chunk_bytes`, each ending where a job ends."""
    held = b""
    while block := stream.read(chunk_bytes):
        held += block
        end = _end_of_jobs(held, layout)
        if not end and len(held) > MOST_CHUNKS_HELD * max(chunk_bytes, CHUNK_BYTES):
            end = held.rfind(b"\n") + 1
        if end:
            chunk, held = Chunk(_clean(held[:end]), first_line), held[end:]
            first_line += chunk.body.count(b"\n")
            yield chunk
    if held:
        yield Chunk(_clean(held), first_line, is_cut_off=not held.endswith(b"\n"))


def _end_of_jobs(held: bytes, layout: Layout) -> int:
    """Where the last whole job row begins: what stands before it is complete. 0 when there is none."""
    end = held.rfind(b"\n") + 1
    while end > 0:
        start = held.rfind(b"\n", 0, end - 1) + 1
        if layout.is_job_line(held[start : end - 1].removesuffix(b"\r")):
            return start
        end = start
    return 0


def _clean(body: bytes) -> bytes:
    """NUL and lone CR become U+FFFD, CRLF a newline: no line is added or lost."""
    if b"\r" in body:
        body = body.replace(b"\r\n", b"\n").replace(b"\r", b"\xef\xbf\xbd")
    return body.replace(b"\0", b"\xef\xbf\xbd") if b"\0" in body else body
