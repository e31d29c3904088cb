"""Lines of so many columns: wrapping, cutting, filling, by the columns a terminal gives a letter."""

import textwrap
import unicodedata
from dataclasses import dataclass

from gpuledger.render.format import visible

WIDTH = 100


@dataclass(frozen=True)
class Sheet:
    """A page of letters, `columns` wide."""

    columns: int = WIDTH

    @property
    def names(self) -> int:
        """Columns that a name takes at most beside its numbers."""
        return self.columns * 36 // 100

    def heading(self, title: str, rule: str) -> list[str]:
        """A title over a line of `rule`."""
        lines = self.wrapped(title) or [""]
        return [*lines, rule * max(width(line) for line in lines)]

    def wrapped(self, text: str, indent: str = "") -> list[str]:
        """`text` with its controls written out, in lines; those after the first are indented, under an item's dash too."""
        shown = visible(text)
        return _wrap(shown, self.columns, "  " if shown.startswith("- ") else indent)

    def hanging(self, head: str, text: str) -> list[str]:
        """`text` beside `head`, its further lines under its first."""
        room = max(24, self.columns - width(head))
        lines = _wrap(text, room) or [""]
        return [head + lines[0], *(" " * width(head) + line for line in lines[1:])]


def _wrap(text: str, room: int, indent: str = "") -> list[str]:
    """Wide letters take two columns: a text that has them gets fewer letters a line."""
    letters = max(1, room * len(text) // max(width(text), len(text), 1))
    return textwrap.wrap(text, letters, break_on_hyphens=False, subsequent_indent=indent)


def width(text: str) -> int:
    """Columns of a terminal that `text` takes: wide letters two, marks that sit on others none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, most: int) -> str:
    """`text`, cut with "…" to `most` columns."""
    if width(text) <= most:
        return text
    while text and width(text) > most - 1:
        text = text[:-1]
    return text + "…"


def pad(text: str, most: int, *, right: bool = False) -> str:
    """`text` filled with spaces to `most` columns."""
    fill = " " * (most - width(text))
    return fill + text if right else text + fill
