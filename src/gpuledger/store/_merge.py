"""The rule by which two readings of one row become one. Told once; the same SQL serves every table that is merged.

Attempts: the greater of (ended over running over pending, observed_at, number of known columns, row_hash,
reported_by) wins as a whole, except the measured use, which is taken from the reading with the greater
(usage_observed_at, number of known use columns, usage_hash): a reading without it never erases it. This is a maximum
over a total order: order and repetition of the inputs do not matter. Other tables with observed_at or
last_seen_at: the greater (that moment, row_hash), events of devices: the greater (number of known columns, row_hash),
maxima as well: files that overlap tell one event in several spellings, or without its site. Tables without any of it:
the later write, where row_hash differs.
"""

# ruff: noqa: S608 - SQL is put together from canonical names and quoted literals only

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.model.batch import Batch
from gpuledger.model.errors import StoreError
from gpuledger.model.tables import DEVICE_EVENTS, JOB_ATTEMPTS, USAGE_COLUMNS, Table
from gpuledger.store._sql import quoted

NOT_SAID = ("reported_by", "observed_at", "row_hash", "usage_hash", "usage_observed_at", "ingest_id")
"""Columns that tell about the reading, not what it says: outside row_hash."""
USAGE_GROUP = (*USAGE_COLUMNS, "usage_observed_at", "usage_hash")
DATED_BY = ("submitted_at", "eligible_at", "started_at", "ended_at", "time")
"""A row is filed under the month or day of the first of these that is known."""
PERIOD_OF = {"partition_month": "%Y-%m", "partition_day": "%Y-%m-%d"}


def said(table: Table) -> tuple[str, ...]:
    """What a reading says: the columns that row_hash covers."""
    outside = {*NOT_SAID, *PERIOD_OF, *(USAGE_COLUMNS if table is JOB_ATTEMPTS else ())}
    return tuple(name for name in table.column_names if name not in outside)


def observed(table: Table) -> str | None:
    """The column that says which of two readings is newer."""
    return next((name for name in ("observed_at", "last_seen_at") if name in table.column_names), None)


def prepared(cursor: duckdb.DuckDBPyConnection, rows: pa.Table, table: Table, ingest_id: str | None) -> pa.Table:
    """Canonical rows with hashes, partition and ingest (None: as each has it). Raises StoreError for a null in the key."""
    if ingest_id is not None:
        rows = _put(rows, "ingest_id", pa.array([ingest_id] * len(rows), pa.string()))
    computed = _computed(table)
    if computed:
        cursor.register("rows_in", rows)
        values = cursor.sql(
            f"SELECT {', '.join(f'{sql} AS {quoted(name)}' for name, sql in computed.items())} FROM rows_in"
        ).to_arrow_table()
        cursor.unregister("rows_in")
        for name in computed:
            rows = _put(rows, name, values[name])
    for name in table.key:
        if rows[name].null_count:
            raise StoreError(
                f"A row of {table.name} has no {name}, which is part of its key; its source must not send it."
            )
    return rows


@cache
def _computed(table: Table) -> dict[str, str]:
    """SQL of the columns that the store fills. DuckDB's hash is ours too: another one would only write rows anew once."""
    sql = {}
    if "row_hash" in table.column_names:
        sql["row_hash"] = f"(hash({_listed(said(table))}) >> 1)::BIGINT"
    if "usage_hash" in table.column_names:
        known = f"coalesce({_listed(USAGE_COLUMNS, '{}::VARCHAR')}) IS NOT NULL"
        sql["usage_hash"] = f"CASE WHEN {known} THEN (hash({_listed(USAGE_COLUMNS)}) >> 1)::BIGINT END"
    for name in PERIOD_OF.keys() & set(table.partition):
        first = _listed([dated for dated in DATED_BY if dated in table.column_names])
        sql[name] = (
            f"coalesce({name}, strftime(make_timestamp(epoch_us(coalesce({first}))), '{PERIOD_OF[name]}'), 'unknown')"
        )
    return sql


def _listed(names: tuple[str, ...] | list[str], form: str = "{}") -> str:
    return ", ".join(form.format(quoted(name)) for name in names)


def _put(rows: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    at = rows.schema.get_field_index(name)
    return rows.set_column(at, rows.schema.field(at), values)


@dataclass(frozen=True)
class Merged:
    """Rows to write (`is_update`: their key is there already) and which readings of the input they came from."""

    rows: pa.Table
    is_update: pa.Array
    used: np.ndarray


def merged(cursor: duckdb.DuckDBPyConnection, new: pa.Table, old: pa.Table, table: Table) -> Merged:
    """The rule, on full rows. `old` has at most one row a key; only rows that differ from it come back."""
    readings = pa.concat_tables([new, old])
    number = pa.array(np.arange(len(readings)), pa.int64())
    cursor.register("readings", readings.append_column("n", number))
    winners = cursor.sql(_rule(table, len(new))).to_arrow_table()
    cursor.unregister("readings")
    at, use, before = (winners[name].combine_chunks() for name in ("row_n", "usage_n", "old_n"))
    rows = readings.take(at)
    if table is JOB_ATTEMPTS:
        rows = _replaced(rows, readings.select(USAGE_GROUP).take(use))
    rows = _replaced(rows, readings.select(table.partition).take(pc.coalesce(before, at)))
    rows = _put(rows, "ingest_id", pa.array([new["ingest_id"][0].as_py()] * len(rows), pa.string()))
    numbers = np.unique(np.concatenate([column.drop_null().to_numpy() for column in (at, use)]))
    return Merged(rows, pc.is_valid(before), numbers[numbers < len(new)])


def _replaced(rows: pa.Table, by: pa.Table) -> pa.Table:
    for name in by.column_names:
        rows = _put(rows, name, by[name])
    return rows


@cache
def _greater(table: Table) -> str:
    """What is compared between two readings, as a DuckDB ROW; `n` numbers readings in the order of writing."""
    known = " + ".join(f"({quoted(name)} IS NOT NULL)::INT" for name in said(table))
    if table is DEVICE_EVENTS:
        return f"ROW({known}, row_hash, is_old)"
    if table is not JOB_ATTEMPTS:
        moment = observed(table)
        observed_first = f"coalesce(epoch_us({moment}), -9e15), row_hash, " if moment else ""
        return f"ROW({observed_first}CASE WHEN is_old THEN -1 ELSE n END)"
    progress = "CASE WHEN ended_at IS NOT NULL THEN 2 WHEN started_at IS NOT NULL THEN 1 ELSE 0 END"
    return (
        f"ROW({progress}, coalesce(epoch_us(observed_at), -9e15), {known}, row_hash, coalesce(reported_by, ''), is_old)"
    )


USAGE_GREATER = (
    "ROW(coalesce(epoch_us(usage_observed_at), -9e15), "
    + " + ".join(f"({name} IS NOT NULL)::INT" for name in USAGE_COLUMNS)
    + ", usage_hash, is_old)"
)
REFRESHES = "(w.reported_by IS DISTINCT FROM o.reported_by OR starts_with(w.reported_by, 'file:'))"
"""An equal reading still tells how far a running attempt came: of another source, or of a file. Polls do not rewrite it."""


@cache
def _rule_parts(table: Table) -> tuple[str, str, str]:
    """SQL of (usage's winner, whether the row differs, whether its use differs)."""
    hashed = "w.row_hash IS DISTINCT FROM o.row_hash" if "row_hash" in table.column_names else "false"
    if table is not JOB_ATTEMPTS:
        moment = observed(table)
        later = f"w.{moment} > coalesce(o.{moment}, '-infinity')" if moment else "false"
        return "NULL::BIGINT", f"({hashed} OR coalesce({later}, false))", "false"
    usage = f"arg_max(n, {USAGE_GREATER}) FILTER (usage_hash IS NOT NULL)"
    return (
        usage,
        f"({hashed} OR {REFRESHES})",
        "ROW(u.usage_hash, u.usage_observed_at) IS DISTINCT FROM ROW(o.usage_hash, o.usage_observed_at)",
    )


def _rule(table: Table, new_count: int) -> str:
    """SELECT row_n, usage_n, old_n of each key whose row is new or differs from the old one."""
    usage, differs, usage_differs = _rule_parts(table)
    usage_side = "LEFT JOIN readings u ON u.n = usage_n" if table is JOB_ATTEMPTS else ""
    return f"""
        WITH best AS (
            SELECT arg_max(n, {_greater(table)}) AS row_n, {usage} AS usage_n, max(n) FILTER (is_old) AS old_n
            FROM (SELECT *, n >= {new_count} AS is_old FROM readings) GROUP BY {_listed(table.key)}
        ), compared AS (
            SELECT row_n, usage_n, old_n, old_n IS NULL AS is_new, row_n <> old_n AND {differs} AS row_differs,
                coalesce(usage_n <> old_n, false) AND {usage_differs} AS usage_is_other
            FROM best JOIN readings w ON w.n = row_n LEFT JOIN readings o ON o.n = old_n {usage_side}
        )
        SELECT CASE WHEN is_new OR row_differs THEN row_n ELSE old_n END AS row_n,
            CASE WHEN is_new OR usage_is_other THEN usage_n ELSE coalesce(old_n, usage_n) END AS usage_n, old_n
        FROM compared WHERE is_new OR row_differs OR usage_is_other ORDER BY row_n"""


def says_something(table: Table) -> str:
    """SQL: does reading `i` have to be merged, given the stored hashes and order `o`? (o.ingest_id is null: no such key.)"""
    if "row_hash" not in table.column_names:
        return "o.ingest_id IS NULL"
    if table is not JOB_ATTEMPTS:
        differs = "o.ingest_id IS NULL OR i.row_hash IS DISTINCT FROM o.row_hash"
        moment = observed(table)
        return f"{differs} OR i.{moment} > coalesce(o.{moment}, '-infinity')" if moment else differs
    later = "ROW(coalesce(epoch_us(i.observed_at), -9e15), coalesce(i.reported_by, '')) > ROW(coalesce(epoch_us(o.observed_at), -9e15), coalesce(o.reported_by, ''))"
    return f"""o.ingest_id IS NULL OR i.row_hash IS DISTINCT FROM o.row_hash
        OR (i.usage_hash IS NOT NULL
            AND (i.usage_hash IS DISTINCT FROM o.usage_hash OR i.usage_observed_at > coalesce(o.usage_observed_at, '-infinity')))
        OR ({later} AND {REFRESHES.replace("w.", "i.")})"""


def compared_columns(table: Table) -> tuple[str, ...]:
    """The few stored columns that `says_something` needs beside the key."""
    wanted = ("row_hash", "usage_hash", "observed_at", "usage_observed_at", "last_seen_at", "reported_by", "ingest_id")
    return (*table.key, *(name for name in wanted if name in table.column_names))


def changes(
    cursor: duckdb.DuckDBPyConnection, new: pa.Table, old: pa.Table, table: Table
) -> tuple[pa.Table, int, np.ndarray]:
    """Rows to write, how many of them are there already, and the numbers of the readings they came from.

    Only readings that share their key with another go through the rule; the many others pass as they are.
    """
    shared = _shared(cursor, new, old, table)
    if not len(shared):
        return new, 0, np.arange(len(new))
    alone = np.setdiff1d(np.arange(len(new)), shared, assume_unique=True)
    result = merged(cursor, new.take(shared), old, table)
    rows = pa.concat_tables([new.take(alone), result.rows]) if len(alone) else result.rows
    return rows, int(pc.sum(result.is_update).as_py() or 0), np.concatenate([alone, shared[result.used]])


def numbered(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    return rows.select(list(names)).append_column("n", pa.array(np.arange(len(rows)), pa.int64()))


def _shared(cursor: duckdb.DuckDBPyConnection, new: pa.Table, old: pa.Table, table: Table) -> np.ndarray:
    """Numbers of the new rows whose key comes twice, in the batch or with a stored row."""
    key = ", ".join(table.key)
    cursor.register("rows_in", numbered(new, table.key))
    cursor.register("rows_old", old.select(list(table.key)))
    twice = f"SELECT {key} FROM (SELECT {key} FROM rows_in UNION ALL SELECT {key} FROM rows_old) GROUP BY {key} HAVING count(*) > 1"
    found = cursor.sql(f"SELECT n FROM rows_in SEMI JOIN ({twice}) USING ({key}) ORDER BY n").to_arrow_table()
    for name in ("rows_in", "rows_old"):
        cursor.unregister(name)
    return np.asarray(found["n"].to_numpy())


def weights(batch: Batch) -> np.ndarray:
    """Input rows behind each row of the batch."""
    if batch.input_rows is None:
        return np.ones(len(batch.rows), np.int64)
    return np.asarray(batch.input_rows.to_numpy(zero_copy_only=False), np.int64)
