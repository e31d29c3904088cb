"""Where a workflow's job ran: the site told by its GLIDEIN name, slot, host or target. Rules are data, never code.

A site adds or changes rules in its configuration (`tacc.utexas.edu` -> `frontera`); `DEFAULT` holds those of the
national sites the tool was first used on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gpuledger.model.capacity import is_match


@dataclass(frozen=True)
class SiteRules:
    """How a site is told from what an event says of the machine, the first that speaks in this order.

    `glideins`: pattern of `GLIDEIN_ResourceName` -> site. `slots`: pattern of the slot's name -> site. `hosts`: suffix
    of the machine's name, cut at a dot -> site. `targets`: pattern of the resource the workflow asked for -> site,
    for machines whose name tells nothing. In patterns `*` and `?` are wild and case does not matter. `labels` are the
    names shown to people.
    """

    glideins: Mapping[str, str] = field(default_factory=lambda: {"*": "ospool"})
    slots: Mapping[str, str] = field(default_factory=lambda: {"*@glidein_*": "ospool"})
    hosts: Mapping[str, str] = field(
        default_factory=lambda: {
            "delta.ncsa.illinois.edu": "delta",
            "expanse.sdsc.edu": "expanse",
            "bridges2.psc.edu": "bridges2",
            "anvil.rcac.purdue.edu": "anvil",
            "chtc.wisc.edu": "chtc",
            "ec2.internal": "aws",
            "compute.internal": "aws",
            "amazonaws.com": "aws",
        }
    )
    targets: Mapping[str, str] = field(
        default_factory=lambda: {
            "delta": "delta", "expanse": "expanse", "bridges2": "bridges2", "anvil": "anvil", "chtc": "chtc",
            "aws": "aws", "ospool": "ospool", "*-CE?": "ospool",
        }
    )  # fmt: skip
    labels: Mapping[str, str] = field(
        default_factory=lambda: {
            "delta": "Delta", "expanse": "Expanse", "bridges2": "Bridges-2", "anvil": "Anvil", "chtc": "CHTC",
            "aws": "AWS", "ospool": "OSPool",
        }
    )  # fmt: skip

    def label(self, site: str) -> str:
        """The name shown to people; a site without one is shown as it is."""
        return self.labels.get(site, site)


DEFAULT = SiteRules()


def site_of(
    host: str | None, glidein: str | None, slot: str | None, target: str | None, rules: SiteRules = DEFAULT
) -> str | None:
    """The site of one attempt, from facts of this attempt only; None when no rule knows it: never a guess.

    `host` is the machine's name (the `alias` of its address, or what stands after the last `@` of a slot). A glidein is
    asked before the host: an OSPool job on a machine of `chtc.wisc.edu` ran in OSPool, not in the pool of that machine.
    """
    return (
        _first(rules.glideins, glidein)
        or _first(rules.slots, slot)
        or _of_host(rules.hosts, host)
        or _of_host(rules.hosts, (slot or "").rpartition("@")[2])
        or _first(rules.targets, target)
    )


def site_by(rules: Mapping[str, str], host: str, resource: str, slot: str) -> str | None:
    """The site by the first rule that fits: the end of the host's name, the GLIDEIN name, or (the beginning of) the slot's.

    In names `*` and `?` are wild.
    """
    for word, named in rules.items():
        if is_match(word, resource) or slot.startswith(word) or is_match(word, slot) or _ends(host, word):
            return named
    return None


def _ends(host: str, suffix: str) -> bool:
    return host == suffix or host.endswith(f".{suffix.lstrip('.')}")


def _first(patterns: Mapping[str, str], name: str | None) -> str | None:
    if not name:
        return None
    return next((site for pattern, site in patterns.items() if is_match(pattern, name)), None)


def _of_host(suffixes: Mapping[str, str], host: str | None) -> str | None:
    """The site of the longest suffix that ends the name and begins it or follows a dot."""
    name = (host or "").lower().rstrip(".")
    while name:
        if name in suffixes:
            return suffixes[name]
        name = name.partition(".")[2]
    return None
