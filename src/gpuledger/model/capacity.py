"""Whose capacity a GPU is, and what a site leaves out of its numbers: said by its configuration, never by code."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from gpuledger.model.suspicion import Suspicion

RESERVED, RESEARCHER, OPEN, INTERACTIVE, UNKNOWN = "reserved", "researcher", "open", "interactive", "unknown"
CLASSES: Mapping[str, str] = {
    RESEARCHER: "Researcher-owned",
    RESERVED: "Reserved",
    OPEN: "Open capacity",
    INTERACTIVE: "Interactive only",
    UNKNOWN: "Ownership not known",
}
"""Classes of capacity in the order they are shown, with their labels. Every GPU at every moment is in exactly one.

reserved: on a host of the owners list, whatever its slots say · researcher: some project owns it · interactive: it is
offered for interactive work only, and no project owns it · open: no project owns it · unknown: the source does not say.
"""

REST = "Standard"
"""The tier of models that no tier names."""


@lru_cache(maxsize=1024)
def _expression(pattern: str) -> re.Pattern[str]:
    wild = re.escape(pattern.strip()).replace(r"\*", ".*").replace(r"\?", ".")
    return re.compile(wild, re.IGNORECASE | re.DOTALL)


def is_match(pattern: str, name: str) -> bool:
    """Does the pattern stand for the whole name? Letters large or small; `*` and `?` are wild."""
    return _expression(pattern).fullmatch(name) is not None


def is_host(pattern: str, host: str) -> bool:
    """Does the pattern stand for the machine: its full name, or its first label? `gpu1` is never `gpu10`."""
    return is_match(pattern, host) or is_match(pattern, host.partition(".")[0])


@dataclass(frozen=True)
class Capacity:
    """How GPUs are sorted into classes, tiers and memory categories, and which are left out.

    `owned_hosts` are patterns of hosts the site itself reserves. `excluded_hosts` maps patterns of hosts to the reason
    they are left out of every number. `hidden_models` are patterns of models left out of every number; both are listed
    with their GPUs. `tiers` are patterns of models by the tier's name, the first that matches holds. `memory` maps a
    category's name to the GiB it begins at, in rising order. `suspicion` says which jobs look as if they only held a GPU.
    """

    owned_hosts: tuple[str, ...] = ()
    excluded_hosts: Mapping[str, str] = field(default_factory=dict)
    hidden_models: tuple[str, ...] = ("*GTX 1080*", "*P100*", "Quadro*", "NVIDIA A30", "NVIDIA A40")
    tiers: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {
            "MIG slices": ("* MIG *",),
            "Flagship": (
                "NVIDIA H100*", "NVIDIA H200*", "NVIDIA GH200*", "NVIDIA B200*", "NVIDIA B300*", "NVIDIA GB200*", "NVIDIA A100*80GB*",
            ),
        }
    )  # fmt: skip
    memory: Mapping[str, float] = field(
        default_factory=lambda: {"under 48 GB": 0, "48 GB": 44, "64 to 72 GB": 56, "80 GB": 75, "over 80 GB": 86}
    )

    suspicion: Suspicion = field(default_factory=Suspicion)

    def is_owned(self, host: str) -> bool:
        """Is the host on the owners list?"""
        return any(is_host(pattern, host) for pattern in self.owned_hosts)

    def reason(self, host: str) -> str | None:
        """Why the host is left out; None when it is not."""
        return next((why for pattern, why in self.excluded_hosts.items() if is_host(pattern, host)), None)

    def is_hidden(self, model: str | None) -> bool:
        """Is the model left out?"""
        return model is not None and any(is_match(pattern, model) for pattern in self.hidden_models)

    def tier(self, model: str | None) -> str | None:
        """The tier of a model, None where the model is not known."""
        if model is None:
            return None
        named = (name for name, models in self.tiers.items() if any(is_match(pattern, model) for pattern in models))
        return next(named, REST)

    def unmatched(self, hosts: Iterable[str]) -> tuple[str, ...]:
        """The host patterns that stand for no host there is: a name that was mistyped or a machine that is gone."""
        known = tuple(hosts)
        patterns = (*self.owned_hosts, *self.excluded_hosts)
        return tuple(p for p in dict.fromkeys(patterns) if not any(is_host(p, host) for host in known))
