"""DuckDB as the stores use it."""

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
from pathlib import Path
from gpuledger.store._engine import engine, give_back

made = engine()

def asked(count):
    with made.cursor() as cursor:
        cursor.sql(f"SELECT n % 90000 AS k, sum(n * 0.5), max(n::VARCHAR), median(n) FROM range({count}) t(n) GROUP BY k").to_arrow_table()
        give_back(cursor)

def held():
    told = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(told.split()[1]) // 1024

asked(1000)
before = held()
asked(1_000_000)
print(held() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells what memory a process holds")
def test_what_a_question_used_goes_back_to_the_machine() -> None:
    """Of the tens of megabytes that this one takes."""
    said = subprocess.run([sys.executable, "-c", CODE], text=True, capture_output=True, check=True, timeout=120).stdout
    assert int(said) < 15
