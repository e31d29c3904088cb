"""What a page must know before it asks: each report with what may be chosen, and what files can be read as."""

from dataclasses import fields
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from gpuledger.config import Settings
from gpuledger.model.choice import PeriodChoice
from gpuledger.plugins import load, names
from gpuledger.reports import Report

_FIRST = ("usage", "pool")
"""What most readers look for."""
_PERIOD = frozenset(field.name for field in fields(PeriodChoice))


def catalogue(settings: Settings) -> list[dict[str, Any]]:
    """Every report as the viewer's `ReportInfo`: those with tabs first (they are what a site has set up), then _FIRST."""
    told = [info(load("reports", name), settings.reports.get(name, {})) for name in names("reports")]
    return sorted(told, key=lambda each: (not each["tabs"], *(each["name"] != name for name in _FIRST), each["name"]))


def info(declared: Report, configured: dict[str, Any]) -> dict[str, Any]:
    """One report with the parameters that are configured for it."""
    from gpuledger.render.viewer import report_info

    told = report_info(declared, configured)
    chosen = public(declared.parameters)
    schema = told["parameters"]
    kept = {name: each for name, each in schema.get("properties", {}).items() if name in chosen}
    return told | {"parameters": {**schema, "properties": kept}}


def public(kind: type[BaseModel]) -> tuple[str, ...]:
    """The parameters a reader elsewhere may choose: none that names a file of this machine, no table, no period."""
    return tuple(
        name
        for name, field in kind.model_fields.items()
        if name not in _PERIOD and Path not in kinds(field.annotation) and get_origin(field.annotation) is not dict
    )


def kinds(annotation: Any) -> list[Any]:
    """The types a parameter may have, without None."""
    is_union = get_origin(annotation) in (Union, UnionType)
    return [kind for kind in get_args(annotation) if kind is not NoneType] if is_union else [annotation]


def readable(settings: Settings) -> list[dict[str, str]]:
    """What a file can be read as: each configured source first, then each type."""
    titles = {name: str(load("sources", name).title) for name in names("sources")}
    ours = [
        {"name": name, "type": each.type, "title": titles.get(each.type, each.type)}
        for name, each in settings.sources.items()
    ]
    types = [{"name": name, "type": name, "title": title} for name, title in titles.items()]
    return [*ours, *(each for each in types if each["name"] not in settings.sources)]
