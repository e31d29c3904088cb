"""Merging and appending: read what is there, decide in DuckDB, commit only what is really new."""

# ruff: noqa: S608 - SQL is put together from canonical names and quoted literals only

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import reduce
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import CommitProperties, write_deltalake

from gpuledger.model.schema import conform
from gpuledger.model.tables import JOB_ATTEMPTS, RUNS, Table
from gpuledger.store import Written
from gpuledger.store import _merge as rule
from gpuledger.store._commit import WRITER, properties
from gpuledger.store._snapshot import FALSE, Snapshot, at_most, readable, show
from gpuledger.store._sql import literal, quoted

Cursor = duckdb.DuckDBPyConnection


def upsert(cursor: Cursor, snapshot: Snapshot, rows: pa.Table, weights: np.ndarray, ingest_id: str) -> Written:
    """One merge of prepared rows into this version. Run again from here when another commit came first."""
    table = snapshot.table
    files = snapshot.paths(candidates(snapshot, rows))
    news = _news(cursor, snapshot, rows, files)
    if not len(news):
        return Written(unchanged=len(rows), input_unchanged=int(weights.sum()))
    new = rows if len(news) == len(rows) else rows.take(news)
    old = _stored(cursor, snapshot, new, files)
    changed, updates, used = rule.changes(cursor, new, old, table)
    accepted = int(weights[news.to_numpy()][used].sum())
    if len(changed):
        _commit(cursor, snapshot, changed, old, updates, ingest_id)
    return Written(
        len(changed) - updates,
        updates,
        len(rows) - len(changed),
        accepted,
        int(weights.sum()) - accepted,
        int(len(changed) > 0),
    )


def append(cursor: Cursor, snapshot: Snapshot, rows: pa.Table, weights: np.ndarray, ingest_id: str) -> Written:
    """Adds the rows whose key is not there, under the stream's transaction number."""
    table = snapshot.table
    news = _first_of_each(cursor, snapshot, rows, snapshot.paths(candidates(snapshot, rows)))
    accepted = int(weights[news.to_numpy()].sum())
    if len(news):
        added = in_order(rows if len(news) == len(rows) else rows.take(news), table)
        _add(snapshot, added, properties(ingest_id, _stream(added, table)))
    return Written(len(news), 0, len(rows) - len(news), accepted, int(weights.sum()) - accepted, int(len(news) > 0))


def replace(snapshot: Snapshot, rows: pa.Table, condition: str) -> None:
    """The rows take the place of those that meet the condition; it names no ingest, as a deletion does not."""
    write_deltalake(
        snapshot.delta, rows, mode="overwrite", predicate=condition, writer_properties=WRITER, commit_properties=properties("")
    )  # fmt: skip


def _stream(rows: pa.Table, table: Table) -> tuple[str, int] | None:
    """Name and number of the commit in its stream: two writers of one stream without a lock collide, and one retries."""
    if "source" not in rows.column_names or table.order != "time":
        return None
    return f"{rows['cluster'][0]}/{rows['source'][0]}", int(pc.max(rows["time"].cast(pa.int64())).as_py())


def candidates(snapshot: Snapshot, rows: pa.Table) -> pa.ChunkedArray:
    """Which files can hold a key of these rows, told by their statistics."""
    keep = pc.invert(snapshot.everything)
    if not snapshot.adds.num_rows:
        return keep
    for group in _ranges(snapshot.table, rows):
        keep = pc.or_(keep, reduce(pc.and_, _sides(snapshot, group), snapshot.everything))
    return keep


def _fixed(table: Table) -> tuple[str, ...]:
    """Columns that are equal in all readings of one key (unless one does not know it): safe to leave files out by."""
    in_key = [name for name in (table.order, "attempt_id") if name in table.key and name != "workflow_run"]
    return (*in_key, *([table.order] if table in (JOB_ATTEMPTS, RUNS) else []))


def _ranges(table: Table, rows: pa.Table) -> list[dict[str, Any]]:
    """Smallest and largest value (`x_min`, `x_max`, and how many are known, `x_count`) of the fixed columns for each partition."""
    if not (fixed := _fixed(table)):
        return [{}]
    wanted = [(name, what) for name in fixed for what in ("min", "max", "count")]
    groups = rows.group_by(list(table.partition)).aggregate([*wanted, ([], "count_all")])
    found: list[dict[str, Any]] = groups.to_pylist()
    return found


def _sides(snapshot: Snapshot, group: dict[str, Any]) -> list[pa.ChunkedArray]:
    """The rows' month is no side: it is fixed when a row first came, and may have been another."""
    adds = snapshot.adds
    sides = [pc.equal(adds["partition.cluster"], group["cluster"])] if "cluster" in group else []
    for name in _fixed(snapshot.table):
        if group[f"{name}_count"] == group["count_all"]:
            begins = at_most(adds, f"min.{name}", group[f"{name}_max"])
            ends = at_most(adds, f"max.{name}", group[f"{name}_min"], at_least=True)
            unknown = pc.fill_null(pc.greater(adds[f"null_count.{name}"], 0), True)
            sides.append(pc.or_(pc.and_(begins, ends), unknown))
    return sides


def _source(cursor: Cursor, snapshot: Snapshot, files: Sequence[str], columns: Sequence[str]) -> str:
    """SQL of the stored rows of some files (on an object store: of all)."""
    if snapshot.folder:
        return f"({readable(cursor, snapshot, files, columns)})"
    show(cursor, snapshot, snapshot.table, None)
    return quoted(snapshot.table.name)


def _news(cursor: Cursor, snapshot: Snapshot, rows: pa.Table, files: Sequence[str]) -> pa.Array:
    """Numbers of the rows that tell something the stored ones do not; only keys and hashes are read."""
    table = snapshot.table
    if not files:
        return pa.array(np.arange(len(rows)), pa.int64())
    columns = rule.compared_columns(table)
    cursor.register("rows_in", rule.numbered(rows, columns))
    found = cursor.sql(
        f"SELECT i.n FROM rows_in i LEFT JOIN {_source(cursor, snapshot, files, columns)} o USING ({', '.join(table.key)}) "
        f"WHERE {rule.says_something(table)} ORDER BY i.n"
    ).to_arrow_table()  # fmt: skip
    cursor.unregister("rows_in")
    return found["n"].combine_chunks()


def _stored(cursor: Cursor, snapshot: Snapshot, new: pa.Table, files: Sequence[str]) -> pa.Table:
    """The stored rows of the keys of `new`, whole."""
    table = snapshot.table
    if not files:
        return new.slice(0, 0)
    cursor.register("rows_in", new.select(list(table.key)))
    source = _source(cursor, snapshot, files, table.column_names)
    old = cursor.sql(f"SELECT o.* FROM {source} o SEMI JOIN rows_in i USING ({', '.join(table.key)})").to_arrow_table()
    cursor.unregister("rows_in")
    return conform(old, table)


def _first_of_each(cursor: Cursor, snapshot: Snapshot, rows: pa.Table, files: Sequence[str]) -> pa.Array:
    """Numbers of the rows whose key is not stored, the first of each key."""
    key = list(snapshot.table.key)
    numbered = rule.numbered(rows, key)
    if files:
        cursor.register("rows_in", numbered)
        stored = _source(cursor, snapshot, files, key)
        numbered = cursor.sql(
            f"SELECT i.* FROM rows_in i ANTI JOIN {stored} o USING ({', '.join(key)})"
        ).to_arrow_table()
        cursor.unregister("rows_in")
    if _is_ascending(rows, key):
        return numbered["n"].combine_chunks().sort()
    return numbered.group_by(key).aggregate([("n", "min")])["n_min"].combine_chunks().sort()


def _is_ascending(rows: pa.Table, key: Sequence[str]) -> bool:
    """Does every row come after the one before it? Then no key is there twice; grouping takes ten times as long."""
    if len(rows) < 2:
        return True
    after = FALSE
    for name in reversed(key):
        column = rows[name].combine_chunks()
        here, there = column.slice(0, len(rows) - 1), column.slice(1)
        after = pc.or_(pc.less(here, there), pc.and_(pc.equal(here, there), after))
    return bool(pc.all(after).as_py())


def _commit(cursor: Cursor, snapshot: Snapshot, rows: pa.Table, old: pa.Table, updates: int, ingest_id: str) -> None:
    """A plain append when no stored key is touched and we hold the lock, else a MERGE over the touched files."""
    rows = in_order(rows, snapshot.table)
    if not updates and snapshot.folder:
        return _add(snapshot, rows, properties(ingest_id))
    merger = snapshot.delta.merge(
        rows, _condition(snapshot.table, rows, old), source_alias="s", target_alias="t", streamed_exec=False,
        writer_properties=WRITER, commit_properties=properties(ingest_id),
    )  # fmt: skip
    merger.when_matched_update_all().when_not_matched_insert_all().execute()
    return None


def _add(snapshot: Snapshot, rows: pa.Table, properties: CommitProperties) -> None:
    """A plain append, handed over in small batches: as one it takes 130 MB more for 100,000 attempts."""
    batches = pa.RecordBatchReader.from_batches(rows.schema, rows.to_batches(max_chunksize=16_384))
    write_deltalake(snapshot.delta, batches, mode="append", writer_properties=WRITER, commit_properties=properties)


def _condition(table: Table, rows: pa.Table, old: pa.Table) -> str:
    """Equal keys, with partitions and time range as literals: what lets the engine leave files and other writers alone."""
    sides = [f"t.{name} = s.{name}" for name in dict.fromkeys([*table.key, *table.partition])]
    for name in table.partition:
        values = ", ".join(literal(value) for value in sorted(set(rows[name].to_pylist())))
        sides.append(f"t.{name} IN ({values})")
    times = old[table.order]
    if len(old) and pa.types.is_timestamp(times.type) and not times.null_count:
        ends = pc.min_max(times).as_py()
        sides += [f"t.{table.order} >= '{_instant(ends['min'])}'", f"t.{table.order} <= '{_instant(ends['max'])}'"]
    return " AND ".join(sides)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def in_order(rows: pa.Table, table: Table) -> pa.Table:
    """Rows sorted by the table's order: files then hold narrow ranges. Most inputs are sorted already."""
    if len(rows) < 2 or pa.types.is_timestamp(rows[table.order].type) and _is_sorted(rows[table.order]):
        return rows
    order = pc.sort_indices(rows, sort_keys=[(table.order, "ascending")])
    columns = [column if column.null_count == len(rows) else column.take(order) for column in rows.columns]
    return pa.table(columns, schema=rows.schema)


def _is_sorted(times: pa.ChunkedArray) -> bool:
    if times.null_count:
        return False
    values = times.cast(pa.int64()).to_numpy()
    return bool((values[1:] >= values[:-1]).all())
