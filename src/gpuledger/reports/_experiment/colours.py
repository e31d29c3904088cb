"""One colour for each name, in every figure of an experiment and in the next report of it.

The twelve colours are shared out once: sites have the first eight, in the order of the configured sites and then by the
alphabet, whatever a report keeps of them, so that a filter or a further log moves none; of more sites those with the most
attempts have them, the others are grey. What became of time and a measure without names have the last ones. GPU models have none: their bars are parted by what became of the time.
"""

from collections.abc import Iterable, Mapping

from gpuledger.metrics import NOT_KNOWN
from gpuledger.metrics.workflows.read import NOT_MATCHED
from gpuledger.model.sites import SiteRules

OF_SITES = 8
"""Colours that sites have; the others of the twelve are of what became of time and of measures."""
GOOD, CHECKPOINT, LOST, UNTOLD = "Good", "Checkpoint used", "Lost", "Outcome not told"
"""What became of time; what is not told is grey, as everything without a colour is."""
MEASURE = "measure"
"""The dimension, and the only name, of amounts that have no names."""
FREE = ""
"""A colour that no name of the dimension has."""


def ranks(sites: Mapping[str, int], rules: SiteRules) -> dict[str, tuple[str, ...]]:
    """The ranks of a document: `sites` are all there are in the ledger, with how many attempts are shown."""
    free = (FREE,) * OF_SITES
    return {
        "site": _of_sites(sites, tuple(dict.fromkeys(rules.labels.values()))),
        "fate": (*free, LOST, GOOD, FREE, CHECKPOINT),
        MEASURE: (*free, FREE, FREE, MEASURE),
    }


def _of_sites(sites: Mapping[str, int], configured: tuple[str, ...]) -> tuple[str, ...]:
    """Those configured keep their place also where they are not; too many names leave out these first, then the least."""
    there = {name for name in sites if name not in (NOT_KNOWN, NOT_MATCHED)}
    order = [*configured, *sorted(there - {*configured})]
    if len(order) > OF_SITES:
        order = [name for name in order if name in there]
    most = {*_largest(sites, there)}
    return tuple(order if len(order) <= OF_SITES else (name for name in order if name in most))


def _largest(sites: Mapping[str, int], there: Iterable[str]) -> list[str]:
    return sorted(there, key=lambda name: (-sites[name], name))[:OF_SITES]
