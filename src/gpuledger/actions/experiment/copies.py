"""DAGMan's own copy of an event log: is there an event in it that the logs do not hold?"""

import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

BLOCK = 1 << 22
_END = b"\n...\n"
_HEADER = re.compile(rb"\n\.\.\.\n((?!006|008|016|028)\d{3} \(\d+\.\d+\.\d+\) \S+ \S+)")
"""Code, job and stamp of an event that says something of an attempt."""


def telling_more(copies: Sequence[Path], logs: Sequence[Path]) -> list[Path]:
    """The copies but for those of which every event's header stands in the logs too. The logs are read once.

    A file that cannot be compared is told as one that tells more: what is wrong with it is said when it is read.
    """
    if not copies:
        return []
    missing = {copy: _events(copy) for copy in copies}
    compared = [headers for headers in missing.values() if headers is not None]
    try:
        for header in chain.from_iterable(map(_headers, logs)):
            for headers in compared:
                headers.discard(header)
    except OSError:
        return list(copies)
    return [copy for copy, headers in missing.items() if headers is None or headers]


def _events(copy: Path) -> set[bytes] | None:
    """The headers of its events, None where there is nothing to compare."""
    try:
        return set(_headers(copy)) or None
    except OSError:
        return None


def _headers(path: Path) -> Iterator[bytes]:
    with path.open("rb") as log:
        rest = _END
        while block := log.read(BLOCK):
            text = rest + block
            yield from _HEADER.findall(text)
            # the last event of the block may have been cut in its header; told twice it is the same
            rest = text[max(text.rfind(_END, 0, -len(_END)), 0) :] if _END in text else text[-len(_END) :]
