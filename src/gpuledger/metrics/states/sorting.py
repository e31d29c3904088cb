"""The site's `Capacity` over the hosts and models there are: patterns become names, so that any engine can compare."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from gpuledger.model.capacity import Capacity


@dataclass(frozen=True, eq=False)
class Sorting:
    """Hosts and models of the readings, sorted."""

    capacity: Capacity
    hosts: tuple[str, ...]
    models: tuple[str, ...]

    @classmethod
    def of(cls, capacity: Capacity, machines: Iterable[tuple[str, str | None]]) -> "Sorting":
        """From the (host, model) pairs there are."""
        pairs = set(machines)
        return cls(
            capacity, tuple(sorted({host for host, _ in pairs})), tuple(sorted({model for _, model in pairs if model}))
        )

    @cached_property
    def owned(self) -> tuple[str, ...]:
        return tuple(host for host in self.hosts if self.capacity.is_owned(host))

    @cached_property
    def excluded(self) -> tuple[str, ...]:
        return tuple(host for host in self.hosts if self.capacity.reason(host) is not None)

    @cached_property
    def hidden(self) -> tuple[str, ...]:
        return tuple(model for model in self.models if self.capacity.is_hidden(model))

    @cached_property
    def tiers(self) -> Mapping[str, tuple[str, ...]]:
        """Models by tier."""
        names = dict.fromkeys(self.capacity.tier(model) or "" for model in self.models)
        return {name: tuple(m for m in self.models if self.capacity.tier(m) == name) for name in names}
