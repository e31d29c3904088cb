"""Only scalar functions of the file's own columns pass; what runs them reaches nothing else."""

import duckdb
import pytest

from gpuledger.model.errors import ConfigError
from gpuledger.sources.jobs_csv.expressions import Expressions, locked, quoted
from tests.sources.jobs_csv.reading import COLUMNS, GOOD, HEADER, found

NAMES = ("id", "user", "gpus", "Elapsed Time", 'a"b', "end")

FORBIDDEN = [
    "(SELECT max(gpus) FROM given)",
    "EXISTS (SELECT 1)",
    "gpus IN (SELECT 1)",
    "count(*)",
    "sum(gpus)",
    "row_number() OVER ()",
    "unnest([1, 2])",
    "read_text('/etc/passwd')",
    "read_csv('/etc/passwd')",
    "gpus) FROM read_text('/etc/passwd') --",
    "gpus), (id",
    "gpus; SELECT 1",
    "random()",
    "now()",
    "today()",
    "age(gpus::TIMESTAMP)",
    "getvariable('x')",
    "current_setting('memory_limit')",
    "nextval('s')",
    "error('x')",
    "sleep_ms(1)",
    "write_log('x')",
    "list_transform([1], x -> x + 1)",
    "*",
    "COLUMNS(*)",
    "$1",
    "#1",
    "given.gpus",
    "nope",
    "gpus +",
    "",
    ")",
    "/* */",
]


@pytest.mark.parametrize("written", FORBIDDEN)
def test_what_is_no_scalar_expression_of_the_columns_is_refused(written: str) -> None:
    with locked() as cursor, pytest.raises(ConfigError) as error:
        Expressions(cursor, NAMES).read(written, "columns.gpu_count")
    assert str(error.value).startswith("columns.gpu_count: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("written", "columns"),
    [
        ("gpus", {"gpus"}),
        ("Elapsed Time", {"Elapsed Time"}),
        ('a"b', {'a"b'}),
        ("end", {"end"}),
        ('"user" || id', {"user", "id"}),
        ("CASE WHEN gpus = '' THEN NULL ELSE gpus::DOUBLE / 1000 END", {"gpus"}),
        ("coalesce(nullif(regexp_extract(gpus, 'x=(\\d+)', 1), ''), '0')", {"gpus"}),
        ("json_extract_string(gpus, '$.a')", {"gpus"}),
        ("strptime(\"end\", '%d.%m.%Y %H:%M')", {"end"}),
        ("if(gpus > '1', 1, 2) -- why", {"gpus"}),
        ("'constant'", set()),
    ],
)
def test_a_scalar_expression_tells_its_columns(written: str, columns: set[str]) -> None:
    with locked() as cursor:
        assert Expressions(cursor, NAMES).read(written, "here").columns == columns


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY (SELECT 1) TO '/tmp/gpuledger-must-not-exist.csv'",
        "ATTACH '/tmp/gpuledger-must-not-exist.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '100GB'",
        "SET lock_configuration = false",
    ],
)
def test_the_engine_itself_reaches_nothing_and_cannot_be_told_otherwise(sql: str) -> None:
    with locked() as cursor, pytest.raises(duckdb.Error):
        cursor.execute(sql).fetchall()


def test_python_variables_are_no_tables() -> None:
    import pyarrow as pa

    secret = pa.table({"word": ["x"]})
    with locked() as cursor, pytest.raises(duckdb.Error):
        cursor.execute("SELECT * FROM secret").fetchall()
    assert len(secret) == 1


def test_hostile_column_names_stay_names() -> None:
    name = 'gpus" FROM given; DROP TABLE x; --'
    head = HEADER.replace("gpus", '"' + name.replace('"', '""') + '"')
    told = found(head + GOOD, columns=COLUMNS | {"gpu_count": quoted(name)})
    assert [one["gpu_count"] for one in told.rows] == [2]
    assert [one["gpu_count"] for one in found(head + GOOD, columns=COLUMNS | {"gpu_count": name}).rows] == [2]


def test_options_of_one_file_cannot_bring_expressions() -> None:
    from gpuledger.model.errors import UsageError
    from gpuledger.sources import Context

    with pytest.raises(UsageError, match="takes no option 'columns'"):
        found(HEADER + GOOD, Context("file:1", options={"columns": "x"}))
    semicolons = (HEADER + GOOD).replace(",", ";")
    assert found(semicolons, Context("file:1", options={"delimiter": ";"})).rows == found(semicolons).rows
