"""`[sites]`: where a workflow's jobs ran, told by their machines, and what sites are called. Rules are data, never code."""

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from gpuledger.model.sites import DEFAULT, SiteRules

if TYPE_CHECKING:
    from gpuledger.sources import Source

FIELD = "sites"
"""The key of a source that tells sites."""


class SiteSettings(BaseModel):
    """`[sites]`: rules and names that come before the built-in ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: Annotated[
        dict[str, str],
        Field(
            description="End of a host's name, a GLIDEIN name or a slot's name (`*` and `?` are wild), and its site."
        ),
    ] = {}
    names: Annotated[dict[str, str], Field(description="What a site is called where people read.")] = {}


def rules_of(settings: SiteSettings) -> SiteRules:
    """The names in force."""
    return replace(DEFAULT, labels={**DEFAULT.labels, **settings.names})


def with_sites(source: "Source", settings: SiteSettings) -> "Source":
    """A source that tells sites, with the rules of `[sites]` after its own; any other as it is."""
    if not settings.rules or FIELD not in (field.name for field in fields(source)):  # type: ignore[arg-type]
        return source
    own = getattr(source, FIELD)
    others = {word: site for word, site in settings.rules.items() if word not in own}
    return replace(source, **{FIELD: {**own, **others}})  # type: ignore[type-var]
