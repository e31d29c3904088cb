"""What events of devices can be told apart by, beside what they share with other numbers."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import ibis

from gpuledger.metrics import Dimension
from gpuledger.model.devices import SLOT
from gpuledger.model.events import KINDS

if TYPE_CHECKING:
    import ibis.expr.types as ir

DIMENSIONS: tuple[Dimension, ...] = (
    Dimension(
        "event_kind", "Event", f"What happened to the device: {', '.join(KINDS)}.", values=tuple(KINDS),
        event_column="device_event_kind",
    ),
    Dimension(
        "gpu_position", "Place in the host",
        "Name of the GPU's place, the same in every host; not known of GPUs that are told by their uuid.",
        event_column="position",
    ),
    Dimension(
        "event_temperature", "Temperature of the event", "Temperature told with the event, in whole degrees rounded down.",
        event_column="whole_degrees",
    ),
)  # fmt: skip


def column_of(rows: "ir.Table", dimension: Dimension) -> "ir.StringValue":
    """The dimension's value of each event."""
    name = dimension.event_column
    return _TOLD[name](rows) if name in _TOLD else rows[name]


def _position(rows: "ir.Table") -> "ir.StringValue":
    is_uuid = rows.gpu.startswith("GPU-") | rows.gpu.startswith("MIG-")
    return ibis.cases((is_uuid, ibis.null("string")), else_=_named(rows))


def _named(rows: "ir.Table") -> "ir.StringValue":
    """The GPU as pages call it: by its place alone, where that is its name."""
    return ibis.cases((rows.gpu.startswith(SLOT), rows.gpu.substr(len(SLOT))), else_=rows.gpu)


_TOLD: "Mapping[str, Callable[[ir.Table], ir.StringValue]]" = {
    "gpu_of_host": lambda rows: rows.host.concat("/", _named(rows)),
    "position": _position,
    "whole_degrees": lambda rows: rows.temperature_celsius.floor().cast("int64").cast("string"),
}
