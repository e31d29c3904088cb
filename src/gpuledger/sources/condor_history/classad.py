"""Literals of ClassAds. An expression is not computed: it stays the text it is."""

import re
from typing import Any

UNREADABLE = object()
"""A text in quotes that is never closed."""
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?|[+-]?\.\d+")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_PART = re.compile(r'(\w+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\]]*)')
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "undefined": None, "error": None}


class Expression(str):
    """The text of an expression that was not computed: never a value."""

    __slots__ = ()


def literal(text: str) -> Any:
    """Number, text, truth or None (undefined); an Expression for all else; UNREADABLE for a text cut off."""
    if _NUMBER.fullmatch(text):
        return float(text) if any(sign in text for sign in ".eE") else int(text)
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if found := _TEXT.fullmatch(text):
        return found[1].replace('\\"', '"').replace("\\\\", "\\")
    return UNREADABLE if text.startswith('"') and text.count('"') == 1 else Expression(text)


def nested(text: Any) -> dict[str, Any]:
    """The attributes of `[ Id = "GPU-0058af55"; Capability = 8.9 ]`, or of the same as JSON, by small letters."""
    if isinstance(text, dict):
        return {name.lower(): value for name, value in text.items()}
    if not (isinstance(text, str) and text.startswith("[")):
        return {}
    return {name.lower(): literal(value.strip()) for name, value in _PART.findall(text)}
