"""Commands as a person types them, run as the timed work of a case."""

import os
import subprocess
import sys
from pathlib import Path

GPULEDGER = str(Path(sys.executable).parent / "gpuledger")


def environment() -> dict[str, str]:
    """Ours without what would change the settings."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("GPULEDGER_", "PYTHON"))}


def typed(*words: str | Path) -> str:
    """Runs one `gpuledger` command and returns its stdout; a failure fails the benchmark with its message."""
    outcome = subprocess.run(
        [GPULEDGER, *map(str, words)], env=environment(), text=True, capture_output=True, check=False
    )
    if outcome.returncode:
        raise SystemExit(f"gpuledger {' '.join(map(str, words))}: {outcome.stderr.strip()}")
    return outcome.stdout


def duckdb_rows(sql: str) -> int:
    """The limit: bare DuckDB on the same bytes, all cores; the number of rows of the answer."""
    import duckdb

    return int(duckdb.connect().sql(sql).to_arrow_table().num_rows)
