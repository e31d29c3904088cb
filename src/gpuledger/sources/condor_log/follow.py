"""A log that grows, followed without reading it again: what is new since the last look, from where that one ended."""

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from gpuledger.model.batch import Watermark
from gpuledger.sources.condor_log.ads import BETWEEN, end_of
from gpuledger.sources.condor_log.frames import END

if TYPE_CHECKING:
    from gpuledger.model.batch import Batch
    from gpuledger.model.problems import Problem, Remark
    from gpuledger.sources import Context
    from gpuledger.sources.condor_log import CondorLog

    Told = Batch | Problem | Remark | Watermark

_END = END.encode()
_BETWEEN = BETWEEN.encode()
_SIGNS = {b"{": "json", b"<": "xml"}
"""What a log of ads begins with."""
AT_ONCE = 8 << 20
HEAD = 1 << 16
FIRST = 1 << 10
"""So many bytes hold the first event's job and time: no other log begins with the same."""


@dataclass(frozen=True)
class Place:
    """How far a log was read: behind the last whole event. `inode` tells a rotated log from one that grew, `first`
    (the bytes it began with) one that was emptied and written anew.

    `cluster` is the access point it named so far.
    """

    path: Path
    offset: int = 0
    inode: int = 0
    first: bytes = b""
    cluster: str | None = None


def unread(place: Place) -> tuple[bytes, Place]:
    """The whole events written since, at most 8 MiB of them, and where to go on. A log that was rotated, cut or
    written anew is read from its beginning.

    Raises OSError when the log cannot be read.
    """
    with place.path.open("rb") as log:
        status, first = os.fstat(log.fileno()), log.read(FIRST)
        is_same = status.st_ino == place.inode and status.st_size >= place.offset and first.startswith(place.first)
        begin = place.offset if is_same else 0
        log.seek(begin)
        whole = _whole(log.read(AT_ONCE))
    reached = begin + len(whole)
    return whole, replace(place, offset=reached, inode=status.st_ino, first=first[:reached])


def _whole(news: bytes) -> bytes:
    """The whole events: to the last line of dots, in a log of ads to the end of the last ad."""
    first = news.lstrip(_BETWEEN)[:1]
    kind = _SIGNS.get(first)
    end = end_of(news[:HEAD], kind).encode() if kind else _END
    return news[: news.rfind(end) + len(end)] if first and end in news else b""


def tellings(source: "CondorLog", place: Place, context: "Context") -> "Iterator[tuple[list[Told], Place]]":
    """What the log tells since `place`, piece by piece, each with the place to go on from; nothing when nothing is new.

    The access point that an earlier piece named is that of the later ones.
    """
    while True:
        news, reached = unread(place)
        if not news:
            return
        here = replace(context, cluster=context.cluster or place.cluster)
        items = list(source.parse(io.BytesIO(news), here))
        place = replace(reached, cluster=next((mark.cluster for mark in items if isinstance(mark, Watermark)), None))
        yield items, place
