"""How one part of a site does."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "critical"]
LEVELS: tuple[Level, ...] = ("ok", "warning", "critical")


@dataclass(frozen=True)
class Diagnosis:
    """How one part does: what it is, how bad, and a sentence with the cause and, where there is one, the fix."""

    part: str
    level: Level
    sentence: str
