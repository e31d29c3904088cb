"""Compaction and vacuum make the lake smaller and change no answer; writers and readers work side by side."""

import multiprocessing
import time
from pathlib import Path

import pytest
from deltalake import DeltaTable

from gpuledger.model.schema import unbound
from gpuledger.model.tables import DEVICES, GPU_STATES, JOB_ATTEMPTS, RUNS, TABLES
from gpuledger.store import _maintain
from gpuledger.store._commit import configuration, statistics_columns
from gpuledger.store.lake import Lake
from tests.store.conformance import rows
from tests.store.rows import at, attempt, attempts, batch_of, gpu_states


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "my ledger")


def files(lake: Lake, name: str) -> int:
    return next(info.files for info in lake.info() if info.name == name)


def test_closed_days_become_one_file_each_and_today_stays(lake: Lake) -> None:
    for hours in (1, 2, 25, 26, 27, 49, 50):
        lake.append(gpu_states(hours), "i")
    before = rows(lake, GPU_STATES)
    assert lake.compact(at(51)) == 3
    assert (files(lake, "gpu_states"), rows(lake, GPU_STATES)) == (4, before)
    assert lake.compact(at(51)) == 0


def test_months_older_than_two_become_large_files(lake: Lake) -> None:
    for n in range(4):
        lake.upsert(attempts(attempt(n)), "i")
    assert lake.compact(at(24 * 60)) == 0
    assert lake.compact(at(24 * 92)) == 3
    assert lake.upsert(attempts(*[attempt(n) for n in range(4)]), "i2").commits == 0


def test_a_crowd_of_small_files_is_put_together_even_in_an_open_month(lake: Lake) -> None:
    for n in range(18):
        lake.upsert(attempts(attempt(n)), "i")
    assert lake.compact(at(20)) == 17


def test_tables_without_partitions_are_put_together_too(lake: Lake) -> None:
    for n in range(18):
        lake.append(batch_of(RUNS, [{"ingest_id": f"i{n}", "run_kind": "ingest", "run_started_at": at(n)}]), f"i{n}")
    assert lake.compact(at(20)) == 17
    assert len(rows(lake, RUNS)) == 18


def test_vacuum_deletes_what_no_version_of_a_day_needs_and_a_reader_finds_the_new_files(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hours in (1, 2, 3):
        lake.append(gpu_states(hours), "i")
    reader = Lake(lake._shelf.root)  # type: ignore[arg-type]
    before = rows(reader, GPU_STATES)
    lake.compact(at(48))
    assert lake.vacuum(at(48)) == 0
    monkeypatch.setattr(_maintain, "RETENTION_HOURS", 0)
    assert lake.vacuum(at(48)) == 3
    assert rows(reader, GPU_STATES) == before
    assert lake.check().findings == ()


def test_tables_are_made_with_the_configuration_that_holds(lake: Lake) -> None:
    lake.upsert(attempts(attempt(1)), "i")
    made = DeltaTable(str(lake._shelf.folder(JOB_ATTEMPTS)))
    assert made.metadata().configuration == configuration(JOB_ATTEMPTS)
    assert made.metadata().partition_columns == ["cluster", "partition_month"]
    assert {"attempt_id", "submitted_at", "started_at", "ended_at"} <= set(statistics_columns(JOB_ATTEMPTS))
    assert all(configuration(table)["delta.deletedFileRetentionDuration"] == "interval 1 days" for table in TABLES)


def test_a_ledger_made_before_a_column_existed_is_read_and_gets_it(lake: Lake) -> None:
    import deltalake

    from gpuledger.model.schema import arrow_schema

    folder = lake._shelf.folder(DEVICES)
    assert folder
    older = arrow_schema(DEVICES).remove(arrow_schema(DEVICES).get_field_index("driver_version"))
    DeltaTable.create(str(folder), schema=deltalake.Schema.from_arrow(older), configuration=configuration(DEVICES))
    device = {"cluster": "hpg", "host": "c1", "gpu": "GPU-1", "valid_from": at(0)}
    assert rows(lake, DEVICES) == []
    lake.upsert(batch_of(DEVICES, [{**device, "driver_version": "570"}]), "i")
    assert [row["driver_version"] for row in rows(Lake(folder.parent), DEVICES)] == ["570"]


def write(root: Path, number: int) -> None:
    lake = Lake(root)
    for n in range(12):
        lake.upsert(
            attempts(*[attempt(number * 1000 + n * 3 + i) for i in range(3)], attempt(n, state="failed")), f"{number}"
        )
        lake.append(gpu_states(number * 100 + n), f"{number}")


def test_several_writers_and_readers_at_once_lose_and_double_nothing(tmp_path: Path) -> None:
    root = tmp_path / "my ledger"
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write, args=(root, number)) for number in (1, 2, 3)]
    for writer in writers:
        writer.start()
    lake, seen = Lake(root), [0]
    whole = unbound(JOB_ATTEMPTS)
    while any(writer.is_alive() for writer in writers):
        seen.append(lake.ask(whole.count().as_table()).column(0)[0].as_py())
        lake.compact(at(24 * 300))
        time.sleep(0.02)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert seen == sorted(seen)
    assert len(rows(lake)) == len({row["attempt_id"] for row in rows(lake)}) == 3 * 36 + 12
    assert len(rows(lake, GPU_STATES)) == 3 * 12 * 3
    assert lake.check().findings == ()
