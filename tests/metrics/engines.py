"""Three engines that answer the same expressions: DuckDB in memory, Debian's PostgreSQL, Spark.

Each runs in a zone other than UTC where it can (America/Chicago), so that an expression that reads the session's zone
gives a wrong answer here.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.operations as ops
import pyarrow as pa
from ibis.config import Config

from gpuledger.model.period import Period
from gpuledger.model.schema import DUCKDB, POSTGRES, arrow_schema, ddl
from gpuledger.model.tables import BY_TABLE, TABLES

Rows = Mapping[str, list[dict[str, Any]]]
ARROW_OF = {
    "string": pa.string(), "int64": pa.int64(), "float64": pa.float64(), "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"), "array<int": pa.list_(pa.int64()),
}  # fmt: skip
FOREIGN_ZONE = "America/Chicago"
BRIEF_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""For a Java that asks each question once: what its better compiler makes comes too late and costs a minute."""


@lru_cache(maxsize=1024)
def sql(node: ops.Node, dialect: str) -> str:
    """The SQL of an expression, compiled once: properties ask the same of many ledgers."""
    return str(ibis.to_sql(node.to_expr(), dialect=dialect))


def naive(rows: pa.Table) -> pa.Table:
    """Instants without a zone, as stores show them to metrics."""
    for number, field in enumerate(rows.schema):
        if pa.types.is_timestamp(field.type):
            rows = rows.set_column(number, field.name, rows[field.name].cast(pa.timestamp("us")))
    return rows


def canonical(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows of a canonical table as Arrow; a column that is not named is null."""
    return naive(pa.Table.from_pylist(rows, schema=arrow_schema(BY_TABLE[name])))


class DuckEngine:
    """The canonical tables in memory."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.connection.execute(f"SET TimeZone='{FOREIGN_ZONE}'")
        for table in TABLES:
            self.connection.execute(ddl(table, DUCKDB))

    def load(self, rows: Rows) -> "DuckEngine":
        for table in TABLES:
            self.connection.execute(f'TRUNCATE "{table.name}"')
            if held := rows.get(table.name):
                self.connection.register("given", canonical(table.name, held))
                self.connection.execute(f'INSERT INTO "{table.name}" SELECT * FROM given')
        return self

    def ask(self, expression: Any, period: Period | None = None) -> pa.Table:
        return self.connection.sql(sql(expression.op(), "duckdb")).to_arrow_table()

    def close(self) -> None:
        self.connection.close()


class PostgresEngine:
    """A server of our own, reached by its socket in `folder`, its zone America/Chicago."""

    def __init__(self, folder: Path) -> None:
        import psycopg

        self.connection = psycopg.connect(host=str(folder), user="postgres", autocommit=True)
        for table in TABLES:
            self.connection.execute(ddl(table, POSTGRES))

    def load(self, rows: Rows) -> "PostgresEngine":
        for table in TABLES:
            self.connection.execute(f'TRUNCATE "{table.name}"')
            held = canonical(table.name, rows.get(table.name, []))
            names = ", ".join(f'"{name}"' for name in held.column_names)
            marks = ", ".join(["%s"] * held.num_columns)
            for row in held.to_pylist():
                self.connection.execute(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', list(row.values()))
        return self

    def ask(self, expression: Any, period: Period | None = None) -> pa.Table:
        found = self.connection.execute(sql(expression.op(), "postgres"))
        names = [column.name for column in found.description]
        return typed(expression, [dict(zip(names, row, strict=True)) for row in found.fetchall()])

    def close(self) -> None:
        self.connection.close()


class CompilerOptions(Config):
    """What the compiler for Spark asks of the backend we do not use."""

    treat_nan_as_null: bool = False


class SparkEngine:
    """One local session; its Java runs in America/Chicago, its session zone is UTC, as a store opens it."""

    def __init__(self) -> None:
        os.environ["TZ"] = "UTC"
        time.tzset()
        from pyspark.sql import SparkSession

        ibis.options.pyspark = CompilerOptions()  # the compiler alone needs no backend

        settings = {
            "spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "1", "spark.ui.enabled": "false",
            "spark.driver.extraJavaOptions": f"-Duser.timezone={FOREIGN_ZONE} {BRIEF_JAVA}", "spark.sql.adaptive.enabled": "false",
            "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1",
            "spark.sql.timestampType": "TIMESTAMP_NTZ", "spark.log.level": "ERROR",
            "spark.sql.codegen.wholeStage": "false", "spark.sql.execution.arrow.pyspark.enabled": "true",
        }  # fmt: skip
        builder = SparkSession.builder.master("local[1]").appName("gpuledger tests")
        self.session = builder.config(map=settings).getOrCreate()
        assert self.session.conf.get("spark.sql.session.timeZone") == "UTC"
        java = self.session._jvm.java.util.TimeZone.getDefault().getID()
        assert java == FOREIGN_ZONE
        self._stale = {table.name for table in TABLES}

    def load(self, rows: Rows) -> "SparkEngine":
        for name in self._stale | rows.keys():
            held = canonical(name, list(rows.get(name, [])))
            self.session.createDataFrame(held).createOrReplaceTempView(name)
        self._stale = set(rows)
        return self

    def ask(self, expression: Any, period: Period | None = None) -> pa.Table:
        return typed(expression, self.session.sql(sql(expression.op(), "pyspark")).toArrow().to_pylist())

    def close(self) -> None:
        self.session.stop()


def typed(expression: Any, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows with the types the expression promises (a driver may answer Decimal)."""
    schema = pa.schema([(name, ARROW_OF[str(kind)[:9].rstrip("(6)")]) for name, kind in expression.schema().items()])
    kept = [{name: _plain(value) for name, value in row.items()} for row in rows]
    return naive(pa.Table.from_pylist(kept, schema=schema))


def _plain(value: Any) -> Any:
    return float(value) if type(value).__name__ == "Decimal" else value


@contextmanager
def postgres_server() -> Iterator[Path]:
    """A fresh server as user postgres (it refuses to run as root); gives the folder of its socket.

    Its folder is of its own: pytest's are closed to other users. It has no port that another could take.
    """
    programs = Path("/usr/lib/postgresql/15/bin")
    folder = Path(tempfile.mkdtemp(prefix="gpuledger-postgres-"))
    data = folder / "data"
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    run([programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "--no-sync"])
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c timezone={FOREIGN_ZONE}"
    run([programs / "pg_ctl", "-D", data, "-o", options, "-l", folder / "log", "-w", "start"])
    try:
        yield folder
    finally:
        run([programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"])
        shutil.rmtree(folder)


def run(command: list[Any]) -> None:
    prefix = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*prefix, *map(str, command)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
