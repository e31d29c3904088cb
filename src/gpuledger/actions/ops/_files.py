"""What the doctor looks at on disk: who can read secrets, and how full it is."""

import shutil
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gpuledger.actions.ops.diagnosis import Diagnosis
from gpuledger.config import Settings, ledger_folder
from gpuledger.config.plugged import FILE
from gpuledger.config.show import is_secret
from gpuledger.model.secrets import without_secret

_OTHERS_READ = 0o004
_FULL = 0.98
"""Share of a disk above which the next write may fail."""


def secrets(settings: Settings, file: Path | None) -> Iterator[Diagnosis]:
    """Files that hold secrets and that everybody on the machine can read."""
    for path in dict.fromkeys(_holding(settings, file)):
        try:
            mode = path.stat().st_mode
        except OSError as error:
            yield Diagnosis("secrets", "critical", f"{path} cannot be looked at: {error.strerror}.")
            continue
        if mode & _OTHERS_READ:
            yield Diagnosis("secrets", "critical", f"Everybody can read {path}, which holds a secret: chmod o-rwx it.")


def _holding(settings: Settings, file: Path | None) -> Iterator[Path]:
    if file and _says_secret(tomllib.loads(file.read_text(encoding="utf-8"))):
        yield file
    if file and (dotenv := file.parent / ".env").is_file() and _dotenv_says_secret(dotenv):
        yield dotenv
    said = [part.fields for part in settings.channels.values()] + [part.fields for part in settings.sources.values()]
    named = ((key, value) for fields in said for key, value in fields.items() if key.endswith(FILE))
    yield from (Path(str(value)) for key, value in named if is_secret(key.removesuffix(FILE)))


def _says_secret(values: Any) -> bool:
    if isinstance(values, Mapping):
        return any((is_secret(key) and isinstance(one, str)) or _says_secret(one) for key, one in values.items())
    if isinstance(values, str):
        return without_secret(values) != values  # an address with a password, a token by its shape
    return isinstance(values, list) and any(_says_secret(one) for one in values)


def _dotenv_says_secret(file: Path) -> bool:
    from dotenv import dotenv_values

    return any(is_secret(name) and value for name, value in dotenv_values(file, interpolate=False).items())


def disks(settings: Settings) -> Iterator[Diagnosis]:
    """Room where the ledger, the outbox and the log are."""
    places = {"ledger": ledger_folder(settings.ledger), "outbox": settings.outbox, "log": settings.log_file}
    seen: set[int] = set()
    for name, place in places.items():
        found = next((path for path in (place, *place.parents) if path.exists()), None) if place else None
        if found and (device := found.stat().st_dev) not in seen:
            seen.add(device)
            yield _disk(name, found, settings.ops.disk_ratio)


def _disk(name: str, place: Path, limit: float) -> Diagnosis:
    told = shutil.disk_usage(place)
    ratio = told.used / (told.used + told.free) if told.used + told.free else 1.0
    level = "critical" if ratio >= _FULL else "warning" if ratio >= limit else "ok"
    return Diagnosis(f"disk of {name}", level, f"{ratio:.0%} in use, {told.free / 2**30:,.1f} GiB free at {place}.")  # type: ignore[arg-type]
