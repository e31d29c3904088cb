"""Names of hosts where room is short."""

import re
from collections.abc import Sequence

_HOST = re.compile(r"([^\s.@/]+)(\.[^\s.@/]+(?:\.[^\s.@/]+)+)(.*)", re.DOTALL)


def without_domain(names: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The names without the domain that every one of them has, and a sentence that says it; as they are where they differ.

    What follows a host ("gpu1.pool.example.edu / GPU 3") stays.
    """
    found = [_HOST.fullmatch(name) for name in names]
    domains = {match[2] for match in found if match}
    if len(set(names)) < 2 or None in found or len(domains) != 1:
        return tuple(names), ""
    return tuple(match[1] + match[3] for match in found if match), f"Hosts are named without {domains.pop()}."
