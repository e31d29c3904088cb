"""Month files in a ledger: each moment once, whatever is read, however often, and whenever it is killed."""

import multiprocessing
import os
import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gpuledger.actions import _intake
from gpuledger.actions.ingest import Ingested, Manner, ingest
from gpuledger.actions.store import check
from gpuledger.model.batch import Batch
from gpuledger.model.errors import SourceError
from gpuledger.model.schema import unbound
from gpuledger.model.tables import GPU_STATES, PROBLEMS, SNAPSHOTS, Table
from gpuledger.raw import RawZone
from gpuledger.sources import Context
from gpuledger.sources.gpu_state import GpuState
from gpuledger.store import Written
from gpuledger.store.lake import Lake
from tests.sources.gpu_state.pools import Row, parquet, slot, sqlite

NOW = datetime(2026, 9, 3, tzinfo=UTC)


@dataclass
class Site:
    store: Lake
    raw: RawZone

    def ingest(self, path: Path, **how: Any) -> Ingested:
        context = Context("", zone="UTC", cluster="pool", input_name=path.name)
        return ingest(self, GpuState(), path, context=context, now=NOW, manner=Manner(**how))

    def rows(self, table: Table) -> list[dict[str, Any]]:
        whole = unbound(table)
        return self.store.ask(whole.order_by([whole[name] for name in table.key])).to_pylist()

    def versions(self) -> list[int]:
        return [self.store.version(table) for table in (GPU_STATES, SNAPSHOTS, PROBLEMS)]


def site_at(root: Path, kind: type[Lake] = Lake) -> Site:
    return Site(kind(root / "ledger"), RawZone(root / "ledger" / "raw"))


def hours(count: int, gpus: int = 4) -> list[Row]:
    """Some GPUs at every hour."""
    return [
        slot(
            gpu=f"GPU-0000000{gpu}",
            timestamp=f"2026-07-{1 + hour // 24:02} {hour % 24:02}:00:20",
            PreventJobsReason="RMA",
        )
        for hour in range(count)
        for gpu in range(gpus)
    ]


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Site:
    site = site_at(tmp_path_factory.mktemp("pool"))
    for month in ("2026-08", "2026-09"):
        site.ingest(shared_data / "pool_small" / f"gpu_state_{month}.parquet")
    return site


def test_both_months_are_in_the_ledger_whole(pool: Site) -> None:
    states, snapshots = pool.rows(GPU_STATES), pool.rows(SNAPSHOTS)
    assert len(states) == 376_212
    assert sum(row["row_count"] for row in snapshots) == len(states)
    assert {row["time"] for row in snapshots} == {row["time"] for row in states}


def test_the_same_months_again_and_the_same_hours_as_sqlite_change_nothing(pool: Site, shared_data: Path) -> None:
    before = pool.versions()
    for name in ("gpu_state_2026-08.parquet", "gpu_state_2026-09.parquet", "sqlite/gpu_state_2026-09.db"):
        done = pool.ingest(shared_data / "pool_small" / name)
        assert (done.accepted, done.problems) == (0, 0)
        assert done.unchanged == done.rows_read > 30_000
    assert pool.versions() == before


def test_a_month_that_grew_adds_what_is_new(tmp_path: Path) -> None:
    site, path = site_at(tmp_path), tmp_path / "gpu_state_2026-07.parquet"
    path.write_bytes(parquet(hours(30)))
    site.ingest(path)
    path.write_bytes(parquet(hours(50)))
    done = site.ingest(path)
    assert (done.unchanged, done.accepted) == (30 * 4, 20 * 4)
    assert len(site.rows(GPU_STATES)) == 50 * 4
    assert len(site.rows(SNAPSHOTS)) == 50


def test_sqlite_first_keeps_its_moments_and_parquet_adds_the_others(tmp_path: Path) -> None:
    site, db, month = site_at(tmp_path), tmp_path / "a.db", tmp_path / "gpu_state_2026-07.parquet"
    sqlite(db, hours(5))
    month.write_bytes(parquet(hours(10)))
    assert site.ingest(db).accepted == 20
    assert (site.ingest(month).unchanged, len(site.rows(SNAPSHOTS))) == (20, 10)
    assert [row["prevented_reason"] for row in site.rows(GPU_STATES)] == [None] * 20 + ["RMA"] * 20


def test_the_same_bytes_in_another_zone_are_refused(tmp_path: Path) -> None:
    site, path = site_at(tmp_path), tmp_path / "gpu_state_2026-07.parquet"
    path.write_bytes(parquet(hours(5)))
    site.ingest(path)
    elsewhere = Context("", zone="America/Chicago", cluster="pool", input_name=path.name)
    with pytest.raises(Exception, match="zone UTC"):
        ingest(site, GpuState(), path, context=elsewhere, now=NOW)
    ingest(site, GpuState(), path, context=elsewhere, now=NOW, manner=Manner(is_replay=True))
    assert [row["time"].hour for row in site.rows(SNAPSHOTS)] == [5, 6, 7, 8, 9]
    assert len(site.rows(GPU_STATES)) == 20


def test_commits_hold_whole_moments_and_a_damaged_end_keeps_what_came_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_intake, "ROWS_A_COMMIT", 10)
    site, path = site_at(tmp_path), tmp_path / "gpu_state_2026-07.parquet"
    content = bytearray(parquet(hours(24 * 20), group_rows=200))
    middle = len(content) // 2
    content[middle : middle + 64] = b"\xff" * 64
    path.write_bytes(content)
    with pytest.raises(SourceError, match="damaged or cut off"):
        site.ingest(path)
    counts = {row["time"]: row["row_count"] for row in site.rows(SNAPSHOTS)}
    assert set(counts.values()) <= {4}
    assert len(site.rows(GPU_STATES)) == sum(counts.values())


class Dying(Lake):
    """Is killed in place of its nth write."""

    left = 0

    def append(self, batch: Batch, ingest_id: str) -> Written:
        if type(self).left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        type(self).left -= 1
        return super().append(batch, ingest_id)


def die_at(root: Path, write: int) -> None:
    Dying.left, _intake.ROWS_A_COMMIT = write, 100
    site_at(root, Dying).ingest(root / "gpu_state_2026-07.parquet")


def test_killed_before_any_write_and_read_again_it_is_whole_and_nothing_is_doubled(tmp_path: Path) -> None:
    """Writes are rows, rows, rows, snapshots, run: between rows and snapshots is one of them."""
    path, spawned = tmp_path / "gpu_state_2026-07.parquet", multiprocessing.get_context("spawn")
    path.write_bytes(parquet(hours(24 * 3), group_rows=96))
    survived = False
    for write in range(10):
        process = spawned.Process(target=die_at, args=(tmp_path, write))
        process.start()
        process.join()
        site = site_at(tmp_path)
        known = {row["time"] for row in site.rows(SNAPSHOTS)}
        assert known <= {row["time"] for row in site.rows(GPU_STATES)}
        if survived := process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
    assert survived
    site = site_at(tmp_path)
    done = site.ingest(path)
    assert (done.accepted, done.unchanged) == (0, 24 * 3 * 4)
    assert len(site.rows(GPU_STATES)) == 24 * 3 * 4
    assert [row["row_count"] for row in site.rows(SNAPSHOTS)] == [4] * 24 * 3
    check(site, NOW, is_repair=True, source_of=lambda entry: GpuState())
    assert len(site.rows(GPU_STATES)) == 24 * 3 * 4
