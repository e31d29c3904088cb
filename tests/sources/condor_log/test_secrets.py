"""No environment, token or key of a log reaches the raw zone or a row."""

from pathlib import Path

from gpuledger.actions.ingest import Manner, ingest
from gpuledger.model.tables import TABLES
from gpuledger.raw import RawZone
from gpuledger.sources import Context
from gpuledger.sources.condor_log import CondorLog
from gpuledger.store.lake import Lake
from tests.sources.condor_log.reading import at, event, execute, read, submit

D = "2025-11-04"
KEY = "0123456789abcdef0123456789abcdef01234567"
LOG = (
    submit(f"{D} 10:00:00")
    + execute(f"{D} 10:01:00", f'\tEnvironment = "WANDB_API_KEY={KEY}"\n\tMY_TOKEN = "{KEY}"\n')
    + event("012", f"{D} 11:00:00", "Job was held.", f"\tfailed: AWS_SECRET_ACCESS_KEY={KEY} curl -H 'Authorization: Bearer {KEY}'\n\tCode 13 Subcode 2\n")
    + event("028", f"{D} 11:00:00", "Job ad information event triggered.", f'\tEnvironment = "A=1 HF_KEY={KEY}"\n')
    + f"torn WANDB_KEY={KEY}\n"
    + event("009", f"{D} 12:00:00", "Job was aborted.", f"\tvia tool --token {KEY}\n")
)  # fmt: skip


def test_no_secret_is_told() -> None:
    reading = read(LOG)
    assert KEY not in repr(reading)
    assert "[removed]" in reading.attempts[0]["end_reason"]
    assert len(reading.problems) == 1


def test_redacted_bytes_hold_no_secret_and_read_the_same() -> None:
    kept = CondorLog().redact(LOG.encode())
    assert KEY.encode() not in kept
    assert kept.count(b"\n") == LOG.count("\n")
    assert [row["ended_at"] for row in read(kept).attempts] == [row["ended_at"] for row in read(LOG).attempts]


def test_no_secret_is_in_any_file_of_a_ledger(tmp_path: Path) -> None:
    class Ledger:
        store, raw = Lake(tmp_path / "lake"), RawZone(tmp_path / "raw")

    (tmp_path / "metl.log").write_text(LOG)
    context = Context("", zone="UTC", input_name="metl.log")
    done = ingest(
        Ledger(),
        CondorLog(),
        tmp_path / "metl.log",
        context=context,
        now=at(f"{D}T13:00:00"),
        manner=Manner(is_copied=True),
    )
    assert done.accepted == 5
    told = [
        repr(Ledger.store.matching(table, cluster="ap1.example.org").to_pylist())
        for table in TABLES
        if "cluster" in table.key
    ]
    assert any("n removed" in text or "[removed]" in text for text in told)
    assert all(KEY not in text for text in told)
    assert KEY not in repr(done)
    with Ledger.raw.open(next(Ledger.raw.entries())) as kept:
        assert KEY.encode() not in kept.read()
