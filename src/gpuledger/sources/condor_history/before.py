"""What the ads of one input tell beside their rows, to be said in the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

OPEN = ("pending", "running", "suspended", "held")
"""States that another may follow."""


@dataclass
class Before:
    """What ads tell of attempts before the last, and of ends they do not tell."""

    jobs: int = 0
    attempts: int = 0
    hours: float = 0.0
    is_hours_known: bool = True
    endless: int = 0
    uncounted: int = 0
    nameless: int = 0
    ended: dict[str, str] = field(default_factory=dict)
    """Attempts that are over, and their state."""
    otherwise: list[int] = field(default_factory=list)
    """Lines of ads that tell of such an attempt again, with another state."""

    def note(self, line: int, row: Mapping[str, Any]) -> None:
        """Takes what an ad told."""
        if row["state"] not in OPEN and self.ended.setdefault(row["attempt_id"], row["state"]) != row["state"]:
            self.otherwise.append(line)
