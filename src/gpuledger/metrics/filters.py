"""Filters as people type them: `queue=gpu`, `queue!=gpu`, `queue=gpu,debug`, `account=not known`."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Literal

from gpuledger.metrics import NOT_KNOWN, Ask, Dimension, Filter
from gpuledger.metrics.device_events.dimensions import column_of as column_of_event
from gpuledger.metrics.dimensions import column_of
from gpuledger.metrics.naming import check
from gpuledger.metrics.registry import BY_DIMENSION
from gpuledger.model.errors import UsageError
from gpuledger.model.schema import unbound
from gpuledger.model.tables import ATTEMPT_GPUS, DEVICE_EVENTS, JOB_ATTEMPTS

_MOST_NAMED = 12
"""More names are no help in a sentence."""


def parse(text: str) -> Filter:
    """One filter. Commas part values; `not known` stands for the missing value, nothing for the empty one.

    Raises UsageError for a text without `=` and for a name that is no dimension.
    """
    name, equals, values = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r} is not a filter; write queue=gpu, queue!=gpu or queue=gpu,debug.")
    op: Literal["=", "!="] = "!=" if name.endswith("!") else "="
    parts = tuple(None if value.strip() == NOT_KNOWN else value.strip() for value in values.split(","))
    return check([Filter(name.removesuffix("!").strip(), op, parts)], BY_DIMENSION)[0]


def require_values(ask: Ask, table: str = "job_attempts") -> None:
    """For an answer that is empty: raises UsageError when a filter asks for a name that was never seen: not in the
    ledger, or for GPU states not in the period.

    A ledger that has seen no name at all says nothing about names.
    """
    for wanted in (wanted for wanted in ask.where if wanted.op == "="):
        dimension = ask.dimensions[wanted.column]
        names = _NAMES[table](ask, dimension)
        for value in filter(None, wanted.values):
            is_named = table == "gpu_states" or {*names} - {*dimension.values} or dimension.name in _WHOLE
            known = {*names} | {*dimension.values}
            is_known = value in known or (table == "workflow_nodes" and value.casefold() in map(str.casefold, known))
            if is_named and not is_known:
                raise UsageError(_no_such(dimension, value, names))


def _names(ask: Ask, dimension: Dimension) -> list[str]:
    """Every known value of a dimension, whatever the period."""
    tables = [JOB_ATTEMPTS, ATTEMPT_GPUS] if dimension.name == "gpu_model" else [JOB_ATTEMPTS]
    told = [unbound(table) for table in tables]
    asked = [rows.select(name=column_of(rows, dimension) if n == 0 else rows.gpu_model) for n, rows in enumerate(told)]
    found = [name for rows in asked for name in ask.rows(rows.distinct())["name"].to_pylist()]
    return sorted({name for name in found if name} | {*dimension.values})


def _names_of_states(ask: Ask, dimension: Dimension) -> list[str]:
    """Every known value of a dimension among the GPUs of the period."""
    found = ask.unfiltered().ask("present_gpu_hours", by=[dimension.name])
    return sorted({name for (name,) in found.of("present_gpu_hours") if name} | {*dimension.values})


def _names_of_events(ask: Ask, dimension: Dimension) -> list[str]:
    """Every known value of a dimension among events of devices, whatever the period."""
    rows = unbound(DEVICE_EVENTS)
    found = ask.rows(rows.select(name=column_of_event(rows, dimension)).distinct())["name"].to_pylist()
    return sorted({name for name in found if name} | {*dimension.values})


def _names_of_workflows(ask: Ask, dimension: Dimension) -> list[str]:
    """Every known value of a dimension among attempts of workflows, whatever the period."""
    from gpuledger.metrics.workflows.read import name_of, read, shown  # reads the whole: only to name what is near

    found = name_of(read(ask.unfiltered(), also=[dimension]).tries, dimension.name).labels
    labels = [shown(ask.sites, dimension.name)(name) for name in found]
    told = {name.casefold(): name for name in (*found, *labels) if name and name != NOT_KNOWN}
    return sorted({*told.values()} | ({*dimension.values} if dimension.name not in _WHOLE else set()))


_WHOLE = ("state",)
"""Dimensions whose values are all there can be, whatever a ledger has seen."""
_NAMES = {
    "workflow_nodes": _names_of_workflows,
    "job_attempts": _names,
    "gpu_states": _names_of_states,
    "device_events": _names_of_events,
}


def _no_such(dimension: Dimension, value: str, names: Sequence[str]) -> str:
    near = _near(value, names) or (names if len(names) <= _MOST_NAMED else [])
    label = dimension.name.replace("_", " ")
    said = f"There is no {label} {value!r}"
    return f"{said}; did you mean {' or '.join(map(repr, near))}?" if near else f"{said} in this ledger."


def _near(value: str, names: Iterable[str]) -> list[str]:
    """Names that hold what was typed, else those spelled alike; letters large or small."""
    folded = {name.casefold(): name for name in names}
    holding = [name for fold, name in folded.items() if value.casefold() in fold]
    return holding[:3] or [folded[fold] for fold in get_close_matches(value.casefold(), folded, n=3, cutoff=0.6)]
