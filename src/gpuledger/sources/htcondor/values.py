"""Values of ClassAd attributes as text: literals are read, expressions stay what they are.

Only HTCondor evaluates an expression, and only with the whole ad; a value that is one is not known here.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.S)
_WORDS: dict[str, Any] = {"true": True, "false": False, "undefined": None, "error": None}
_OPENING, _CLOSING = "{[(", "}])"
_WRAPPED = re.compile(r"\\?/Expr\((.*)\)\\?/", re.S)
"""How JSON of HTCondor's commands holds an expression."""


class Expression(str):
    """Text of an expression, e.g. `GPUs_GPU_0667ce7c` (a reference) or `ifThenElse(…)`."""

    __slots__ = ()


def value(text: str) -> Any:
    """str, int, float, bool, None (undefined or error), list, dict (a nested ad), else an `Expression`."""
    text = text.strip()
    if text.startswith('"') and _STRING.fullmatch(text):
        return text[1:-1].replace('\\"', '"')
    if text.startswith("{") and text.endswith("}"):
        return [value(part) for part in _parts(text[1:-1], ",")]
    if text.startswith("[") and text.endswith("]"):
        pairs = (part.partition("=") for part in _parts(text[1:-1], ";"))
        return {name.strip(): value(rest) for name, sign, rest in pairs if sign}
    return _literal(text)


def unwrapped(told: Any) -> Any:
    """A value out of JSON: what stands there as `/Expr(…)/` is an expression."""
    if isinstance(told, str):
        match = _WRAPPED.fullmatch(told)
        return value(match[1]) if match else told
    if isinstance(told, list):
        return [unwrapped(one) for one in told]
    if isinstance(told, dict):
        return {name: unwrapped(one) for name, one in told.items()}
    return told


def plain(told: Any) -> Any:
    """A value as JSON holds it; references in a list as their names."""
    if isinstance(told, bool | int | float | str) or told is None:
        return told
    if isinstance(told, list | tuple):
        return [plain(one) for one in told]
    if isinstance(told, Mapping):
        return {name: plain(one) for name, one in told.items()}
    return str(told)


def _literal(text: str) -> Any:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if not _NUMBER.fullmatch(text):
        return Expression(text)
    return int(text) if text.lstrip("+-").isdigit() else float(text)


def _parts(text: str, separator: str) -> Iterator[str]:
    """Cut at the separators that stand in no string and no bracket; empty parts are none."""
    depth, begin, at = 0, 0, 0
    while at < len(text):
        sign = text[at]
        if sign == '"' and (string := _STRING.match(text, at)):
            at = string.end()
            continue
        depth += (sign in _OPENING) - (sign in _CLOSING)
        if sign == separator and not depth:
            if text[begin:at].strip():
                yield text[begin:at]
            begin = at + 1
        at += 1
    if text[begin:].strip():
        yield text[begin:]
