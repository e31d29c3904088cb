"""People and their projects under stable other names: for pages that strangers read.

A pseudonym is a keyed hash (HMAC-SHA256) of the name: the same in every document, table and figure made with one salt,
and nothing that can be turned back without it.
"""

import hashlib
import hmac
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cached_property
from typing import TypeVar

from gpuledger.model.chart import Bars, Boxes, Chart, Grid, Histogram, Lines, Spans
from gpuledger.model.document import Column, Document, Scalar, Table
from gpuledger.model.veiled_order import by_shown_names

T = TypeVar("T")

KINDS: Mapping[str, str] = {
    "user": "user",
    "user_name": "user",
    "primary_user": "user",
    "backfill_user": "user",
    "user_id": "user",
    "account": "group",
    "account_id": "group",
    "primary_account": "group",
    "project": "group",
    "owner_projects": "group",
    "job_name": "job",
    "workflow": "workflow",
    "command": "command",
    "input_name": "file",
    "error": "error",
}
"""What a pseudonym begins with, by dimension or column. Accounts and projects are one kind: they share names."""
HASHES = frozenset({"row_hash", "usage_hash", "events_hash", "input_sha256", "ingest_id"})
"""Columns with a hash of a row or of an input, whole or in part: without a salt, they tell whoever guesses a name that it
is the one."""
SEVERAL = ("project", "owner_projects")
"""Columns whose text may hold several names, joined with a comma and a blank."""
KEPT = frozenset({"", "not known", "nobody", "(none)", "(no project)", "others", "open"})
"""Words that stand where a name would: they are nobody's."""
_FIXED = frozenset({
    "id", "kind", "shape", "format", "dimension", "unit", "total_unit", "style", "level", "verdict", "better", "axis",
    "zone", "display_zone", "part_dimension", "version", "rule", "codes", "states", "mail", "name",
})  # fmt: skip
"""Fields of a Document that hold its own words, never one of the data's."""
_DIGITS = 8
_FILE = re.compile(r"\bfile:[0-9a-f]+")
"""A file that stands as a source: by the start of its sha256."""
_WORD = re.compile(r"[^\W_]+|.", re.DOTALL)
"""Letters and digits in a row, or any other sign by itself."""


def pseudonym(kind: str, name: str, salt: bytes) -> str:
    """ "user-3f9a1c07" for a name; `kind` is a dimension or column of KINDS."""
    return digest(KINDS[kind], name, salt)


def digest(said: str, name: str, salt: bytes) -> str:
    """The same by the word the pseudonym begins with."""
    told = hmac.new(salt, f"{said}\0{name}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
    return f"{said}-{told[:_DIGITS]}"


def hidden(kind: str, text: str, salt: bytes) -> str:
    """A cell of a column of KINDS, every name in it replaced."""
    if kind in SEVERAL and ", " in text:
        return ", ".join(hidden(kind, part, salt) for part in text.split(", "))
    return text if text in KEPT else pseudonym(kind, text, salt)


def shown_as(kind: str, value: T, salt: bytes, text: Callable[[str], str]) -> T:
    """A value of a column as strangers may read it; `text` is a `veil` for columns that hold names by chance."""
    if not isinstance(value, str):
        return value
    return hidden(kind, value, salt) if kind in KINDS else text(value)  # type: ignore[return-value]


def veil(salt: bytes, names: Iterable[tuple[str, str]]) -> Callable[[str], str]:
    """A function that replaces these (dimension, name) wherever they stand as words in a text."""
    return _Cloak(salt, {name: kind for kind, name in names if name not in KEPT}).text


def pseudonymised(document: Document, salt: bytes, names: Iterable[tuple[str, str]] = ()) -> Document:
    """The document with every user, account, project, job name, command and file under its pseudonym, wherever it stands:
    cells, series, ranks, titles, sentences. What ties is in the order of the pseudonyms.

    `names` are (dimension, name) that may stand in a sentence beside those its tables and charts show.
    """
    cloak = _Cloak(salt, {name: kind for kind, name in (*names, *_shown(document)) if name not in KEPT})
    ordered = by_shown_names(document, _kinds, lambda kind, name: hidden(kind, name, salt), frozenset(KINDS))
    return cloak.worn(ordered)


def _shown(document: Document) -> Iterator[tuple[str, str]]:
    """(dimension, name) of every name that stands where names stand."""
    for dimension, ranked in document.ranks.items():
        yield from ((dimension, name) for name in ranked if dimension in KINDS)
    for key, value in document.parameters.items():
        many = value if isinstance(value, tuple) else (value,)
        yield from ((key, one) for one in many if key in KINDS and isinstance(one, str))
    for table in document.tables:
        yield from _of_table(table)
    for chart in document.charts:
        dimension = chart.dimension or ""
        if dimension in KINDS:
            yield from ((dimension, name) for name in _of_chart(chart))
        if isinstance(chart.shape, Bars) and (parts := chart.shape.part_dimension or "") in KINDS:
            yield from ((parts, name) for bar in chart.shape.bars for name, _ in bar.parts)


def _of_table(table: Table) -> Iterator[tuple[str, str]]:
    for number, column in enumerate(table.columns):
        kind = _kind(column)
        cells = (row[number] for row in table.rows) if kind in KINDS else ()
        for cell in cells:
            if isinstance(cell, str):
                yield from ((kind, part) for part in (cell.split(", ") if kind in SEVERAL else (cell,)))


def _kind(column: Column) -> str:
    dimension = column.dimension or ""
    return dimension if dimension in KINDS else column.key


def _kinds(table: Table) -> list[str | None]:
    return [kind if (kind := _kind(column)) in KINDS else None for column in table.columns]


def _of_chart(chart: Chart) -> Iterator[str]:
    match chart.shape:
        case Lines() | Histogram():
            yield from (series.key for series in chart.shape.series)
        case Boxes():
            yield from (box.key for box in chart.shape.boxes)
        case Bars():
            yield from (bar.key for bar in chart.shape.bars)
        case Spans():
            yield from (span.key for span in chart.shape.spans)
        case Grid():
            yield from (row.label for row in chart.shape.rows)


@dataclass(frozen=True)
class _Cloak:
    """The names to hide, with their kinds, and how. Hashes of what holds names are hidden with them."""

    salt: bytes
    kinds: Mapping[str, str]

    def worn(self, document: Document) -> Document:
        """Cells of a column are hidden by its kind; in any other text the names are found as words."""
        return self._any(document)

    def _any(self, value: T) -> T:
        if isinstance(value, Table):
            return self._table(value)  # type: ignore[return-value]
        if isinstance(value, str):
            return self.text(value)  # type: ignore[return-value]
        if isinstance(value, tuple):
            return tuple(self._any(one) for one in value)  # type: ignore[return-value]
        if isinstance(value, Mapping):
            return {key: self._any(one) for key, one in value.items()}  # type: ignore[return-value]
        if is_dataclass(value) and not isinstance(value, type):
            return self._fields(value)
        return value

    def _fields(self, value: T) -> T:
        told = {each.name: getattr(value, each.name) for each in fields(value)}  # type: ignore[arg-type]
        kept = _FIXED | ({"key"} if isinstance(value, Column) else frozenset())
        looked = {name: one for name, one in told.items() if is_dataclass(one) or not (name in kept or _is_plain(one))}
        changed = {name: self._any(one) for name, one in looked.items()}
        return replace(value, **changed)  # type: ignore[type-var]

    def _table(self, table: Table) -> Table:
        hide = [self._cell_of(_kind(column)) for column in table.columns]
        rows = tuple(tuple(one(cell) for one, cell in zip(hide, row, strict=True)) for row in table.rows)
        return replace(self._fields(replace(table, rows=())), rows=rows)

    def _cell_of(self, kind: str) -> Callable[[Scalar], Scalar]:
        if kind in HASHES:
            return lambda cell: None
        if kind in KINDS:
            return lambda cell: hidden(kind, cell, self.salt) if isinstance(cell, str) else cell
        return lambda cell: self.text(cell) if isinstance(cell, str) else cell

    def text(self, text: str) -> str:
        """The text with every name in it replaced; a name is bounded by what is neither letter nor digit."""
        if text in self.kinds:
            return pseudonym(self.kinds[text], text, self.salt)
        if "file:" in text:
            text = _FILE.sub(lambda found: digest("file", found[0], self.salt), text)
        found: list[str] = []
        done = 0
        for word in _WORD.finditer(text):
            at = word.start()
            if at >= done and (name := self._name_at(text, at, word[0])):
                found += [text[done:at], pseudonym(self.kinds[name], name, self.salt)]
                done = at + len(name)
        return "".join([*found, text[done:]])

    def _name_at(self, text: str, at: int, word: str) -> str | None:
        """The longest name that begins with this word and ends with one."""
        for length in self._lengths.get(word, ()):
            end = at + length
            name = text[at:end]
            if name in self.kinds and not (name[-1].isalnum() and text[end : end + 1].isalnum()):
                return name
        return None

    @cached_property
    def _lengths(self) -> Mapping[str, Sequence[int]]:
        """How long names are, by their first word, the longest first: there may be very many names."""
        lengths: dict[str, set[int]] = defaultdict(set)
        for name in self.kinds:
            lengths[_first_word(name)].add(len(name))
        return {word: sorted(held, reverse=True) for word, held in lengths.items()}


def _first_word(name: str) -> str:
    word = _WORD.match(name)
    assert word, "no name is empty"
    return word[0]


def _is_plain(value: object) -> bool:
    """Numbers, instants and rows of them hold no name: not looked into, because there are many."""
    if isinstance(value, tuple):
        return bool(value) and all(one is None or isinstance(one, int | float) for one in value)
    return not isinstance(value, str | Mapping) and not is_dataclass(value)
