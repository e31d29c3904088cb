"""One version of one table: its files, which of them matter, and a view of them for DuckDB."""

# ruff: noqa: S608 - SQL is put together from canonical names and quoted literals only

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from gpuledger.model.errors import StoreError
from gpuledger.model.period import Period
from gpuledger.model.tables import SNAPSHOTS, Table
from gpuledger.store._commit import statistics_columns
from gpuledger.store._sql import empty_side, literal, quoted, shown

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SLACK = timedelta(milliseconds=1)
"""Other engines cut the statistics' instants to milliseconds."""
NONE = pa.nulls(1)
FALSE, TRUE = pc.is_valid(NONE)[0], pc.is_null(NONE)[0]
"""As Arrow has them: a Python value given to Arrow makes it import pandas, which takes longer than a query."""
BEGIN = ("submitted_at", "eligible_at", "started_at")


@dataclass(frozen=True)
class Snapshot:
    """The files of one version (`adds`: path, size_bytes, num_records, min.*, max.*, null_count.*, partition.*)."""

    table: Table
    delta: DeltaTable
    version: int
    adds: pa.Table
    folder: Path | None
    """None on an object store."""
    held: frozenset[str]
    """Columns this version has: an older ledger lacks some."""

    @property
    def everything(self) -> pa.ChunkedArray:
        return pc.is_valid(self.adds["path"])

    def paths(self, keep: pa.ChunkedArray | None = None) -> list[str]:
        """Files as they are on disk. Never from `file_uris()`: it cannot spell a folder with a blank."""
        names = (self.adds if keep is None else self.adds.filter(keep))["path"].to_pylist()
        return [str(self.folder / unquote(name)) if self.folder else name for name in names]


def take(table: Table, delta: DeltaTable, folder: Path | None) -> Snapshot:
    """The table as it is at the version that `delta` has read."""
    features = set(delta.protocol().reader_features or ())
    if strange := features & {"deletionVectors", "columnMapping"}:
        raise StoreError(
            f"{table.name} was changed by another engine with {', '.join(sorted(strange))}, which a list of files cannot show."
        )
    stream = delta.get_add_actions(flatten=True)
    adds = pa.RecordBatchReader.from_stream(stream).read_all()
    held = frozenset(field.name for field in delta.schema().fields)
    return Snapshot(table, delta, delta.version(), _with_statistics(adds, table), folder, held)


def _with_statistics(adds: pa.Table, table: Table) -> pa.Table:
    """Columns of statistics that no file has are null: not known."""
    types = {c.name: pa.timestamp("us", "UTC") if c.kind == "instant" else pa.string() for c in table.columns}
    wanted = {f"{side}.{name}": types[name] for name in statistics_columns(table) for side in ("min", "max")}
    wanted |= {f"null_count.{name}": pa.int64() for name in statistics_columns(table)}
    wanted |= {f"partition.{name}": pa.string() for name in table.partition}
    for name in wanted.keys() - set(adds.column_names):
        adds = adds.append_column(name, pa.nulls(adds.num_rows, wanted[name]))
    return adds


def overlapping(snapshot: Snapshot, period: Period) -> pa.ChunkedArray:
    """Which files can hold a row that touches the period; a file that does not tell is kept."""
    names = set(snapshot.table.column_names)
    keep = snapshot.everything
    if {"started_at", "ended_at"} <= names:
        keep = pc.and_(keep, _begins_before(snapshot, period.end, [name for name in BEGIN if name in names]))
        keep = pc.and_(keep, _ends_after(snapshot, period.start))
    elif snapshot.table.order == "time" and snapshot.table != SNAPSHOTS:
        # Snapshots are kept whole: a later watermark says how far an open attempt is known to have run.
        keep = pc.and_(keep, _begins_before(snapshot, period.end, ["time"]))
        if "ended_event_at" not in names:
            keep = pc.and_(keep, at_most(snapshot.adds, "max.time", period.start, at_least=True))
    return keep


def _begins_before(snapshot: Snapshot, moment: datetime, names: Sequence[str]) -> pa.ChunkedArray:
    """A row begins with the first of its instants: a file is too late only when all of them are, and known."""
    sides = [pc.less(snapshot.adds[f"min.{name}"], _stamp(moment + SLACK)) for name in names]
    unknown = [pc.and_(pc.is_null(snapshot.adds[f"min.{name}"]), _not_all_null(snapshot, name)) for name in names]
    ended = "ended_at" in snapshot.table.column_names
    never = [reduce(pc.and_, [pc.is_null(snapshot.adds[f"min.{name}"]) for name in names])] if ended else []
    return reduce(pc.or_, [pc.fill_null(side, FALSE) for side in [*sides, *unknown, *never]])


def _not_all_null(snapshot: Snapshot, name: str) -> pa.ChunkedArray:
    return pc.fill_null(pc.less(snapshot.adds[f"null_count.{name}"], snapshot.adds["num_records"]), TRUE)


def _ends_after(snapshot: Snapshot, moment: datetime) -> pa.ChunkedArray:
    """Attempts that have not ended are in every later period."""
    late = pc.greater(snapshot.adds["max.ended_at"], _stamp(moment - SLACK))
    return pc.or_(pc.fill_null(late, TRUE), pc.fill_null(snapshot.adds["null_count.ended_at"].cast(pa.bool_()), TRUE))


def at_most(adds: pa.Table, name: str, value: datetime | str, *, at_least: bool = False) -> pa.ChunkedArray:
    """Where a statistic is ≤ (or ≥) a value, or not known."""
    scalar = _stamp(value + (-SLACK if at_least else SLACK)) if isinstance(value, datetime) else pa.scalar(value)
    return pc.fill_null((pc.greater_equal if at_least else pc.less_equal)(adds[name], scalar), TRUE)


def _stamp(moment: datetime) -> pa.Scalar:
    """An instant as Arrow has it, from its bytes."""
    microseconds = (moment - EPOCH) // timedelta(microseconds=1)
    instants = pa.Array.from_buffers(
        pa.timestamp("us", "UTC"), 1, [None, pa.py_buffer(microseconds.to_bytes(8, "little", signed=True))]
    )
    return instants[0]


def scanned(snapshot: Snapshot, files: Sequence[str], columns: Sequence[str] | None = None) -> str:
    """SELECT over files: canonical columns that the table has, instants as naive UTC (zone-aware is 3 to 8 times slower)."""
    listed = [c for c in snapshot.table.columns if c.name in snapshot.held and (columns is None or c.name in columns)]
    return f"SELECT {', '.join(shown(c.name, c.kind) for c in listed)} FROM {_files(files)}"


def _files(files: Sequence[str]) -> str:
    paths = ", ".join(literal(path) for path in files)
    return f"read_parquet([{paths}], union_by_name=true, hive_partitioning=true, hive_types_autocast=false)"


def readable(
    cursor: duckdb.DuckDBPyConnection, snapshot: Snapshot, files: Sequence[str], columns: Sequence[str] | None = None
) -> str:
    """`scanned`, with nulls for what none of these files has."""
    sql = scanned(snapshot, files, columns)
    try:
        cursor.sql(sql)  # is bound, and reads nothing
    except duckdb.BinderException:
        return _with_nulls(cursor, snapshot, files, columns)
    return sql


def _with_nulls(
    cursor: duckdb.DuckDBPyConnection, snapshot: Snapshot, files: Sequence[str], columns: Sequence[str] | None = None
) -> str:
    """Files that are all older than a column of their table, which a commit without a row may have brought too."""
    told = cursor.sql(f"SELECT * FROM {_files(files)}").columns
    listed = [name for name in columns or snapshot.table.column_names if name in snapshot.held]
    typed = f"SELECT {', '.join(map(quoted, listed))} FROM ({empty_side(snapshot.table)})"
    return f"{typed} UNION ALL BY NAME {scanned(snapshot, files, [name for name in listed if name in told])}"


def show(
    cursor: duckdb.DuckDBPyConnection, snapshot: Snapshot | None, table: Table, keep: pa.ChunkedArray | None
) -> None:
    """Makes the table's TEMP view on this cursor: a typed empty side and the files."""
    files = snapshot.paths(keep) if snapshot else []
    if snapshot is None or not files:
        _view(cursor, table)
    elif snapshot.folder is None:
        _view(cursor, table, _streamed(cursor, snapshot))
    else:
        try:
            _view(cursor, table, scanned(snapshot, files))
        except duckdb.BinderException:
            _view(cursor, table, _with_nulls(cursor, snapshot, files))


def _view(cursor: duckdb.DuckDBPyConnection, table: Table, *sides: str) -> None:
    held = " UNION ALL BY NAME ".join((empty_side(table), *sides))
    cursor.execute(f"CREATE OR REPLACE TEMP VIEW {quoted(table.name)} AS {held}").fetchall()


def _streamed(cursor: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> str:
    """Object stores are read through the library: DuckDB's httpfs has to be downloaded and is often not there."""
    cursor.register(f"{snapshot.table.name}_scan", snapshot.delta.scan().read_all())
    columns = ", ".join(shown(c.name, c.kind) for c in snapshot.table.columns if c.name in snapshot.held)
    return f"SELECT {columns} FROM {quoted(snapshot.table.name + '_scan')}"
