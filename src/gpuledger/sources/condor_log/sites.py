"""Which site a match was on, told by its own host, slot and GLIDEIN name, never by its neighbours in the log."""

from collections.abc import Mapping

OSPOOL = "ospool"
KNOWN: Mapping[str, str] = {
    "expanse.sdsc.edu": "expanse",
    "delta.ncsa.illinois.edu": "delta",
    "anvil.rcac.purdue.edu": "anvil",
    "bridges2.psc.edu": "bridges2",
    "ec2.internal": "aws",
    "amazonaws.com": "aws",
    "chtc.wisc.edu": "chtc",
}
"""Suffix of a host = its site. A pilot of the OSPool may run on any of them: it is told first."""


def site(place: Mapping[str, str], rules: Mapping[str, str]) -> str | None:
    """The site; None where nothing tells. The rules are the configured ones: host suffix, GLIDEIN name or start of a slot's name."""
    slot, resource = place.get("slot", ""), place.get("resource", "")
    host = (slot.rpartition("@")[2] if "@" in slot else "") or place.get("host", "")
    for word, named in rules.items():
        if word == resource or slot.startswith(word) or _ends(host, word):
            return named
    if resource or "@glidein_" in slot:
        return OSPOOL
    found = next((named for suffix, named in KNOWN.items() if _ends(host, suffix)), None)
    return OSPOOL if "ccb" in place and found in (None, "chtc") else found


def _ends(host: str, suffix: str) -> bool:
    return host == suffix or host.endswith(f".{suffix.lstrip('.')}")
