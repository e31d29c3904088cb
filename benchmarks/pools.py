"""The large pool of the budget: 848 GPUs, 30 days of readings every 5 minutes, as its collector's month files."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from benchmarks.typed import typed

TOOL = Path(__file__).parents[2] / "shared" / "tools" / "make_pool.py"
DAYS, QUICK_DAYS = 30, 3
START = datetime(2026, 6, 16, tzinfo=UTC)
END = START + timedelta(days=DAYS)
CLUSTER = ("--cluster", "pool", "--zone", "UTC")


def month_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("gpu_state_*.parquet"))


def make_files(folder: Path, is_quick: bool) -> None:
    """The month files, with the site's lists of hosts beside them."""
    if not TOOL.exists():
        raise SystemExit(f"{TOOL} makes the pool's files and is not there; put `shared` beside the clone.")
    days = QUICK_DAYS if is_quick else DAYS
    start = f"{END - timedelta(days=days):%Y-%m-%dT%H:%M:%S}"
    command = [sys.executable, TOOL, "--out", folder, "--days", days, "--start", start, "--sqlite-days", 0]
    subprocess.run([str(word) for word in command], check=True, stdout=subprocess.DEVNULL)
    (folder / "gpuledger.toml").write_text(
        'ledger = "ledger"\n[pool]\nowned_hosts = "chtc_owned"\nmasked_hosts = "masked_hosts.yaml"\n', "utf-8"
    )


def make(folder: Path, is_quick: bool) -> None:
    """The files, and the ledger of them."""
    make_files(folder, is_quick)
    typed("--config", folder / "gpuledger.toml", "ingest", *month_files(folder), *CLUSTER)


def make_year(folder: Path, is_quick: bool) -> None:
    """Ten times the same month, one before the other."""
    make(folder, is_quick)
    files = [pq.read_table(file) for file in month_files(folder)]
    for number in range(1, 3 if is_quick else 10):
        for place, rows in enumerate(files):
            earlier = folder / f"gpu_state_{number}_{place}.parquet"
            stamps = pa.compute.subtract(rows["timestamp"], pa.scalar(timedelta(days=number * DAYS)))
            pq.write_table(rows.set_column(rows.schema.get_field_index("timestamp"), "timestamp", stamps), earlier)
            typed("--config", folder / "gpuledger.toml", "ingest", "gpu-state", earlier, *CLUSTER)
            earlier.unlink()
