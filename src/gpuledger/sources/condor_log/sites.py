"""Which site a match was on, told by its own host, slot and GLIDEIN name, never by its neighbours in the log."""

from collections.abc import Mapping

from gpuledger.model.sites import site_by, site_of

OSPOOL, OPEN_POOL = "ospool", "chtc"
"""Machines of the open pool that are reached through a broker were lent to OSPool."""


def site(place: Mapping[str, str], rules: Mapping[str, str]) -> str | None:
    """The site; None where nothing tells. The rules are the configured ones: host suffix, GLIDEIN name or slot's name."""
    slot, resource = place.get("slot", ""), place.get("resource", "")
    host = (slot.rpartition("@")[2] if "@" in slot else "") or place.get("host", "")
    if rules and (named := site_by(rules, host, resource, slot)):
        return named
    found = site_of(host, resource, slot, None)
    return OSPOOL if "ccb" in place and found in (None, OPEN_POOL) else found
