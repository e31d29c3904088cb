"""What numbers of GPUs can be told apart by, beside what they share with those of attempts."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import ibis

from gpuledger.metrics import Dimension
from gpuledger.metrics.states.facts import PARTS, is_said
from gpuledger.model.capacity import CLASSES, INTERACTIVE, OPEN, RESEARCHER, RESERVED, UNKNOWN

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from gpuledger.metrics.states.sorting import Sorting

GIB = 2.0**30

CLASS = Dimension(
    "class",
    "Class",
    "Whose capacity the GPU is: researcher, reserved, open, interactive or unknown.",
    values=tuple(CLASSES),
    state_column="class",
)
DIMENSIONS: tuple[Dimension, ...] = (
    Dimension(
        "host", "Host", "Machine the GPU is in; of an attempt of a workflow the one it had.", state_column="host",
        event_column="host", workflow_column="host",
    ),
    Dimension(
        "gpu", "GPU", "One GPU: its host, a slash and its name.", state_column="gpu_of_host", event_column="gpu_of_host"
    ),
    CLASS,
    Dimension("tier", "Tier", "Tier of the GPU's model, by the configuration.", state_column="tier"),
    Dimension(
        "memory_category", "GPU memory", "Category of the GPU's memory, by the configuration.", state_column="memory_category"
    ),
    Dimension(
        "project", "Owning projects", "Projects that own the GPU, as the source lists them; empty where it is open to all.",
        state_column="owner_projects",
    ),
    Dimension(
        "reading", "Reading", "Moment of the reading (UTC): the numbers as they were told.", state_column="reading", is_moment=True
    ),
    Dimension("part", "State", "What the GPU counts as at a moment.", values=PARTS, state_column="part"),
)  # fmt: skip


def column_of(rows: "ir.Table", dimension: Dimension, sorting: "Sorting") -> "ir.StringValue":
    """The dimension's value of each GPU-moment (`facts`)."""
    name = dimension.state_column
    return _TOLD[name](rows, sorting) if name in _TOLD else rows[name]


def _class(rows: "ir.Table", sorting: "Sorting") -> "ir.StringValue":
    return ibis.cases(
        (rows.host.isin(sorting.owned) if sorting.owned else ibis.literal(False), RESERVED),
        (rows.owner_projects.isnull(), UNKNOWN),
        (is_said(rows.owner_projects), RESEARCHER),
        (rows.is_interactive.fill_null(False), INTERACTIVE),
        else_=OPEN,
    )


def _tier(rows: "ir.Table", sorting: "Sorting") -> "ir.StringValue":
    cases = [(rows.gpu_model.isin(models), name) for name, models in sorting.tiers.items()]
    return ibis.cases(*cases, else_=ibis.null("string")) if cases else ibis.null("string")


def _memory(rows: "ir.Table", sorting: "Sorting") -> "ir.StringValue":
    rising = sorted(sorting.capacity.memory.items(), key=lambda pair: -pair[1])
    cases = [(rows.gpu_memory_bytes >= gib * GIB, name) for name, gib in rising]
    return ibis.cases(*cases, else_=ibis.null("string")) if cases else ibis.null("string")


_TOLD: "Mapping[str, Callable[[ir.Table, Sorting], ir.StringValue]]" = {
    "class": _class,
    "tier": _tier,
    "memory_category": _memory,
    "reading": lambda rows, sorting: rows.time.cast("string").replace(" ", "T").concat("Z"),
    "gpu_of_host": lambda rows, sorting: rows.host.concat("/", rows.gpu),
}
