"""A kill -9 at any moment loses nothing that was acknowledged and doubles nothing."""

import os
from pathlib import Path

import pytest

from tests.kill.killing import kill_loop

KILLS = int(os.environ.get("GPULEDGER_KILLS", "60"))
"""200 take two minutes and a half, and were as clean whenever they were run."""


@pytest.mark.kill
def test_kills_over_ingest_compaction_and_vacuum_lose_and_double_nothing(tmp_path: Path) -> None:
    outcome = kill_loop(tmp_path, KILLS)
    print(
        f"{outcome.kills} kills in {outcome.seconds:.0f} s, {len(outcome.acknowledged)} ingests acknowledged, {outcome.found} findings mended"
    )
    assert outcome.errors == []
    assert outcome.lost == []
    assert outcome.doubled == []
    assert outcome.unmended == []
    assert outcome.left == []
    assert len(outcome.acknowledged) > KILLS / 4
