"""Whether every part of the settings can be used: sources, channels, deliveries, publications, and parameters of reports."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from gpuledger.config import Settings
from gpuledger.config.channels import channel_named, require_whole
from gpuledger.config.deliveries import DeliverySettings
from gpuledger.config.publications import place_of
from gpuledger.config.sources import source_named
from gpuledger.model.errors import UsageError
from gpuledger.model.names import unknown
from gpuledger.plugins import load


def checked(settings: Settings) -> list[str]:
    """Names the parts that were checked. Raises ConfigError or UsageError at the first that is wrong."""
    for name in settings.sources:
        source_named(settings, name)
    for name, values in settings.reports.items():
        parameters(load("reports", name).parameters, values, f"[reports.{name}]")
    for name in settings.channels:
        channel_named(settings, name)
    for name, delivery in settings.deliveries.items():
        _check_delivery(settings, name, delivery)
    for name in settings.publish:
        place_of(settings, name)
    tables: dict[str, Iterable[str]] = {"source": settings.sources, "report": settings.reports}
    tables |= {"channel": settings.channels, "delivery": settings.deliveries, "publication": settings.publish}
    return [f"{kind} {name}" for kind, table in tables.items() for name in table]


def _check_delivery(settings: Settings, name: str, delivery: DeliverySettings) -> None:
    require_whole(settings, name, delivery)
    values = settings.reports.get(delivery.report, {}) | delivery.parameters
    parameters(load("reports", delivery.report).parameters, values, f"[deliveries.{name}]")


def parameters(kind: type[BaseModel], values: dict[str, Any], place: str) -> BaseModel:
    """The parameters of a report, checked; `place` says who gave them. Raises UsageError naming the near key."""
    for key in values:
        if key not in kind.model_fields:
            raise UsageError(f"{place}: {unknown('parameter', key, kind.model_fields)}")
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{place}: {path}: {first['msg'].removeprefix('Value error, ')}.") from None
