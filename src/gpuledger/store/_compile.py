"""Ibis expressions to DuckDB's SQL: each shape of a question once.

To compile takes longer than many answers. A page that is looked at again a minute later asks the same questions of other
moments: its SQL is the same but for these, and they are put into it as Ibis would write them.
"""

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any

from gpuledger.model.frugal import import_when_asked
from gpuledger.model.tables import BY_TABLE, Table

if TYPE_CHECKING:
    import ibis.expr.operations as ops
    import ibis.expr.types as ir

Tables = tuple[Table, ...]
_FIRST_NUMBER = 9_100_000_000_000_000_000
_FIRST_MOMENT = datetime(1, 1, 1)  # noqa: DTZ001 - stands for naive literals
_MARK = re.compile(r"\b91000000000000(\d{5})\b|MAKE_TIMESTAMP\(1, 1, 1, (\d+), (\d+), (\d+)\.0\)")
_MOST = 10_000
"""More moments and numbers in one question are compiled as they are."""


def compiled(expression: "ir.Table") -> tuple[str, Tables]:
    """The SQL of an expression and the canonical tables it reads."""
    node = expression.op()
    shape, values = _shape(node)
    if len(values) > _MOST:
        return _sql(node), _tables(node)
    found = _KNOWN.get(shape) or _made(node, values)
    _keep(shape, found)
    return found.filled([literal.value for literal in values]), found.tables


@dataclass(frozen=True)
class Template:
    """SQL in pieces: between them stand values, by their number."""

    pieces: tuple[str, ...]
    numbers: tuple[int, ...]
    tables: Tables

    def filled(self, values: Sequence[Any]) -> str:
        said = [_written(values[number]) for number in self.numbers]
        return "".join([part for pair in zip(self.pieces, [*said, ""], strict=True) for part in pair])


_KNOWN: dict[Hashable, Template] = {}
"""The newest shapes: of a service there may be no end of them. No question itself is held: it is a thousand objects."""
_MOST_SHAPES = 1024
_MUTEX = Lock()


def _keep(shape: Hashable, found: Template) -> None:
    """Used last, forgotten last."""
    with _MUTEX:
        _KNOWN.pop(shape, None)
        _KNOWN[shape] = found
        while len(_KNOWN) > _MOST_SHAPES:
            del _KNOWN[next(iter(_KNOWN))]


def _made(node: "ops.Node", values: "Mapping[ops.Literal, int]") -> Template:
    """The SQL with marks in place of the values."""
    marks = {literal: literal.copy(value=_mark(literal.value, number)) for literal, number in values.items()}
    sql = _sql(node.replace(marks) if marks else node)
    found = list(_MARK.finditer(sql))
    edges = [0, *(edge for mark in found for edge in mark.span()), len(sql)]
    pieces = tuple(sql[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))
    return Template(pieces, tuple(_number(mark) for mark in found), _tables(node))


@dataclass(frozen=True, slots=True)
class _Place:
    """Another node of the same question."""

    number: int


def _shape(root: "ops.Node") -> "tuple[Hashable, dict[ops.Literal, int]]":
    """What a question is but for its moments and large numbers; and these, by their number, equal ones once."""
    import ibis.expr.operations as ops

    values: dict[ops.Literal, int] = {}
    key: list[Hashable] = []

    def note(node: "ops.Node", _: object, **parts: Any) -> _Place:
        if isinstance(node, ops.Literal) and _varies(node.value):
            key.append((node.dtype, values.setdefault(node, len(values))))
        else:
            key.append((type(node), *map(_plain, parts.values())))
        return _Place(len(key) - 1)

    root.map(note)
    return tuple(key), values


def _plain(part: Any) -> Hashable:
    """A part of a node, so that it can be compared: 1 and True are two things."""
    if isinstance(part, Mapping):
        return tuple((name, _plain(one)) for name, one in part.items())
    if isinstance(part, tuple | list):
        return tuple(map(_plain, part))
    return part if isinstance(part, _Place) else (type(part), part)


def _varies(value: object) -> bool:
    """Moments, and numbers as large as lengths in microseconds are: small ones decide types."""
    return isinstance(value, datetime) or (type(value) is int and value >= 1 << 31)


def _mark(value: object, number: int) -> object:
    return _FIRST_MOMENT + timedelta(seconds=number) if isinstance(value, datetime) else _FIRST_NUMBER + number


def _number(mark: "re.Match[str]") -> int:
    number, hours, minutes, seconds = mark.groups()
    return int(number) if number else (int(hours) * 60 + int(minutes)) * 60 + int(seconds)


def _written(value: Any) -> str:
    if not isinstance(value, datetime):
        return str(value)
    parts = (value.year, value.month, value.day, value.hour, value.minute, value.second + value.microsecond / 1e6)
    return f"MAKE_TIMESTAMP({', '.join(map(str, parts))})"


def _sql(node: "ops.Node") -> str:
    import ibis

    _load_compiler()
    return str(ibis.to_sql(node.to_expr(), dialect="duckdb", pretty=False))


@cache
def _load_compiler() -> None:
    """Of Ibis's compilers for twenty databases the one we use: all of them are 9 MB and 0.1 s of every command.

    It does not put nested selects into one: that is a quarter of its time, and DuckDB does it anyway.
    """
    import ibis

    compilers = "ibis.backends.sql.compilers"
    import_when_asked(compilers)
    import_module(f"{compilers}.duckdb")
    ibis.options.sql.fuse_selects = False


def _tables(node: "ops.Node") -> Tables:
    import ibis.expr.operations as ops

    return tuple(BY_TABLE[name] for name in sorted({found.name for found in node.find(ops.UnboundTable)}))
