"""The configured mapping, checked against one file and made into a query."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from gpuledger.model.errors import ConfigError
from gpuledger.model.names import unknown
from gpuledger.model.tables import JOB_ATTEMPTS
from gpuledger.model.vocabulary import BY_NAME
from gpuledger.sources.jobs_csv import stamps, values
from gpuledger.sources.jobs_csv.expressions import Cursor, Expression, Expressions, quoted
from gpuledger.sources.jobs_csv.values import CONTENT, ID, NUMBER, Query, Wanted
from gpuledger.sources.jobs_csv.window import utc

if TYPE_CHECKING:
    from gpuledger.sources.jobs_csv import JobsCsv

OURS = (
    "attempt_id", "is_start_known", "reported_by", "observed_at", "usage_observed_at", "row_hash", "usage_hash",
    "partition_month", "ingest_id",
)  # fmt: skip
MAPPABLE = tuple(name for name in JOB_ATTEMPTS.column_names if name not in OURS)
"""Columns of job_attempts that a file may tell."""


def expressions(mapping: "JobsCsv", cursor: Cursor, columns: Sequence[str]) -> dict[str, Expression]:
    """Every expression of the mapping by what it is for. Raises ConfigError for the first that does not fit the file."""
    reader = Expressions(cursor, columns)
    for name in (*mapping.numbers, *(name for name in mapping.unknown if name != "*")):
        if name not in columns:
            raise ConfigError(f"numbers or unknown: {unknown('column of the file', name, columns)}")
    written = {f"columns.{name}": text for name, text in mapping.columns.items()}
    written |= {f"id.{number}": text for number, text in enumerate(mapping.id_parts)}
    if mapping.duration:
        written["duration"] = mapping.duration
    return {place: reader.read(text, place) for place, text in written.items()}


def query(mapping: "JobsCsv", cursor: Cursor, columns: Sequence[str], sample: pa.Schema | None = None) -> Query:
    """The query of one file. `sample` tells types where cells are not text (Parquet)."""
    read = expressions(mapping, cursor, columns)
    used = frozenset().union(*(expression.columns for expression in read.values()))
    needed = tuple(name for name in columns if name in used or not mapping.id_parts)
    numbers = frozenset(mapping.numbers) & used
    content = [] if mapping.id_parts else [f"{values.content_sql(needed)} AS {quoted(CONTENT)}"]
    inner = values.known(needed, numbers, mapping.unknown, content)
    wanted = _wanted(mapping, read)
    schema = sample or pa.schema([(name, pa.string()) for name in columns])
    cursor.register("given", schema.empty_table())
    types = Expressions(cursor, columns).typed([one.expression for one in wanted], f"({inner})")
    cursor.unregister("given")
    typed = [values.value_sql(one, kind) for one, kind in zip(wanted, types, strict=True)]
    bad = [name for name in needed if name in numbers]
    parts = [read[f"id.{number}"] for number in range(len(mapping.id_parts))]
    identity = values.id_sql(parts) if parts else quoted(CONTENT)
    typed += [*(quoted(values.BAD + name) for name in bad), f"{identity} AS {quoted(ID)}"]
    told = [item for one in wanted for item in values.shown(one)]
    told += [quoted(ID), f"hash({quoted(ID)}) AS {quoted(NUMBER)}", values.failure_sql(bad, wanted)]
    sql = f"""WITH known AS ({inner}), typed AS (SELECT {", ".join(typed)} FROM known)
        SELECT {", ".join(told)} FROM typed"""  # noqa: S608 - walked expressions, quoted names
    return Query(sql, tuple(wanted), needed, values.failures(bad, wanted))


def _wanted(mapping: "JobsCsv", read: Mapping[str, Expression]) -> list[Wanted]:
    instants = tuple(name for name in mapping.columns if BY_NAME[name].kind == "instant")
    stamped = dict(stamps.kinds(mapping.stamps, instants))
    origin = utc(mapping.origin, mapping.zone or "UTC")
    origin_us = round(origin.timestamp() * stamps.MICRO) if origin else 0
    wanted = [
        Wanted(name, read[f"columns.{name}"], BY_NAME[name].kind, stamped.get(name, "iso"), origin_us)
        for name in mapping.columns
    ]
    return wanted + ([Wanted("duration", read["duration"], "number")] if mapping.duration else [])
