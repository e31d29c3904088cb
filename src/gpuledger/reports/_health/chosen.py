"""What people type for hosts, GPUs and sites, as filters on the names there are."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from gpuledger.metrics import Ask, Filter
from gpuledger.model.capacity import is_host, is_match
from gpuledger.model.devices import position_of
from gpuledger.model.errors import UsageError
from gpuledger.model.names import unknown
from gpuledger.reports._health.scene import EVENTS, KIND

ALL = "all"
"""The kind that is no filter."""


def filters(ask: Ask, typed: Mapping[str, Sequence[str]], kind: str) -> Iterator[Filter]:
    """`typed`: what was typed by dimension. Raises UsageError for a name that no event of the period has."""
    for dimension, patterns in typed.items():
        if patterns:
            yield Filter(dimension, "=", _matched(ask, dimension, patterns))
    if kind != ALL:
        yield Filter(KIND, "=", (kind,))


def _matched(ask: Ask, dimension: str, patterns: Sequence[str]) -> tuple[str, ...]:
    names = sorted(name for (name,) in ask.ask(EVENTS, by=[dimension]).of(EVENTS) if name)
    for pattern in patterns:
        if not any(_MEANT[dimension](pattern, name) for name in names):
            shown = names if dimension != "gpu" else [_said(name) for name in names]
            label = ask.dimensions[dimension].label
            raise UsageError(unknown(label if label.isupper() else label.lower(), pattern, shown, _NONE))
    return tuple(name for name in names if any(_MEANT[dimension](pattern, name) for pattern in patterns))


_NONE = "no event of the period has it"


def _said(name: str) -> str:
    host, _, gpu = name.rpartition("/")
    return f"{host}/{position_of(gpu)}"


def _is_gpu(pattern: str, name: str) -> bool:
    """GPU_23 in every host, or host/GPU_23."""
    gpu = name.rpartition("/")[2]
    return any(is_match(pattern, said) for said in (name, _said(name), gpu, position_of(gpu)))


_MEANT: dict[str, Callable[[str, str], bool]] = {"host": is_host, "gpu": _is_gpu, "site": is_match}
