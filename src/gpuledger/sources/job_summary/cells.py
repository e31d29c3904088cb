"""One row of the table: cells by header, typed when asked, with a reason where one is not of its kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gpuledger.model.job_summary import EARLIER, OWN, READERS, CellKind

KINDS: Mapping[str, CellKind] = {column.header: column.kind for column in (*EARLIER, *OWN)}
WORDS: Mapping[CellKind, str] = {
    "text": "text", "texts": "a list", "whole": "a whole number", "number": "a number", "flag": "True or False",
    "instant": "a time", "local": "a time", "length": "a length of time", "json": "a list",
}  # fmt: skip
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

    def has(self, header: str) -> bool:
        return header in self.at

    def get(self, header: str) -> Any:
        """The typed cell, None where it is empty or the table has no such column. Raises Refused."""
        index = self.at.get(header)
        if index is None or not (text := self.row[index].strip()) or text in NOTHING:
            return None
        kind = KINDS[header]
        try:
            found = READERS[kind](text)
        except (ValueError, OverflowError, RecursionError):
            raise Refused(f"{header} is not {WORDS[kind]}") from None
        if kind == "whole" and abs(found) > LARGEST:
            raise Refused(f"{header} is not {WORDS[kind]}")
        return found

    def amount(self, header: str) -> float | None:
        """A number that cannot be negative. Raises Refused."""
        number = self.get(header)
        if number is None:
            return None
        if number < 0:
            raise Refused(f"{header} is negative")
        return float(number)
