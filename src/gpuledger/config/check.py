"""Whether every part of the settings can be used: sources, and parameters of reports."""

from typing import Any

from pydantic import BaseModel, ValidationError

from gpuledger.config import Settings
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
    return [*(f"source {name}" for name in settings.sources), *(f"report {name}" for name in settings.reports)]


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
