"""A site that is served: ten million attempts of two years, polled every ten minutes, and 30 days of the large pool."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from benchmarks import pools
from benchmarks.attempts import CLUSTER
from benchmarks.cases import merge_poll
from benchmarks.lakes import NOW, lake
from benchmarks.typed import typed

POLLED = timedelta(minutes=10)
BEGAN = datetime(2024, 6, 1, tzinfo=UTC)
SETTINGS = """
[reports.rolling]
queue = ["gpu", "long"]
[reports.rolling.limits.gpu]
gpus = 400
"""


def make(folder: Path, is_quick: bool) -> None:
    """One ledger of both."""
    merge_poll.make(folder, is_quick)
    _polls(folder / "ledger")
    pools.make_files(folder, is_quick)
    with (folder / "gpuledger.toml").open("a", encoding="utf-8") as config:
        config.write(SETTINGS)
    typed("--config", folder / "gpuledger.toml", "ingest", *pools.month_files(folder), *pools.CLUSTER)


def _polls(ledger: Path) -> None:
    """What every poll of the accounting left."""
    from gpuledger.model.batch import Batch
    from gpuledger.model.tables import SNAPSHOTS

    ends = [BEGAN + number * POLLED for number in range(1, (NOW - BEGAN) // POLLED + 1)]
    told = [{"cluster": CLUSTER, "source": "slurm", "time": end, "since": end - POLLED, "until": end, "status": "complete"} for end in ends]  # fmt: skip
    store = lake(ledger)
    store.append(Batch(SNAPSHOTS, pa.Table.from_pylist(told)), "polls")
    store.compact(NOW)
    store.close()


def pages() -> list[str]:
    """Addresses of what viewers of such a site open: every report, and the windows that the page offers."""
    accounting, pool = f"to={NOW:%Y-%m-%dT%H:%MZ}", f"to={pools.END:%Y-%m-%dT%H:%MZ}"
    rolling = [
        f"rolling?queue={queue}&last={last}&{accounting}" for queue in ("gpu", "long") for last in ("24h", "7d", "30d")
    ]
    usage = [
        "usage?month=2026-05",
        "usage?month=2025-05",
        f"usage?last=24h&{accounting}",
        f"usage?last=7d&{accounting}",
    ]
    states = [
        f"{name}?last={last}&{pool}" for name in ("pool", "pool-hosts", "pool-unused") for last in ("24h", "7d", "30d")
    ]
    moment = [f"pool-snapshot?{pool}&last=24h", f"pool-host?host=gpu006*&last=7d&{pool}"]
    return [*rolling, *usage, *states, *moment]
