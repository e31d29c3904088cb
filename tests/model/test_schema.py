"""One description of a table, many words for it: Arrow, SQL, Ibis, reference pages."""

import duckdb
import ibis
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpuledger.model.columns import NEVER
from gpuledger.model.schema import ARROW, DUCKDB, IBIS, POSTGRES, arrow_schema, conform, ddl, describe, unbound
from gpuledger.model.tables import BY_TABLE, JOB_ATTEMPTS, TABLES, USAGE_COLUMNS, Table
from gpuledger.model.vocabulary import BY_NAME, COLUMNS

tables = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)


@tables
def test_every_engine_knows_the_same_columns_in_the_same_order(table: Table) -> None:
    names = [column.name for column in table.columns]
    assert arrow_schema(table).names == names == list(unbound(table).columns)
    assert [row["name"] for row in describe(table)] == names


@tables
def test_duckdb_accepts_the_table_and_its_key(table: Table) -> None:
    connection = duckdb.connect()
    connection.execute(ddl(table, DUCKDB))
    held = connection.execute(
        "SELECT column_name, is_nullable FROM information_schema.columns ORDER BY ordinal_position"
    ).fetchall()
    assert [name for name, _ in held] == arrow_schema(table).names
    assert {name for name, nullable in held if nullable == "NO"} == set(table.key)


@tables
def test_key_order_and_partition_are_columns_and_keys_are_never_null(table: Table) -> None:
    names = {column.name for column in table.columns}
    assert {*table.key, table.order, *table.partition} <= names
    assert table.columns[-1].name == "ingest_id" or "ingest_id" in table.key
    assert all(row["null"] == NEVER for row in describe(table) if row["is_key"])
    assert all(BY_NAME[name].null == NEVER for name in table.partition)


def test_each_kind_has_a_word_in_every_dialect() -> None:
    kinds = {column.kind for column in COLUMNS}
    assert all(kinds <= set(words) for words in (ARROW, DUCKDB, POSTGRES, IBIS))


def test_each_column_is_described_once_and_used() -> None:
    names = [column.name for column in COLUMNS]
    assert len(names) == len(set(names))
    assert set(names) == {column.name for table in TABLES for column in table.columns}


def test_measured_use_is_part_of_an_attempt() -> None:
    assert set(USAGE_COLUMNS) <= set(JOB_ATTEMPTS.column_names)


def test_a_missing_column_becomes_null_never_zero() -> None:
    rows = conform(pa.table({"attempt_id": ["1@2"], "gpu_count": pa.array([2], pa.int32())}), JOB_ATTEMPTS)
    assert rows.schema == arrow_schema(JOB_ATTEMPTS)
    assert rows["gpu_count"].to_pylist() == [2.0]
    assert rows["cpu_count"].to_pylist() == [None]


def test_a_column_of_no_type_becomes_the_tables_type() -> None:
    rows = conform(pa.table({"queue": pa.nulls(3)}), JOB_ATTEMPTS)
    assert rows["queue"].type == pa.string()


@pytest.mark.parametrize("value", [2**63, 2**64 - 2])
def test_a_number_beyond_64_bits_is_refused_not_wrapped(value: int) -> None:
    with pytest.raises(pa.ArrowInvalid):
        conform(pa.table({"exit_code": pa.array([value], pa.uint64())}), JOB_ATTEMPTS)


@given(st.sampled_from(TABLES), st.integers(0, 3))
def test_conforming_twice_changes_nothing(table: Table, count: int) -> None:
    once = conform(pa.table({"cluster": ["c"] * count}), table) if "cluster" in table.column_names else None
    assert once is None or conform(once, table) == once


def test_instants_are_naive_where_we_compute_and_utc_where_we_store() -> None:
    assert arrow_schema(BY_TABLE["job_attempts"]).field("started_at").type == pa.timestamp("us", tz="UTC")
    started = unbound(JOB_ATTEMPTS).started_at.type()
    assert started.timezone is None
    assert isinstance(started, ibis.expr.datatypes.Timestamp)
