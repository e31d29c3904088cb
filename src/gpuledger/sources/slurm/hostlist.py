"""NodeList: `gpu[1-2,5],c-[01-03]x` → the machines, in the scheduler's order."""

import re
from functools import lru_cache

_TOP = re.compile(r"(?:[^,\[\]]+|\[[^\]]*\])+")
_BRACKET = re.compile(r"\[([^\]]*)\]")
NOBODY = frozenset({"", "None assigned", "None", "(null)", "Unknown"})
MOST_HOSTS = 100_000
"""No machine is larger; a longer range is a damaged value and stays as it is written."""


@lru_cache(maxsize=2**15)
def hosts(text: str) -> tuple[str, ...]:
    """Every machine of a node list; none for "None assigned"."""
    if text in NOBODY:
        return ()
    if "[" not in text:
        return tuple(part for part in text.split(",") if part)
    names: list[str] = []
    for part in _TOP.findall(text):
        names.extend(_expanded(part))
        if len(names) > MOST_HOSTS:
            return (text,)
    return tuple(names)


def _expanded(part: str) -> list[str]:
    match = _BRACKET.search(part)
    if not match:
        return [part]
    tails = _expanded(part[match.end() :])
    return [part[: match.start()] + number + tail for number in _numbers(match[1]) for tail in tails]


def _numbers(ranges: str) -> list[str]:
    numbers: list[str] = []
    for piece in ranges.split(","):
        low, is_range, high = piece.partition("-")
        if is_range and low.isdigit() and high.isdigit() and int(high) - int(low) <= MOST_HOSTS:
            numbers.extend(str(n).zfill(len(low)) for n in range(int(low), int(high) + 1))
        else:
            numbers.append(piece)
    return numbers
