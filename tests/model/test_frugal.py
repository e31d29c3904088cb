"""Arrow does without pandas until somebody asks for a DataFrame, and takes its memory as before afterwards."""

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
