"""Publications as configured: where each goes, and where we remember what stands there."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pydantic import TypeAdapter, ValidationError

from gpuledger.config import Settings, ledger_folder
from gpuledger.config.publish import PublishSettings
from gpuledger.deliver.sites import TYPES, kind_of
from gpuledger.model.errors import ConfigError, UsageError
from gpuledger.model.names import unknown
from gpuledger.plugins import names

if TYPE_CHECKING:
    from gpuledger.deliver.sites import Place


def publication_named(settings: Settings, name: str) -> PublishSettings:
    """`[publish.NAME]`. Raises UsageError for a name there is not."""
    if name not in settings.publish:
        hint = "" if settings.publish else "none is configured: add [publish.NAME] to the configuration"
        raise UsageError(unknown("publication", name, settings.publish, hint))
    return settings.publish[name]


def place_of(settings: Settings, name: str) -> "Place":
    """Where a publication goes. Raises ConfigError for a type, key or report there is not, or a value that does not fit."""
    said, where = publication_named(settings, name), f"[publish.{name}]"
    if said.type not in TYPES:
        raise ConfigError(f"{where}: {unknown('type of publication', said.type, TYPES)}")
    for report in said.reports:
        if report not in names("reports"):
            raise ConfigError(f"{where}: {unknown('report', report, names('reports'))}")
    kind = kind_of(said.type)
    known = [field.name for field in fields(kind)]
    for key in said.fields:
        if key not in known:
            raise ConfigError(f"{where}: {unknown('key', key, [*known, *PublishSettings.model_fields])}")
    return _made(kind, said, where)


def _made(kind: type, said: PublishSettings, where: str) -> "Place":
    try:
        return cast("Place", TypeAdapter(kind).validate_python(said.fields))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(str(part) for part in first["loc"]) or said.type
        if first["type"] == "missing":
            raise ConfigError(f"{where} does not say its {path}.") from None
        raise ConfigError(f"{where}: {path}: {first['msg'].removeprefix('Value error, ')}.") from None


def state_folder(settings: Settings) -> Path:
    """Where locks and what is known of each site are kept: on this machine, also when the ledger is not."""
    if "://" in settings.ledger and not settings.ledger.startswith("file://"):
        if settings.outbox:
            return settings.outbox.expanduser().absolute().parent / "publish"
        raise ConfigError(
            'The ledger is not a folder; say where things are kept: outbox = "/var/lib/gpuledger/outbox".'
        )
    return ledger_folder(settings.ledger) / "publish"
