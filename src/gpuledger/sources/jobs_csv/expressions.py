"""Expressions of a mapping: held to scalar functions of the file's own columns, run where nothing else can be reached.

They come from the site's configuration. Still each is parsed and walked before it runs: no subquery, window, aggregate,
lambda, table or volatile function passes (a parse must be repeatable), and the engine that runs it can open no file.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from gpuledger.model.errors import ConfigError
from gpuledger.model.names import unknown

SETTINGS = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "256MB",
    "threads": "2",
}
CLASSES = {
    "BETWEEN", "CASE", "CAST", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "OPERATOR", "TYPE",
}  # fmt: skip
"""What an expression may be made of, in DuckDB's words."""
MACROS = {"nullif", "if", "split_part", "fmod", "fdiv", "list_sum", "list_min", "list_max", "list_first", "list_last"}
"""Built-in macros that are plain functions of their arguments."""
READS_THE_CLOCK = {"age", "ago", "current_localtime", "current_localtimestamp"}
NO_VALUE = {"unnest", "row"}
"""They make several rows, or nothing at all: `()` is a row."""
CONSISTENT = """
    SELECT function_name FROM duckdb_functions() GROUP BY function_name
    HAVING bool_and(function_type = 'scalar' AND stability = 'CONSISTENT')
        OR (bool_or(function_type = 'scalar') AND function_name IN ('list_value', 'range', 'generate_series'))"""

Cursor = duckdb.DuckDBPyConnection


@dataclass(frozen=True)
class Expression:
    """SQL of one value, the file's columns it reads, and how it was written in the configuration."""

    sql: str
    columns: frozenset[str]
    written: str


def locked() -> Cursor:
    """A DuckDB in memory and UTC that can reach no file, network or extension, and cannot be told otherwise."""
    cursor = duckdb.connect(config=dict(SETTINGS))
    cursor.execute("SET TimeZone = 'UTC'").fetchall()
    cursor.execute("SET enable_progress_bar = false").fetchall()
    cursor.execute("SET lock_configuration = true").fetchall()
    return cursor


def quoted(name: str) -> str:
    """A column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL."""
    return "'" + text.replace("'", "''") + "'"


class Expressions:
    """Reads what a configuration says about the columns of one file."""

    def __init__(self, cursor: Cursor, columns: Sequence[str]) -> None:
        self._cursor = cursor
        self._columns = {name.casefold(): name for name in columns}
        self._functions: frozenset[str] | None = None

    def read(self, written: str, place: str) -> Expression:
        """A column's name (as it stands), else a scalar expression.

        Raises ConfigError naming `place` and, for a column that is not there, the near ones.
        """
        if column := self._columns.get(written.strip().casefold()):
            return Expression(quoted(column), frozenset((column,)), written)
        tree = self._parsed(written, place)
        columns = frozenset(self._checked(tree, place))
        return Expression(f"({written}\n)", columns, written)

    def _parsed(self, written: str, place: str) -> dict[str, Any]:
        text = f"SELECT ({written}\n)"
        ((answer,),) = self._cursor.execute("SELECT json_serialize_sql(?)", [text]).fetchall()
        read = json.loads(answer)
        if read["error"]:
            raise ConfigError(f"{place}: {written!r} is neither a column of the file nor an expression.")
        nodes = [statement["node"] for statement in read["statements"]]
        if len(nodes) != 1 or not _is_bare(nodes[0]):
            raise ConfigError(f"{place}: {written!r} is more than one expression.")
        tree: dict[str, Any] = nodes[0]["select_list"][0]
        return tree

    def _checked(self, tree: dict[str, Any], place: str) -> Iterator[str]:
        for node in _walk(tree):
            kind = node["class"]
            if kind not in CLASSES:
                what = kind.lower().replace("_", " ")
                raise ConfigError(f"{place}: a {what} is not allowed; write a scalar expression of the file's columns.")
            if kind == "COLUMN_REF":
                yield self._column(node["column_names"], place)
            if kind == "FUNCTION" and node["function_name"] not in self._allowed:
                raise ConfigError(f"{place}: {node['function_name']!r} is not a scalar function that may be used here.")

    def _column(self, path: list[str], place: str) -> str:
        name = ".".join(path)
        if name.casefold() not in self._columns:
            raise ConfigError(f"{place}: {unknown('column of the file', name, self._columns.values())}")
        return self._columns[name.casefold()]

    @property
    def _allowed(self) -> frozenset[str]:
        if self._functions is None:
            found = {row[0] for row in self._cursor.execute(CONSISTENT).fetchall()}
            self._functions = frozenset((found | MACROS) - READS_THE_CLOCK - NO_VALUE)
        return self._functions

    def typed(self, expressions: Sequence[Expression], relation: str) -> list[str]:
        """DuckDB's type of each expression over `relation`. Raises ConfigError for one that does not fit its columns."""
        return [self._type(expression, relation) for expression in expressions]

    def _type(self, expression: Expression, relation: str) -> str:
        try:
            sql = f"DESCRIBE SELECT {expression.sql} AS v FROM {relation}"  # noqa: S608 - walked in `read`
            told = self._cursor.execute(sql).fetchall()
        except duckdb.Error as error:
            raise ConfigError(f"{expression.written!r} cannot be computed: {_first_line(error)}") from error
        return str(told[0][1])


def _is_bare(node: dict[str, Any]) -> bool:
    """SELECT of one value, from nothing, with nothing behind it."""
    clauses = ("modifiers", "where_clause", "group_expressions", "having", "qualify", "sample")
    is_bare = node["type"] == "SELECT_NODE" and node["from_table"]["type"] == "EMPTY" and not node["cte_map"]["map"]
    return is_bare and len(node["select_list"]) == 1 and not any(node[clause] for clause in clauses)


def _walk(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, list):
        for item in tree:
            yield from _walk(item)
    elif isinstance(tree, dict):
        if "class" in tree:
            yield tree
        for item in tree.values():
            yield from _walk(item)


def _first_line(error: duckdb.Error) -> str:
    """DuckDB's own sentence: without the kind of error in front and the quotation of our SQL behind."""
    first = str(error).splitlines()[0]
    return re.sub(r"^\w+ Error: ", "", first).rstrip(".") + "."
