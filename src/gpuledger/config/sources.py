"""Sources as configured: a source's dataclass fields are its configuration keys, checked before anything runs."""

import ast
from collections.abc import Mapping
from dataclasses import fields
from inspect import getsource
from itertools import pairwise
from textwrap import dedent
from typing import TYPE_CHECKING, Any, cast

from gpuledger.config import Settings
from gpuledger.config.plugged import built
from gpuledger.config.sites import with_sites
from gpuledger.model.errors import UsageError
from gpuledger.model.names import unknown
from gpuledger.plugins import load, names

if TYPE_CHECKING:
    from gpuledger.sources import Source


def source_named(settings: Settings, name: str) -> "Source":
    """The source configured as `[sources.NAME]`, or the plugin of that name with nothing configured.

    Raises ConfigError for a wrong key or value, UsageError for a name that is neither.
    """
    if name in settings.sources:
        configured = settings.sources[name]
        source = cast("Source", built("sources", f"[sources.{name}]", configured.type, configured.fields))
        return with_sites(source, settings.sites)
    if name not in names("sources"):
        raise UsageError(unknown("source", name, {*settings.sources, *names("sources")}))
    return with_sites(cast("Source", built("sources", f"[sources.{name}]", name, {})), settings.sites)


def meanings(kind: type) -> dict[str, str]:
    """What each key of a source means: the text that stands under its field, on one line."""
    body: list[Any] = ast.parse(dedent(getsource(kind))).body[0].body  # type: ignore[attr-defined]
    return {
        field.target.id: " ".join(str(text.value.value).split())
        for field, text in pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    }


def is_source(name: str, settings: Settings) -> bool:
    """Whether `name` is a configured source or a type of source."""
    return name in settings.sources or name in names("sources")


def all_types(options: Mapping[str, str]) -> "dict[str, Source]":
    """Every type of source by name, with those of `options` that are its keys: for recognising a file."""
    kinds = {name: load("sources", name) for name in names("sources")}
    return {
        name: kind(**{f.name: options[f.name] for f in fields(kind) if f.name in options})
        for name, kind in kinds.items()
    }


def listing(settings: Settings) -> list[dict[str, str]]:
    """Each type of source: name, title, the names it is configured under, its keys."""
    return [
        {
            "name": name,
            "title": kind.title,
            "configured_as": ", ".join(ours for ours, each in settings.sources.items() if each.type == name),
            "keys": ", ".join(field.name for field in fields(kind)),
        }
        for name, kind in ((name, load("sources", name)) for name in names("sources"))
    ]
