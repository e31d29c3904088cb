"""DuckDB as every store uses it."""

import os
import tempfile
from pathlib import Path

import duckdb


def engine(**settings: str) -> duckdb.DuckDBPyConnection:
    """An in-memory DuckDB in UTC that fetches nothing from outside."""
    spill = (
        Path(tempfile.gettempdir()) / f"gpuledger-{os.getpid()}"
    )  # made when a query needs it; by default in the working folder
    offline = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    made = duckdb.connect(config={**offline, "temp_directory": str(spill), **settings})
    made.execute("SET GLOBAL TimeZone = 'UTC'").fetchall()
    (zone,) = made.cursor().execute("SELECT current_setting('TimeZone')").fetchall()
    if zone != ("UTC",):
        raise RuntimeError(f"DuckDB computes in {zone}, not in UTC")
    return made
