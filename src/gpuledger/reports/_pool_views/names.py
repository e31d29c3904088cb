"""What people type for hosts, models and projects, matched against those there are."""

from collections.abc import Callable, Iterable, Sequence

from gpuledger.model.capacity import is_host, is_match
from gpuledger.model.devices import gpu_model
from gpuledger.model.errors import UsageError
from gpuledger.model.names import unknown

_VENDORS = ("nvidia", "amd", "intel")


def models(patterns: Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    """The models that the patterns stand for, with or without the vendor: `H200` is `NVIDIA H200` alone, `H200*` also
    `NVIDIA H200 NVL`.

    Raises UsageError for a pattern that stands for none.
    """
    return _matched("GPU model", patterns, known, _is_model)


def _is_model(text: str, name: str) -> bool:
    vendor, _, short = name.partition(" ")
    return is_match(gpu_model(text).name, name) or (vendor.lower() in _VENDORS and is_match(text, short))


def hosts(patterns: Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    """The hosts that the patterns stand for, by their full name or its first label. Raises UsageError."""
    return _matched("host", patterns, known, is_host)


def owners(project: str, known: Iterable[str]) -> tuple[str, ...]:
    """The lists of owners (as `owner_projects` joins them) that hold the project. Raises UsageError."""
    lists = sorted(set(known))
    found = tuple(owned for owned in lists if any(is_match(project, name) for name in split(owned)))
    if not found:
        raise UsageError(unknown("project", project, sorted({name for owned in lists for name in split(owned)})))
    return found


def split(owned: str) -> list[str]:
    """The projects of a list of owners."""
    return [name for name in (part.strip() for part in owned.split(",")) if name]


def _matched(
    kind: str, patterns: Sequence[str], known: Iterable[str], is_meant: Callable[[str, str], bool]
) -> tuple[str, ...]:
    names = sorted(set(known))
    for pattern in patterns:
        if not any(is_meant(pattern, name) for name in names):
            raise UsageError(unknown(kind, pattern, names))
    return tuple(name for name in names if any(is_meant(pattern, name) for pattern in patterns))
