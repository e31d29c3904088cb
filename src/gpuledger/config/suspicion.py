"""Suspicious jobs as a site writes them: in its configuration, or in a YAML file of its own."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from gpuledger.config.files import first_line, text_of
from gpuledger.model.errors import ConfigError
from gpuledger.model.suspicion import Suspicion

_NESTED = "suspicious_jobs"
_WHAT = "list of suspicious jobs"
_DEFAULT = Suspicion()


class SuspicionSettings(BaseModel):
    """`[pool.suspicious]`: what `Suspicion` is made of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cmd_patterns: Annotated[
        tuple[str, ...], Field(description="Regular expressions searched in the last part of a job's command.")
    ] = _DEFAULT.patterns
    min_runtime_hours: Annotated[float, Field(ge=0, description="Hours a job must have run.")] = (
        _DEFAULT.least_seconds / 3600
    )

    @field_validator("cmd_patterns")
    @classmethod
    def _compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression ({error})") from None
        return patterns


def suspicion_of(said: SuspicionSettings | Path) -> Suspicion:
    """Raises ConfigError for a file that is missing, unreadable or not what it should be."""
    settings = _read(said) if isinstance(said, Path) else said
    return Suspicion(settings.cmd_patterns, settings.min_runtime_hours * 3600)


def _read(file: Path) -> SuspicionSettings:
    """The YAML file: `cmd_patterns` and `min_runtime_hours`, under `suspicious_jobs` or not."""
    import yaml

    try:
        held: Any = yaml.safe_load(text_of(file, _WHAT))
        held = held.get(_NESTED, held) if isinstance(held, dict) else held
        return SuspicionSettings.model_validate(held or {})
    except yaml.YAMLError as error:
        raise ConfigError(f"The {_WHAT} {str(file)!r} is not YAML: {first_line(error)}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or _NESTED
        raise ConfigError(f"The {_WHAT} {str(file)!r} is not as expected: {where}: {first['msg']}.") from None
