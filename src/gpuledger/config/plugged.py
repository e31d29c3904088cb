"""Parts that plugins bring: a part's dataclass fields are its configuration keys, checked before anything runs."""

from collections.abc import Iterable, Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gpuledger.model.errors import ConfigError
from gpuledger.model.names import unknown
from gpuledger.plugins import Group, load, names

FILE = "_file"
"""`password_file = "/etc/…"` gives the field `password`: a secret is in a file or the environment, never on argv."""


def built(group: Group, place: str, type_name: str, values: Mapping[str, Any]) -> Any:
    """The part of this type with these keys; `place` is its table in the file, for messages.

    Raises ConfigError for a type or key there is not (with the near one), or a value that does not fit.
    """
    if type_name not in names(group):
        raise ConfigError(f"{place}: {unknown('type of ' + group.removesuffix('s'), type_name, names(group))}")
    kind = load(group, type_name)
    known = {field.name: field for field in fields(kind)}
    given = dict(_read_files(place, values, known))
    for key in given:
        if key not in known:
            raise ConfigError(f"{place}: {unknown('key', key, known)}")
    try:
        return TypeAdapter(kind).validate_python(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{place}: {path or type_name}: {first['msg'].removeprefix('Value error, ')}.") from None


def _read_files(place: str, values: Mapping[str, Any], known: "Mapping[str, Field[Any]]") -> Iterable[tuple[str, Any]]:
    for key, value in values.items():
        field = key.removesuffix(FILE)
        if key in known or field == key or field not in known:
            yield key, value
            continue
        try:
            yield field, Path(str(value)).read_text(encoding="utf-8").rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"{place}: {key} {str(value)!r} cannot be read: {getattr(error, 'strerror', error)}."
            ) from None
