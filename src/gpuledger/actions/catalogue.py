"""What the viewer must know of each report before it asks for one: name, parameters as JSON Schema, tabs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from gpuledger.config import Settings
from gpuledger.plugins import load, names

TABS = ("qos", "queue", "account")
"""Parameters of which each configured value is a tab."""


def catalogue(settings: Settings) -> list[dict[str, Any]]:
    """Every report as the viewer's `ReportInfo`."""
    return [info(settings, name) for name in names("reports")]


def info(settings: Settings, name: str) -> dict[str, Any]:
    """One report. Raises UsageError for a name there is not."""
    declared = load("reports", name)
    configured = settings.reports.get(name, {})
    return {
        "name": declared.name,
        "title": declared.title,
        "audience": declared.audience,
        "default_last": declared.default_last,
        "parameters": schema(declared.parameters),
        "tabs": tabs(declared.parameters, configured),
        "windows": [],
    }


def schema(kind: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of what a reader may choose."""
    described = kind.model_json_schema()
    kept = {name: each for name, each in described.get("properties", {}).items() if name in public(kind)}
    return {**described, "properties": kept}


def public(kind: type[BaseModel]) -> tuple[str, ...]:
    """The parameters a reader elsewhere may choose: none that names a file of this machine."""
    return tuple(name for name, field in kind.model_fields.items() if Path not in kinds(field.annotation))


def kinds(annotation: Any) -> list[Any]:
    """The types a parameter may have, without None."""
    is_union = get_origin(annotation) in (Union, UnionType)
    return [kind for kind in get_args(annotation) if kind is not NoneType] if is_union else [annotation]


def tabs(kind: type[BaseModel], configured: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One tab for each configured value of the parameters in TABS."""
    return [
        {"label": value, "parameters": {name: value}}
        for name in TABS
        if name in kind.model_fields
        for value in _listed(configured.get(name))
    ]


def _listed(value: Any) -> Sequence[str]:
    """A text may hold several with commas, as the environment gives it."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return [str(part) for part in value or ()]
