"""One row of the table: cells by header, typed when asked, with a reason where one is not of its kind.

A row stands or falls with what says which attempt it is and when it ran. Any other cell that cannot be read is not
known, and the rest of its row holds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gpuledger.model.job_summary import EARLIER, OWN, READERS, CellKind

KINDS: Mapping[str, CellKind] = {column.header: column.kind for column in (*EARLIER, *OWN)}
WORDS: Mapping[CellKind, str] = {
    "text": "text", "texts": "a list", "whole": "a whole number", "number": "a number", "flag": "True or False",
    "instant": "a time", "local": "a time", "length": "a length of time", "json": "a list",
}  # fmt: skip
NEEDED = frozenset(
    {
        "HTCondor Cluster ID",
        "Submit Time",
        "Start Time",
        "End Time",
        *(each.header for each in OWN if each.kind == "instant"),
    }
)
"""A row in which one of these cannot be read is refused: another attempt would be told."""
LARGEST = 2**63 - 1
NOTHING = frozenset({"nan", "NaN", "NaT", "None", "<NA>"})
"""How pandas writes an empty cell when a table went through it."""


class Refused(ValueError):
    """A row that cannot be believed; the message is the problem's reason."""


@dataclass(frozen=True)
class Cells:
    """One row; `at` tells which cell a header stands over."""

    at: Mapping[str, int]
    row: Sequence[str]
    faults: dict[str, str] = field(default_factory=dict)
    """Why a cell is not known, by header."""

    def has(self, header: str) -> bool:
        return header in self.at

    def get(self, header: str) -> Any:
        """The typed cell, None where it is empty, not of its kind or not there. Raises Refused for one that is needed."""
        index = self.at.get(header)
        if index is None or not (text := self.row[index].strip()) or text in NOTHING:
            return None
        kind = KINDS[header]
        try:
            found = READERS[kind](text)
        except (ValueError, OverflowError, RecursionError):
            found = None
        if found is None or (kind == "whole" and abs(found) > LARGEST):
            self._fault(header, f"is not {WORDS[kind]}")
            return None
        return found

    def amount(self, header: str) -> float | None:
        """A number that cannot be negative; None as `get` says."""
        number = self.get(header)
        if number is None:
            return None
        if number >= 0:
            return float(number)
        self._fault(header, "is negative")
        return None

    def _fault(self, header: str, why: str) -> None:
        if header in NEEDED:
            raise Refused(f"{header} {why}")
        self.faults[header] = why
