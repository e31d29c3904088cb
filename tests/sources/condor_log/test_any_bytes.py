"""Whatever bytes come: rows that fit their tables, or one clear refusal; every event is counted once."""

import random
from pathlib import Path

import pyarrow as pa
import pytest

from gpuledger.model.errors import SourceError
from gpuledger.model.schema import conform
from gpuledger.model.tables import ATTEMPT_EVENTS, ATTEMPT_GPUS, JOB_ATTEMPTS
from tests.sources.condor_log.reading import Reading, read

GOLDEN = Path(__file__).parents[2] / "golden" / "sources" / "condor-log" / "experiment.log"
PIECES = (
    b"\0", b"\xff", b"\t", b"\n", b"=", b"|", b",", b"...\n", b'"', b"nan", b"1e999", b"99999999999999999999", b"-1",
    b"005 (1.0.0) 2025-11-04 10:00:00 Job terminated.\n", b"\r\n", b"[", b"]", b"{", b"\xe2\x80\xa8", b"=\t=", b"(return value ",
)  # fmt: skip


def changed(content: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randrange(1, 30)):
        at = chance.randrange(len(content))
        content = content[:at] + chance.choice(PIECES) + content[at + chance.choice((0, 0, 1, 20)) :]
    return content


def fits(reading: Reading) -> None:
    for table, rows in (
        (JOB_ATTEMPTS, reading.attempts),
        (ATTEMPT_GPUS, reading.gpus),
        (ATTEMPT_EVENTS, reading.events),
    ):
        if rows:
            whole = conform(pa.Table.from_pylist(rows), table)
            assert all(whole[name].null_count == 0 for name in table.key if name in rows[0])
            keys = [tuple(row.get(name) for name in table.key) for row in rows]
            assert len(keys) == len(set(keys))


@pytest.mark.parametrize("seed", range(150))
def test_any_change_of_a_log_is_read_or_refused(seed: int) -> None:
    content = changed(GOLDEN.read_bytes(), random.Random(seed))
    try:
        fits(read(content, "America/Chicago"))
    except SourceError:
        return


def test_reading_in_small_blocks_is_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read(GOLDEN)
    for size in (64, 1000, 4097):
        monkeypatch.setattr("gpuledger.sources.condor_log.frames.BLOCK", size)
        small = read(GOLDEN)
        assert (small.attempts, small.problems, small.event_count) == (
            whole.attempts,
            whole.problems,
            whole.event_count,
        )
