"""Reaches sources, stores, metrics, reports and channels by name. Listing names imports none of them.

Built-in plugins and a stranger's package use the same door: one entry-point line in the group
`gpuledger.<group>`. Two packages that offer one name are an error, never "the last one wins".
"""

from collections import defaultdict
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from gpuledger.model.errors import LedgerError, UsageError
from gpuledger.model.names import unknown

Group = Literal["sources", "stores", "metrics", "reports", "channels"]


class PluginError(LedgerError):
    """A plugin is there but cannot be used: two offer its name, or its import fails."""


def names(group: Group) -> tuple[str, ...]:
    """The names offered in `group`, in alphabetical order. Raises PluginError when two packages offer one."""
    return tuple(sorted(_offers(group)))


def load(group: Group, name: str) -> Any:
    """The object behind one name; imports only that plugin.

    Raises UsageError for a name nobody offers (with the near ones), PluginError when it cannot be imported.
    """
    offers = _offers(group)
    if name not in offers:
        raise UsageError(unknown(group.removesuffix("s"), name, sorted(offers)))
    try:
        return offers[name].load()
    except (ImportError, AttributeError) as error:
        raise PluginError(
            f"The {group.removesuffix('s')} {name!r} of {_package(offers[name])} cannot be loaded: {error}."
        ) from error


@cache
def _offers(group: Group) -> dict[str, EntryPoint]:
    found: dict[str, list[EntryPoint]] = defaultdict(list)
    for entry in entry_points(group=f"gpuledger.{group}"):
        found[entry.name].append(entry)
    for name, entries in found.items():
        if len(entries) > 1:
            packages = " and ".join(sorted({f"{_package(entry)} ({entry.value})" for entry in entries}))
            raise PluginError(f"Two plugins are called {name!r} in {group}: {packages}; uninstall or rename one.")
    return {name: entries[0] for name, entries in found.items()}


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value
