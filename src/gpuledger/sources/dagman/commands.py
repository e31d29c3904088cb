"""The text of a DAG as commands: comments, lines that go on, quotes and inline submit descriptions are settled here."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_HERE = re.compile(r"@=(\w+)\s*$")
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_VARIABLE = re.compile(r"""([+\w.]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")
_ESCAPED = re.compile(r"\\([\"'\\])")


@dataclass(frozen=True)
class Command:
    """One command: the line it begins at, its words (the first in capitals), its text, and an inline description."""

    line: int
    words: tuple[str, ...]
    text: str
    block: tuple[str, ...] | None = None


class Unclosed(ValueError):
    """A description that is opened and never closed; `line` is where."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__("an inline description is opened here and never closed; what follows it is lost")
        self.line, self.text = line, text


def commands(lines: Iterable[str]) -> Iterator[Command]:
    """In the order of the text. Raises Unclosed at its end."""
    numbered = _whole(lines)
    for line, text in numbered:
        opener = _opener(text)
        if opener is None:
            yield Command(line, _words(text), text)
        else:
            yield Command(line, _words(text[: opener[0]]), text, tuple(_block(numbered, opener[1], line, text)))


def _whole(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Lines that are no comment, joined where a backslash ends one. Within a description every line is handed on."""
    begun = 0
    parts: list[str] = []
    for number, raw in enumerate(lines, 1):
        text = raw.rstrip("\r\n")
        if not parts and (not text.strip() or text.lstrip().startswith("#")):
            continue
        begun = begun or number
        if text.endswith("\\"):
            parts.append(text[:-1])
            continue
        yield begun, "".join([*parts, text]).strip()
        begun, parts = 0, []
    if parts:
        yield begun, "".join(parts).strip()


def _opener(text: str) -> tuple[int, str] | None:
    """Where an inline description begins in a line, and the line that ends it."""
    word = text.split(None, 1)[0].upper()
    if word not in ("JOB", "NODE", "FINAL", "PROVISIONER", "SERVICE", "SUBMIT-DESCRIPTION"):
        return None
    if text.endswith("{"):
        return len(text) - 1, "}"
    found = _HERE.search(text)
    return (found.start(), f"@{found[1]}") if found else None


def _block(numbered: Iterator[tuple[int, str]], closer: str, line: int, text: str) -> Iterator[str]:
    for _, inner in numbered:
        if inner == closer or (closer == "}" and inner.startswith("}")):
            return
        yield inner
    raise Unclosed(line, text)


def _words(text: str) -> tuple[str, ...]:
    if '"' in text:
        words = [found[1] if found[2] is None else found[2] for found in _WORD.finditer(text)]
    else:
        words = text.split()
    return (words[0].upper(), *words[1:]) if words else ("",)


def variables(text: str) -> dict[str, str]:
    """`name="value"` pairs of a VARS line; `\\"` and `\\\\` stand for the sign itself."""
    found = {name: double or single for name, double, single in _VARIABLE.findall(text)}
    return {name: _ESCAPED.sub(r"\1", value) for name, value in found.items()} if "\\" in text else found
