"""Libraries do without what nobody asks them for, and are whole when somebody does."""

import subprocess
import sys

import pytest

CODE = """
import sys
import pyarrow as pa
from gpuledger.model.frugal import frugal_arrow

before = pa.default_memory_pool().backend_name
with frugal_arrow():
    table = pa.table({"gpu": pa.array(["a", "b"])})
    print("pandas" in sys.modules, pa.default_memory_pool().backend_name)
print(pa.default_memory_pool().backend_name == before, not any("NoPandas" in str(one) for one in sys.meta_path))
print(table.to_pandas()["gpu"].tolist())
"""


def test_pandas_is_imported_when_a_dataframe_is_asked_for_and_not_before() -> None:
    pytest.importorskip("pandas", reason="what is not installed is never imported")
    said = subprocess.run([sys.executable, "-c", CODE], text=True, capture_output=True, check=True, timeout=60).stdout
    assert said.splitlines() == ["False system", "True True", "['a', 'b']"]


OTHERS = """
import sys
import ibis
from gpuledger.store._compile import compiled
from gpuledger.metrics.relation import watermarks

def held():
    return sorted(name.split(".")[-1] for name in sys.modules if name.startswith("ibis.backends.sql.compilers."))

question = watermarks()
sql, _ = compiled(question)
print(held())
import ibis.backends.sql.compilers as compilers
print(sql == str(ibis.to_sql(question, dialect="duckdb", pretty=False)), compilers is ibis.backends.sql.compilers)
print("postgres" in held(), hasattr(compilers, "no such database"))
print(bool(str(ibis.to_sql(question, dialect="postgres"))), "postgres" in held())
print(compilers.DuckDBCompiler is compilers.duckdb.DuckDBCompiler)
"""


def test_compilers_of_other_databases_are_imported_when_one_is_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", OTHERS], text=True, capture_output=True, check=True, timeout=60)
    assert done.stdout.splitlines() == [
        "['_compat', 'base', 'duckdb']",
        "True True",
        "False False",
        "True True",
        "True",
    ]
