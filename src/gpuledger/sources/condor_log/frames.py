"""Events cut out of a job event log: from header to header, so that damage costs the damaged events only.

NNN (CLUSTER.PROC.SUBPROC) DATE TIME text        ISO or MM/DD, with or without sub-seconds and zone
    body
...
"""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from gpuledger.sources.condor_log.shapes import WHOLE

HEADER = re.compile(
    r" \((?<=\d\d\d \()(-?\d+)\.(-?\d+)\.-?\d+\)"
    r" ((?:\d{4}-\d\d-\d\d|\d\d/\d\d)[ T]\d\d):(\d\d:\d\d)(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)? ?"
)
"""What follows the three digits of an event's code: job, day with hour, minute with second, and what may follow these.

It begins with literal text, which the engine finds fastest; only then it looks back for the digits.
"""
CODE = 3
BLOCK = 1 << 20
LONGEST = 8 << 20
"""An event that is longer is given up: no log has one, and memory must stay flat."""
END = "\n...\n"


class Event(NamedTuple):
    """One event as it stands in the log: code, header (its job and time), the rest of it with the body.

    `first_line` is the number of the first line of the text that the header was found in.
    """

    code: str
    header: re.Match[str]
    text: str
    first_line: int

    @property
    def job(self) -> tuple[int, int]:
        """Cluster and proc; below zero where the event names no job."""
        return int(self.header[1]), int(self.header[2])

    @property
    def line(self) -> int:
        """Counted when asked: hardly any event has to say where it stands."""
        return self.first_line + self.header.string.count("\n", 0, self.header.start())


class Damage(NamedTuple):
    """Text that is no whole event. `is_event` says whether an event is lost with it."""

    line: int
    reason: str
    text: str
    is_event: bool = True


Frame = Event | Damage

TORN = "the event is damaged in the middle; its lines before the damage were read"
LOST = "the event is damaged in its first line and lost"
JUNK = "text that belongs to no event"
STRANGE = "a line of the event is damaged or missing; what can be read of it was"
UNENDED = "the `...` that ends an event is missing; it was read all the same"
LAST = "the log ends in the middle of this event"
TOO_LONG = "no event begins or ends within 8 MB"


def pages(raw: BinaryIO) -> Iterator[list[Frame]]:
    """Every event of the log in its order, and what lies between them, about a megabyte at a time."""
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    rest, line = "", 1
    while True:
        block = raw.read(BLOCK)
        text = rest + decoder.decode(block, not block).replace("\r\n", "\n")
        starts = list(HEADER.finditer(text))
        keep = len(text) if not block else starts[-1].start() - CODE if starts else max(0, len(text) - 200)
        if len(text) - keep > LONGEST:
            keep = len(text)
        yield _between(text, starts, keep, line, is_end=not block)
        if not block:
            return
        line += text.count("\n", 0, keep)
        rest = text[keep:]


def _between(text: str, starts: list[re.Match[str]], keep: int, line: int, *, is_end: bool) -> list[Frame]:
    """The events that begin before `keep`; what stands before the first of them is junk."""
    if starts and starts[-1].start() - CODE >= keep:
        starts.pop()
    begin = starts[0].start() - CODE if starts else keep
    told: list[Frame] = []
    if text[:begin].strip("\n \0\r") or "\0" in text[:begin]:
        told.append(_junk(text, 0, begin, line))
    has_nulls = "\0" in text
    ends = [found.start() - CODE for found in starts[1:]] + [keep]
    for found, end in zip(starts, ends, strict=False):
        start = found.end()
        stop = text.find(END, start - 1, end)
        if stop == end - len(END) and not (has_nulls and "\0" in text[start:stop]):
            code = text[begin : begin + CODE]
            told.append(Event(code, found, text[start:stop], line))
            if (shape := WHOLE.get(code)) and not shape.fullmatch(text, start, stop):
                here = line + text.count("\n", 0, begin)
                told.append(Damage(here, STRANGE, text[begin:end], is_event=False))
        else:
            told += _damaged(text, found, end, line, is_last=is_end and end == keep)
        begin = end
    return told


def _damaged(text: str, found: re.Match[str], end: int, first_line: int, *, is_last: bool) -> Iterator[Frame]:
    """What can be told of an event that does not end as it should, and what is wrong with it."""
    begin = found.start() - CODE
    here = first_line + text.count("\n", 0, begin)
    stop = text.find(END, found.end() - 1, end)
    if stop < 0 and is_last and text.endswith("\n..."):
        stop = len(text) - len(END) + 1
    if stop < 0 and is_last:
        yield Damage(here, LAST, text[begin:end])
        return
    body = text[found.end() : stop if stop >= 0 else end]
    is_whole = (stop >= 0 or text[end - 1] == "\n") and "\0" not in body
    if not is_whole:
        body = body.partition("\0")[0].rpartition("\n")[0]
        yield Damage(here, TORN if body else LOST, text[begin:end], is_event=not body)
    if body or is_whole:
        yield Event(text[begin : begin + CODE], found, body, first_line)
    if stop < 0 and is_whole:
        yield Damage(here, UNENDED, text[begin:end], is_event=False)
    elif 0 <= stop < end - len(END) and text[stop + len(END) : end].strip("\n \r"):
        yield _junk(text, stop + len(END), end, here + text.count("\n", begin, stop + len(END)))


def _junk(text: str, begin: int, end: int, line: int) -> Damage:
    reason = TOO_LONG if end - begin > LONGEST else JUNK
    return Damage(line, reason, text[begin:end])
