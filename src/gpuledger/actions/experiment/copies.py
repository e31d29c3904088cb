"""DAGMan's own copy of an event log: is there an event in it that the logs do not hold?"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

BLOCK = 1 << 22
_END = b"\n...\n"
_HEADER = re.compile(rb"\n\.\.\.\n((?!006|008|016|028)\d{3} \(\d+\.\d+\.\d+\) \S+ \S+)")
"""Code, job and stamp of an event that says something of an attempt."""


def tells_more(copy: Path, logs: Sequence[Path]) -> bool:
    """True unless the header of every event of `copy` stands in one of the logs too. Raises OSError."""
    missing = set(_headers(copy))
    if not missing:
        return True
    for log in logs:
        for header in _headers(log):
            missing.discard(header)
        if not missing:
            return False
    return True


def _headers(path: Path) -> Iterator[bytes]:
    with path.open("rb") as log:
        rest = _END
        while block := log.read(BLOCK):
            text = rest + block
            yield from _HEADER.findall(text)
            # the last event of the block may have been cut in its header; told twice it is the same
            rest = text[max(text.rfind(_END, 0, -len(_END)), 0) :] if _END in text else text[-len(_END) :]
