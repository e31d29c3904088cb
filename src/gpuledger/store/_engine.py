"""DuckDB as every store uses it."""

import os
import tempfile
from pathlib import Path

import duckdb

from gpuledger.store._sql import literal

GIVEN_BACK = {"allocator_bulk_deallocation_flush_threshold": "1MB"}
"""What a question no longer needs goes back to the machine while it is answered; DuckDB would keep up to 512 MB."""


def engine(**settings: str) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB in UTC that fetches nothing from outside."""
    # Made when a query needs it; DuckDB's own choice is the working folder.
    spill = Path(tempfile.gettempdir()) / f"gpuledger-{os.getpid()}"
    offline = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    made = duckdb.connect(config={**offline, **GIVEN_BACK, "temp_directory": str(spill), **settings})
    made.execute("SET GLOBAL TimeZone = 'UTC'").fetchall()
    (zone,) = made.cursor().execute("SELECT current_setting('TimeZone')").fetchall()
    if zone != ("UTC",):
        raise RuntimeError(f"DuckDB computes in {zone}, not in UTC")
    return made


def give_back(cursor: duckdb.DuckDBPyConnection, memory_limit: str | None = None) -> None:
    """What questions used goes back to the machine at once; DuckDB's allocator would keep it for ten seconds.

    It empties itself when the limit is set, to whatever it is: half a millisecond where there is nothing.
    `memory_limit` is the limit that the engine was made with, if any.
    """
    limit = f"SET GLOBAL memory_limit = {literal(memory_limit)}" if memory_limit else "RESET GLOBAL memory_limit"
    cursor.execute(limit).fetchall()
