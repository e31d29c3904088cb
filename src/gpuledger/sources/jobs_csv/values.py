"""A mapping and a file's columns become one SQL query: each canonical value typed, each failure told apart from null."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from gpuledger.model.columns import Kind
from gpuledger.model.errors import ConfigError
from gpuledger.model.schema import DUCKDB
from gpuledger.sources.jobs_csv import stamps
from gpuledger.sources.jobs_csv.expressions import Cursor, Expression, literal, quoted

EMPTY_IS_UNKNOWN = ("gpu_model", "requested_gpu_model", "cluster", "state", "job_id")
"""Text columns in which an empty cell is no value; elsewhere it is ''."""
SEPARATOR, MISSING = "chr(31)", "chr(30)"
HASH_DIGITS = 24
ID, CONTENT, NUMBER, FAILED = "gpuledger:id", "gpuledger:content", "gpuledger:hash", "gpuledger:failed"
BAD, IS_UTC = "bad:", "utc:"
KIND_WORDS: dict[Kind, str] = {
    "number": "a number", "whole": "a whole number", "instant": "a moment", "flag": "true or false", "text": "text",
    "texts": "a list", "date": "a date",
}  # fmt: skip


@dataclass(frozen=True)
class Wanted:
    """One value to compute: its name, how it is written, its type, for moments how they are stamped."""

    name: str
    expression: Expression
    kind: Kind
    stamped: stamps.Stamps = "iso"
    origin_us: int = 0


@dataclass(frozen=True)
class Query:
    """SQL over the registered relation `given`; `columns` are those of the file it reads.

    `failures` are the sentences that the column FAILED counts from 0: the first value of a row that could not be read.
    """

    sql: str
    wanted: tuple[Wanted, ...]
    columns: tuple[str, ...]
    failures: tuple[str, ...]

    def rows(self, cursor: Cursor, given: pa.Table) -> pa.Table:
        """One row for each given row, in order: a column for each wanted value, ID, NUMBER and FAILED."""
        cursor.register("given", given)
        try:
            rows = cursor.sql(self.sql).to_arrow_table().combine_chunks()
        except duckdb.Error as error:
            raise ConfigError(f"The mapping cannot be computed: {str(error).splitlines()[0]}") from error
        finally:
            cursor.unregister("given")
        if len(rows) != len(given):
            raise ConfigError("An expression of the mapping makes or loses rows; each must give one value a row.")
        return rows


def known(
    columns: Sequence[str], numbers: frozenset[str], unknown: Mapping[str, Sequence[str]], more: Sequence[str]
) -> str:
    """SELECT of the file's columns from `given`: what stands for "not known" is null, `numbers` are doubles; and `more`."""
    told = [*more]
    for name in columns:
        value = _without(quoted(name), (*unknown.get("*", ()), *unknown.get(name, ())))
        if name in numbers:
            text = f"nullif(CAST({value} AS VARCHAR), '')"
            told.append(f"TRY_CAST({text} AS DOUBLE) AS {quoted(name)}")
            told.append(f"({text} IS NOT NULL AND TRY_CAST({text} AS DOUBLE) IS NULL) AS {quoted(BAD + name)}")
        else:
            told.append(f"{value} AS {quoted(name)}")
    return f"SELECT {', '.join(told)} FROM given"  # noqa: S608 - quoted names


def _without(column: str, sentinels: tuple[str, ...]) -> str:
    if not sentinels:
        return column
    listed = ", ".join(literal(sentinel) for sentinel in sentinels)
    return f"CASE WHEN trim(CAST({column} AS VARCHAR)) IN ({listed}) THEN NULL ELSE {column} END"


def value_sql(wanted: Wanted, told: str) -> str:
    """The value as a struct `v`, null when it cannot be read as its kind. `told` is DuckDB's type of the expression."""
    sql = wanted.expression.sql
    is_text = told == "VARCHAR"
    cell = f"nullif({sql}, '')" if is_text else sql
    if wanted.kind == "instant":
        try:
            typed = stamps.sql(sql, told, wanted.stamped, wanted.origin_us)
        except ConfigError as error:
            raise ConfigError(f"{wanted.name}: {error}") from None
    elif wanted.kind == "texts":
        typed = _texts(cell, is_text)
    elif wanted.kind == "whole":
        typed = _whole(f"CAST({cell} AS DOUBLE)")
    elif wanted.kind == "text":
        typed = f"nullif(CAST({sql} AS VARCHAR), '')" if wanted.name in EMPTY_IS_UNKNOWN else f"CAST({sql} AS VARCHAR)"
    else:
        typed = f"CAST({cell} AS {DUCKDB[wanted.kind]})"
    return f"TRY(struct_pack(v := {typed})) AS {quoted(wanted.name)}"


def _whole(number: str) -> str:
    """A cast would round 1.5 in silence; one of a text that is no number fails, as it should."""
    return f"CASE WHEN {number} = floor({number}) THEN CAST({number} AS BIGINT) ELSE CAST({number} || ' is not whole' AS BIGINT) END"


def _texts(cell: str, is_text: bool) -> str:
    """A list, '[a, b]' or 'a,b'."""
    if not is_text:
        return f"CAST({cell} AS VARCHAR[])"
    return f"CASE WHEN starts_with({cell}, '[') THEN CAST({cell} AS VARCHAR[]) ELSE string_split({cell}, ',') END"


def content_sql(columns: Sequence[str]) -> str:
    """The identity of a row without id: a hash of all its cells as text, the same on every machine and version."""
    cells = ", ".join(f"coalesce(CAST({quoted(name)} AS VARCHAR), {MISSING})" for name in columns)
    return f"left(md5(concat_ws({SEPARATOR}, {cells})), {HASH_DIGITS})"


def id_sql(parts: Sequence[Expression]) -> str:
    """The parts of an id with @ between; null when one of them is not known."""
    texts = [f"nullif(CAST({part.sql} AS VARCHAR), '')" for part in parts]
    return " || '@' || ".join(texts)


def shown(wanted: Wanted) -> list[str]:
    """The value out of its struct; a stamp and whether it told its offset."""
    name = quoted(wanted.name)
    if wanted.kind != "instant":
        return [f"{name}.v AS {name}"]
    return [f"{name}.v.at AS {name}", f"{name}.v.is_utc AS {quoted(IS_UTC + wanted.name)}"]


def failure_sql(numbers: Sequence[str], wanted: Sequence[Wanted]) -> str:
    """Which sentence of `failures` holds for the row, null for none."""
    conditions = [quoted(BAD + name) for name in numbers] + [f"{quoted(one.name)} IS NULL" for one in wanted]
    cases = " ".join(f"WHEN {condition} THEN {number}" for number, condition in enumerate(conditions))
    return f"CASE {cases} END AS {quoted(FAILED)}"


def failures(numbers: Sequence[str], wanted: Sequence[Wanted]) -> tuple[str, ...]:
    """What cannot be read, for each case of `failure_sql`."""
    of_numbers = (f"column {name!r} is not a number" for name in numbers)
    of_values = (f"{one.name}: {one.expression.written!r} is not {KIND_WORDS[one.kind]}" for one in wanted)
    return (*of_numbers, *of_values)
