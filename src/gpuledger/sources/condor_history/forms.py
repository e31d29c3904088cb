"""How job ads are written, and one reader of each way: attributes by their name in small letters."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, BinaryIO, NamedTuple

import ijson

from gpuledger.model.errors import BrokenOff, SourceError
from gpuledger.model.problems import Problem
from gpuledger.sources.condor_history.classad import UNREADABLE, literal

NEVER_READ = frozenset({"environment", "env"})
LONGEST_ROW = 2_000
_ATTRIBUTE = re.compile(r"([A-Za-z_][\w.]*)[ \t]*=[ \t]?(.*)")
_IS_AD = re.compile(rb"^(?:ClusterId|GlobalJobId|ProcId)[ \t]*=|^\*\*\*.*\bClusterId[ \t]*=", re.I | re.M)
_IS_JSON = re.compile(rb'"GlobalJobId"\s*:|"ClusterId"\s*:', re.I)
_NESTED = re.compile(rb'\{\s*"[^"]*"\s*:\s*\{')
"""Ads within an object of their own, as other tools write them."""
_IS_MACHINE = re.compile(
    rb'^MyType[ \t]*=[ \t]*"Machine"|"MyType"\s*:\s*"Machine"|^SlotID[ \t]*=|"SlotID"\s*:', re.I | re.M
)
_XML = re.compile(rb"<classads?>|<c>\s*<a n=", re.I)


class Form(Enum):
    """The value says what the input is in words."""

    LONG = "HTCondor job ads (attribute = value)"
    JSON = "HTCondor job ads as JSON"
    LINES = "HTCondor job ads as lines of JSON"


class Ad(NamedTuple):
    """One job ad: where it begins (line, or number of the record), and its attributes."""

    line: int
    told: Mapping[str, Any]


@dataclass
class Lost:
    """Lines that are no attribute: each costs one attribute, never the ad."""

    count: int = 0
    first: int = 0

    def add(self, line: int) -> None:
        self.count += 1
        self.first = self.first or line


def form_of(head: bytes) -> Form | None:
    """None for what is not job ads. Raises SourceError for job ads as XML."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b'{"gpuledger"') or _IS_MACHINE.search(text):
        return None  # a poll's document, slots of machines: they name jobs too
    if text[:1] == b"<" and _XML.search(text) and (b'"ClusterId"' in text or b'"GlobalJobId"' in text):
        raise SourceError("These are job ads as XML; write them with `condor_history -json` or `-l` instead.")
    if text[:1] == b"[" and _IS_JSON.search(text):
        return Form.JSON
    if text[:1] == b"{" and _IS_JSON.search(text) and not _NESTED.match(text):
        first = text.split(b"\n", 1)[0].strip()
        return Form.LINES if first.endswith(b"}") and first != b"{" else Form.JSON
    return Form.LONG if _IS_AD.search(text) else None


def ads(raw: BinaryIO, form: Form, lost: Lost) -> Iterator[Ad | Problem]:
    """Every ad in its order. Raises BrokenOff where JSON ends before its end."""
    if form is Form.JSON:
        yield from _of_json(raw)
    elif form is Form.LINES:
        yield from _of_lines(raw)
    else:
        yield from _of_text((line.decode("utf-8", "backslashreplace") for line in raw), lost)


def _of_text(lines: Iterable[str], lost: Lost) -> Iterator[Ad]:
    """Ads end with a blank line or, in a history file, with a banner `*** …`."""
    begun, told = 0, dict[str, Any]()
    for number, raw in enumerate(lines, 1):
        line = raw.removeprefix("\ufeff").strip()
        if not line or line.startswith("***"):
            if told:
                yield Ad(begun, told)
            begun, told = 0, {}
            continue
        begun = begun or number
        found = _ATTRIBUTE.fullmatch(line)
        if found is None:
            lost.add(number)
            continue
        name = found[1].lower()
        if name in NEVER_READ:
            continue
        value = literal(found[2].strip())
        if value is UNREADABLE:
            lost.add(number)
        else:
            told[name] = value
    if told:
        yield Ad(begun, told)


def _of_lines(raw: BinaryIO) -> Iterator[Ad | Problem]:
    for number, line in enumerate(raw, 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            told = None
        yield _ad(number, told, line.decode("utf-8", "backslashreplace"))


def _of_json(raw: BinaryIO) -> Iterator[Ad | Problem]:
    """A list of ads, or one. What was read before a break stays."""
    number = 0
    try:
        for number, told in enumerate(ijson.items(_Whole(raw), "item.item", use_float=True), 1):
            yield _ad(number, told, "")
    except ijson.JSONError as error:
        raise BrokenOff(f"The JSON ends or breaks after {number:,} ads; fetch it again.") from error


class _Whole:
    """Puts a list around the input, so that a list of ads and one ad alone are read alike."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw, self._is_list, self._state = raw, False, 0

    def read(self, size: int) -> bytes:
        if size == 0:
            return b""
        if self._state == 0:
            first = self._raw.read(max(size, 16)).removeprefix(b"\xef\xbb\xbf")
            self._is_list = first.lstrip()[:1] == b"["
            self._state = 1
            return (b"[" if self._is_list else b"[[") + first
        if self._state == 1:
            if block := self._raw.read(size):
                return block
            self._state = 2
            return b"]" if self._is_list else b"]]"
        return b""


def _ad(number: int, told: Any, text: str) -> Ad | Problem:
    if not isinstance(told, dict):
        return Problem(number, "it is no job ad", text[:LONGEST_ROW])
    return Ad(number, {name.lower(): value for name, value in told.items() if name.lower() not in NEVER_READ})
