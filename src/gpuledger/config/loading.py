"""Flags over environment over `.env` over file over default, with the origin of every value remembered."""

import tomllib
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import BaseModel, ValidationError

from gpuledger.config import Settings
from gpuledger.config.deliveries import nested
from gpuledger.config.pool import FILES as POOL_FILES
from gpuledger.config.pool import PoolSettings
from gpuledger.config.serve import ProxySettings, ServeSettings
from gpuledger.model.errors import ConfigError
from gpuledger.model.names import unknown

PREFIX = "GPULEDGER_"
SPELLINGS = {"DATABASE_URL": "ledger", "LOG_LEVEL": "log_level"}
"""Names of other tools that are accepted; our own spelling wins over them."""


TABLES: Mapping[tuple[str, ...], type[BaseModel]] = {
    ("pool",): PoolSettings,
    ("serve",): ServeSettings,
    ("serve", "proxy"): ProxySettings,
}
"""Tables with a fixed name: their keys are known."""


@dataclass(frozen=True)
class Loaded:
    """Settings, the file they came from (None: there is none), and where each value was said."""

    settings: Settings
    file: Path | None
    origins: Mapping[str, str]


def load(
    flags: Mapping[str, Any],
    environ: Mapping[str, str],
    folder: Path | None,
    config: Path | None = None,
    *,
    only: Container[str] | None = None,
) -> Loaded:
    """The settings in force. `flags` holds only what was typed; `folder` is where we stand (None: read no file);
    `only` these tables and keys are looked at, so that mistakes in others do not matter.

    Raises ConfigError for a file that is missing or no TOML, an unknown key (with the near one) or a bad value.
    """
    file = find(environ, folder, config) if folder else None
    layers = [("default", {"ledger": default_ledger(environ)})]
    if file:
        layers += [(str(file), _read_toml(file)), (str(file.parent / ".env"), _from_environment(_dotenv(file)))]
    layers += [("environment", _from_environment(environ)), ("command line", dict(flags))]
    origins = {key: name for name, values in layers for key in values}
    merged: dict[str, Any] = {}
    for _, values in layers:
        _merge(merged, {key: value for key, value in values.items() if only is None or key in only})
    return Loaded(_checked(merged, origins), file, origins)


def candidates(environ: Mapping[str, str], folder: Path) -> list[Path]:
    """Where a configuration file is looked for, first to last."""
    home = Path(environ.get("XDG_CONFIG_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".config")
    return [folder / "gpuledger.toml", home / "gpuledger" / "gpuledger.toml", Path("/etc/gpuledger/gpuledger.toml")]


def find(environ: Mapping[str, str], folder: Path, config: Path | None = None) -> Path | None:
    """The configuration file in force: named by flag or environment (then it must exist), else the first there is."""
    named = config or (Path(environ[PREFIX + "CONFIG"]) if environ.get(PREFIX + "CONFIG") else None)
    if named is None:
        return next((path for path in candidates(environ, folder) if path.is_file()), None)
    if not named.is_file():
        raise ConfigError(f"There is no configuration file {str(named)!r}; `gpuledger init` writes one.")
    return named


def default_ledger(environ: Mapping[str, str]) -> str:
    """`$XDG_DATA_HOME/gpuledger/ledger`."""
    home = environ.get("XDG_DATA_HOME") or Path(environ.get("HOME", "~")).expanduser() / ".local" / "share"
    return str(Path(home) / "gpuledger" / "ledger")


def unknown_variables(environ: Mapping[str, str]) -> list[str]:
    """A sentence for every variable that begins like ours, is none of ours, and is near one of ours."""
    ours = [*Settings.model_fields, "config"]
    told = ((name, name.removeprefix(PREFIX).lower().split("__")[0]) for name in environ if name.startswith(PREFIX))
    sentences = [
        f"{name} is set and not used: {unknown('setting', key, ours)}" for name, key in told if key not in ours
    ]
    return [sentence for sentence in sentences if "did you mean" in sentence]


def _read_toml(file: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not TOML: {error}.") from error
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
    if isinstance(pool := values.get("pool"), dict):
        values["pool"] = {key: _beside(file, value) if key in POOL_FILES else value for key, value in pool.items()}
    _place_beside(file, values.get("channels"), lambda key: key == "folder" or key.endswith("_file"))
    _place_beside(file, values.get("deliveries"), lambda key: key == "templates")
    _place_beside(file, {"": values.get("serve")}, lambda key: key in ("tokens", "audit_file"))
    _place_beside(file, values.get("publish"), lambda key: key == "folder")
    ours = ("ledger", "log_file", "outbox")
    return {key: _beside(file, value) if key in ours else value for key, value in values.items()}


def _place_beside(file: Path, tables: Any, is_path: Callable[[str], bool]) -> None:
    """The same for the paths in named tables."""
    for table in tables.values() if isinstance(tables, dict) else ():
        if isinstance(table, dict):
            table |= {key: _beside(file, value) for key, value in table.items() if is_path(key)}


def _beside(file: Path, place: Any) -> Any:
    """A relative path in a file is relative to that file, so that cron and a shell mean the same ledger."""
    if not isinstance(place, str) or not place or "://" in place or place.startswith("~"):
        return place
    return str(file.parent.absolute() / place)


def _dotenv(file: Path) -> dict[str, str]:
    return {name: value or "" for name, value in dotenv_values(file.parent / ".env", interpolate=False).items()}


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """GPULEDGER_DISPLAY_ZONE → display_zone; GPULEDGER_SOURCES__HPG__CLUSTER → sources.hpg.cluster."""
    values: dict[str, Any] = {key: environ[name] for name, key in SPELLINGS.items() if environ.get(name)}
    for name in sorted(environ):
        first, *rest = name.removeprefix(PREFIX).lower().split("__")
        if name.startswith(PREFIX) and environ[name] and first in Settings.model_fields:
            _merge(values, _nested([first, *rest], environ[name]))
    return values


def _nested(path: list[str], value: str) -> dict[str, Any]:
    nested: Any = value
    for key in reversed(path):
        nested = {key: nested}
    return dict(nested)


def _merge(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, dict):
            held = into.get(key)
            into[key] = held if isinstance(held, dict) else {}
            _merge(into[key], value)
        else:
            into[key] = value


def _checked(values: dict[str, Any], origins: Mapping[str, str]) -> Settings:
    if isinstance(level := values.get("log_level"), str):
        values["log_level"] = level.lower()
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        found = error.errors(include_url=False)
        first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])  # a typo explains the rest
        path = [str(part) for part in first["loc"]]
        where = f"In {origins.get(path[0], 'the settings')}" if path else "In the settings"
        raise ConfigError(f"{where}: {_sentence(path, first['type'], first['msg'])}") from None


def _sentence(path: list[str], kind: str, message: str) -> str:
    table = tuple(path[:-1])
    if kind == "extra_forbidden" and table in TABLES:
        return f"[{'.'.join(table)}]: {unknown('key', path[-1], TABLES[table].model_fields)}"
    if kind == "extra_forbidden" and len(path) > 2:
        return f"[{'.'.join(path[:2])}]: {unknown('key', path[-1], nested(path))}"
    if kind == "extra_forbidden":
        return unknown("setting", path[-1], Settings.model_fields)
    if kind == "missing" and path[0] == "deliveries":
        return f"[{'.'.join(path[:-1])}] does not say its {path[-1]}."
    if kind == "missing" and path[0] == "publish" and path[-1] == "names":
        return (
            f'[{".".join(path[:-1])}] does not say whose names strangers read: names = "real" or names = "pseudonym".'
        )
    if kind == "missing" and path[0] == "publish":
        return f'[{".".join(path[:-1])}] does not say its type; add type = "folder" (or rsync, scp, git).'
    if kind == "missing" and path[0] == "channels":
        return f'[{".".join(path[:-1])}] does not say its type; add type = "email" (or command, folder, webhook, chat).'
    if kind == "missing" and path[0] == "sources":
        return f'[{".".join(path[:-1])}] does not say its type; add type = "slurm" (or another of `gpuledger sources`).'
    return f"{'.'.join(path)}: {message.removeprefix('Value error, ')}."
