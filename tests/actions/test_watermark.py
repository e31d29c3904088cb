"""A file's watermark in the ledger: never later than the moment it was read."""

from datetime import UTC, datetime
from pathlib import Path

from gpuledger.actions.ingest import ingest
from gpuledger.config import Settings, open_ledger
from gpuledger.model.tables import SNAPSHOTS
from gpuledger.sources import Context
from gpuledger.sources.slurm import Slurm

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LATE = """JobIDRaw|JobID|State|Submit|Start|End|ElapsedRaw|AllocTRES
1|1|COMPLETED|2099-05-01T00:00:00|2099-05-01T01:00:00|2099-05-01T02:00:00|3600|cpu=4
"""


def test_a_file_from_the_future_tells_nothing_past_now(tmp_path: Path) -> None:
    (tmp_path / "late.txt").write_text(LATE)
    with open_ledger(Settings.model_validate({"ledger": str(tmp_path / "led")})) as ledger:
        ingest(ledger, Slurm(), tmp_path / "late.txt", context=Context("", "UTC", "hpg"), now=NOW)
        (row,) = ledger.store.matching(SNAPSHOTS, cluster="hpg").to_pylist()
    assert {row["since"], row["until"], row["time"]} == {NOW.replace(tzinfo=None)}
