"""The simulated pool through its month files, the real source and the real metrics: equal to what it played."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gpuledger.actions.ingest import ingest
from gpuledger.actions.query import query
from gpuledger.config import Settings, open_ledger
from gpuledger.config.pool import PoolSettings
from gpuledger.demo.pool.hosts import HOSTS, MASKED, OWNED
from gpuledger.demo.pool.life import Gpu, Pool, Reading
from gpuledger.demo.pool.month_files import month_files
from gpuledger.model.period import Period
from gpuledger.plugins import load
from gpuledger.sources import Context

END = datetime(2026, 11, 2, tzinfo=UTC)
START = END - timedelta(days=4)


def part_of(gpu: Gpu, reading: Reading) -> str:
    if gpu.primary:
        return "primary"
    if gpu.secondary and gpu.host.lends:
        return "secondary"
    if gpu.host.name in reading.drained:
        return "drained"
    return "prevented" if gpu.host.name in reading.reasons else "idle"


def test_each_reading_counts_what_was_played(tmp_path: Path) -> None:
    readings = list(Pool(3, START, END).readings())
    played = [Counter(part_of(gpu, reading) for gpu in reading.gpus) for reading in Pool(3, START, END).readings()]
    files = month_files(Pool(3, START, END).readings(), tmp_path)
    settings = Settings(ledger=str(tmp_path / "ledger"), pool=PoolSettings(hidden_models=()))
    assert len(files) == 2
    with open_ledger(settings) as ledger:
        for file in files:
            ingest(
                ledger, load("sources", "gpu-state")(), file, context=Context("", zone="UTC", cluster="marsh"), now=END
            )
        answer = query(ledger, ("present_gpus",), ("reading", "part"), (), Period(START, END), END)
    told: dict[str, Counter[str]] = {}
    for row in answer.records():
        told.setdefault(row["reading"], Counter())[row["part"]] = round(row["present_gpus"])
    assert list(told.values()) == played
    assert len(readings) < (END - START) / timedelta(minutes=30), "the collector misses some"


def test_equal_seeds_play_equal_pools() -> None:
    first, second = (
        [(reading.time, sorted(reading.drained), [g.primary for g in reading.gpus]) for reading in Pool(5, START, START + timedelta(hours=6)).readings()]
        for _ in range(2)
    )  # fmt: skip
    assert first == second


@pytest.mark.parametrize("pattern", [*OWNED, *MASKED])
def test_every_pattern_of_its_configuration_stands_for_a_host(pattern: str) -> None:
    from gpuledger.model.capacity import is_host

    assert any(is_host(pattern, host.name) for host in HOSTS)
