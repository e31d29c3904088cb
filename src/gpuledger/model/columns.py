"""How one column of a canonical table is described: once, with type, unit, meaning and what null means."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "texts", "whole", "number", "instant", "date", "flag"]
"""text: UTF-8 · texts: list of text · whole: signed 64-bit · number: double · instant: UTC, microseconds."""

UNITS = {
    "_seconds": "s",
    "_bytes": "B",
    "_watts": "W",
    "_celsius": "°C",
    "_hertz": "Hz",
    "_joules": "J",
    "_ratio": "0 to 1",
    "_count": "count",
    "_at": "UTC instant",
    "_on": "date",
}
"""A name's suffix says its unit; `tests/shape` holds every column to this table."""


@dataclass(frozen=True)
class Column:
    """A named quantity. The same name means the same thing in every table."""

    name: str
    kind: Kind
    meaning: str
    null: str = "not known or not collected"

    @property
    def unit(self) -> str:
        """The unit told by the name's suffix, '' for text, flags and identifiers."""
        return next((unit for suffix, unit in UNITS.items() if self.name.endswith(suffix)), "")


NEVER = "never"
"""The `null` of key columns."""


def text(name: str, meaning: str, null: str = "not known or not collected") -> Column:
    return Column(name, "text", meaning, null)


def number(name: str, meaning: str, null: str = "not known or not collected") -> Column:
    return Column(name, "number", meaning, null)


def whole(name: str, meaning: str, null: str = "not known or not collected") -> Column:
    return Column(name, "whole", meaning, null)


def instant(name: str, meaning: str, null: str = "not known or not collected") -> Column:
    return Column(name, "instant", meaning, null)


def flag(name: str, meaning: str, null: str = "not known or not collected") -> Column:
    return Column(name, "flag", meaning, null)


def texts(name: str, meaning: str, null: str = "not known or not collected") -> Column:
    return Column(name, "texts", meaning, null)
