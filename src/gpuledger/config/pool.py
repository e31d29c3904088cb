"""Whose capacity GPUs are, as a site writes it: lists and files of hosts, tiers of models, categories of memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gpuledger.config.hosts import masked_hosts, owned_hosts
from gpuledger.config.suspicion import SuspicionSettings, suspicion_of
from gpuledger.model.capacity import Capacity

FILES = ("owned_hosts", "masked_hosts", "suspicious")
"""Keys that may name a file; the flags of the pool reports have the same names."""
_DEFAULT = Capacity()


class PoolSettings(BaseModel):
    """`[pool]`: what `Capacity` is made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    owned_hosts: Annotated[
        tuple[str, ...] | Path, Field(description="Hosts the site itself reserves: a list, or a file with one a line.")
    ] = ()
    masked_hosts: Annotated[
        dict[str, str] | Path,
        Field(
            description="Hosts left out, with the reason: a table, or a YAML file (flat, or under `excluded_hosts`)."
        ),
    ] = {}
    suspicious: Annotated[
        SuspicionSettings | Path,
        Field(
            description="Jobs that look as if they only hold a GPU: a table, or a YAML file (under `suspicious_jobs`)."
        ),
    ] = SuspicionSettings()
    hidden_models: Annotated[tuple[str, ...], Field(description="Models left out; `*` and `?` are wild.")] = (
        _DEFAULT.hidden_models
    )
    tiers: Annotated[
        dict[str, tuple[str, ...]], Field(description="Tiers of models in order; the first that matches holds.")
    ] = dict(_DEFAULT.tiers)
    memory: Annotated[dict[str, float], Field(description="Categories of GPU memory and the GiB each begins at.")] = (
        dict(_DEFAULT.memory)
    )


def capacity_of(settings: PoolSettings, files: Mapping[str, Path | None] = {}) -> Capacity:
    """The capacity in force; `files` are those typed, which win over the configuration.

    Raises ConfigError for a file that is missing, unreadable or not what it should be: no exclusions is never a guess.
    """
    owned = files.get("owned_hosts") or settings.owned_hosts
    masked = files.get("masked_hosts") or settings.masked_hosts
    suspicious = files.get("suspicious") or settings.suspicious
    return Capacity(
        owned_hosts=owned_hosts(owned) if isinstance(owned, Path) else owned,
        excluded_hosts=masked_hosts(masked) if isinstance(masked, Path) else masked,
        hidden_models=settings.hidden_models,
        tiers=settings.tiers,
        memory=settings.memory,
        suspicion=suspicion_of(suspicious),
    )
