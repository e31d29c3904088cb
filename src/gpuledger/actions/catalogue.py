"""What a page must know before it asks: each report with what may be chosen, and what files can be read as."""

from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel

from gpuledger.config import Ledger, Settings
from gpuledger.model.choice import PeriodChoice
from gpuledger.plugins import load, names
from gpuledger.reports import Report, Tab

Shown = Callable[[str, Any], Any]
"""(column or dimension, value) → the value as those may read it who look."""


def by_name(column: str, value: Any) -> Any:
    """Everything as it is."""
    return value


_FIRST = ("usage", "pool", "pool-hosts")
"""What most readers look for."""
_PERIOD = frozenset(field.name for field in fields(PeriodChoice))


def catalogue(
    settings: Settings, shown: Shown = by_name, is_seen: Callable[[Report], bool] = lambda declared: True
) -> list[dict[str, Any]]:
    """Every report that is seen, as the viewer's `ReportInfo`: those with tabs first (they are what a site has set up),
    then _FIRST.
    """
    declared = [each for name in names("reports") if is_seen(each := load("reports", name))]
    told = [info(each, settings.reports.get(each.name, {}), shown) for each in declared]
    return ordered(told)


def ordered(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reports as a page lists them; it opens on the first."""
    return sorted(told, key=lambda each: (not each["tabs"], *(each["name"] != name for name in _FIRST), each["name"]))


def info(declared: Report, configured: dict[str, Any], shown: Shown = by_name) -> dict[str, Any]:
    """One report with the parameters that are configured for it."""
    from gpuledger.render.viewer import report_info

    told = report_info(declared, configured)
    chosen = public(declared.parameters)
    schema = told["parameters"]
    kept = {name: each for name, each in schema.get("properties", {}).items() if name in chosen}
    tabs = [asdict(veiled(tab, shown)) for tab in declared.tabs(configured)]
    return told | {"parameters": {**schema, "properties": kept}, "tabs": tabs}


def newest(ledger: Ledger) -> dict[str, datetime | None]:
    """The newest moment of what each report is about, None where the ledger tells nothing of it. A report that does not say
    what it is about is left out."""
    subjects = {name: subject() for name in names("reports") if (subject := load("reports", name).subject)}
    each = {table.op(): table for tables in subjects.values() for table in tables}
    found = {key: ledger.store.ask(table)["newest"][0].as_py() for key, table in each.items()}
    moments = {name: [found[table.op()] for table in tables] for name, tables in subjects.items()}
    return {name: _latest(each) for name, each in moments.items()}


def _latest(moments: list[datetime | None]) -> datetime | None:
    latest = max((moment for moment in moments if moment), default=None)
    return latest and latest.replace(tzinfo=UTC)


def veiled(tab: Tab, shown: Shown) -> Tab:
    """A tab as those may read it who look: its label stands for the parameter that it names."""
    said = {key: _veiled(key, value, shown) for key, value in tab.parameters.items()}
    kinds = [key for key, value in tab.parameters.items() if tab.label in several(value)]
    return Tab(shown(kinds[0] if kinds else "", tab.label), said)


def _veiled(key: str, value: Any, shown: Shown) -> Any:
    return [shown(key, one) for one in value] if isinstance(value, list | tuple) else shown(key, value)


def several(value: Any) -> tuple[Any, ...]:
    """The values of a parameter that has one or many."""
    return tuple(value) if isinstance(value, list | tuple) else (value,)


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
