"""What may be chosen of the rolling report, and which tabs it has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from gpuledger.reports import Parameters, Tab

Scope = Literal["qos", "queue", "account"]
SCOPES: tuple[Scope, ...] = ("qos", "queue", "account")
By = Literal["user", "account", "queue", "qos", "gpu_model"]
_WIDTH = re.compile(r"([0-9]{1,4})\s*(min|m|h|d)")
_MINUTES = {"min": 1, "m": 1, "h": 60, "d": 1440}
_DAY = 1440


def width(text: str) -> timedelta:
    """The length of a bin: 5m, 15min, 1h, 6h, 1d. Raises ValueError for one that does not cut a day into equal parts."""
    match = _WIDTH.fullmatch(text.strip())
    minutes = int(match[1]) * _MINUTES[match[2]] if match else 0
    if not minutes or _DAY % minutes:
        raise ValueError(f"{text!r} does not cut a day into equal parts; write 5min, 15min, 1h, 6h or 1d")
    return timedelta(minutes=minutes)


def _is_width(text: str) -> str:
    width(text)
    return text


def _listed(value: Any) -> Any:
    """A text may hold several with commas, as flags and addresses give it."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class LimitSettings(BaseModel):
    """`[reports.rolling.limits.NAME]`: what a QoS, queue or account may hold at one moment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cpus: float | None = Field(None, ge=0)
    gpus: float | None = Field(None, ge=0)
    memory_gib: float | None = Field(None, ge=0)
    nodes: float | None = Field(None, ge=0)
    jobs: float | None = Field(None, ge=0)


class RollingParameters(Parameters):
    """What may be chosen beside period and filters."""

    qos: Names = Field((), description="QoS shown; each is a tab.")
    queue: Names = Field((), description="Queues (partitions) shown; each is a tab.")
    account: Names = Field((), description="Accounts shown; each is a tab.")
    by: By = Field("user", description="What use is told apart by.")
    bin: Annotated[str, AfterValidator(_is_width)] = Field(
        "1h", description="Length of a bin: 5min, 15min, 1h, 6h, 1d; it cuts the days of the display zone."
    )
    top: int = Field(12, ge=1, le=1000, description="Names with a band of their own (twelve have colours).")
    rows: int = Field(50, ge=1, le=1_000_000, description="Most rows of a table.")
    limits: SkipJsonSchema[dict[str, LimitSettings]] = Field({}, description="Limit lines by the name of a tab.")

    @property
    def tabs(self) -> tuple["Choice", ...]:
        """What is shown, one after the other; everything as one where nothing is named."""
        found = tuple(Choice(scope, name) for scope in SCOPES for name in dict.fromkeys(getattr(self, scope)))
        return found or (Choice(None, ""),)


@dataclass(frozen=True)
class Choice:
    """One QoS, queue or account; without a scope all there is."""

    scope: Scope | None
    name: str


def tabs(configured: Mapping[str, Any]) -> tuple[Tab, ...]:
    """A tab for each QoS, queue and account of the configured report; its parameters leave no other one."""
    chosen = RollingParameters.model_validate(dict(configured))
    used = [scope for scope in SCOPES if getattr(chosen, scope)]
    return tuple(
        Tab(choice.name, {scope: choice.name if scope == choice.scope else "" for scope in used})
        for choice in chosen.tabs
        if choice.scope
    )
