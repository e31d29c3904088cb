"""`query`: names as typed in, an answer or one clear sentence out."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from gpuledger.actions.query import Asked, answered, known_metrics, query
from gpuledger.config import Ledger, Settings, open_ledger
from gpuledger.model.batch import Batch
from gpuledger.model.errors import NoData, UsageError
from gpuledger.model.period import between
from gpuledger.model.tables import JOB_ATTEMPTS, SNAPSHOTS

MAY, JUNE = between("2026-05-01", "2026-06-01"), between("2026-06-01", "2026-07-01")
NOW = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(Settings(ledger=str(tmp_path / "ledger"))) as held:
        yield held


def fill(ledger: Ledger) -> None:
    start, end = datetime(2026, 5, 3, 10, tzinfo=UTC), datetime(2026, 5, 3, 12, tzinfo=UTC)
    rows = [
        {"cluster": "hpc", "attempt_id": f"{n}", "job_id": f"{n}", "partition_month": "2026-05", "state": "completed",
         "submitted_at": start, "started_at": start, "ended_at": end, "observed_at": end, "queue": queue,
         "user_name": "ada", "gpu_count": 1.0 + n, "gpu_model": "NVIDIA A100"}
        for n, queue in enumerate(["gpu", "debug", "cpu"])
    ]  # fmt: skip
    ledger.store.upsert(Batch(JOB_ATTEMPTS, pa.Table.from_pylist(rows)), "i1")


def test_a_query_answers_by_dimension_with_filters_as_typed(ledger: Ledger) -> None:
    fill(ledger)
    answer = query(ledger, ["gpu_hours", "jobs"], ["user", "queue"], ["queue=gpu,debug"], MAY, NOW)
    assert answer.rows.column_names == ["user", "queue", "gpu_hours", "jobs"]
    assert answer.of("gpu_hours") == {("ada", "debug"): 4.0, ("ada", "gpu"): 2.0}


def test_a_filter_that_leaves_nothing_is_an_answer(ledger: Ledger) -> None:
    fill(ledger)
    where = ["queue=gpu", "queue!=gpu"]
    assert query(ledger, ["gpu_hours"], ["user"], where, MAY, NOW).records() == []
    assert query(ledger, ["gpu_hours"], [], where, MAY, NOW).records() == [{"gpu_hours": 0.0}]


def test_a_filter_by_a_name_never_seen_names_the_near_ones(ledger: Ledger) -> None:
    fill(ledger)
    for where, hint in (("queue=gpuu", "'gpuu'; did you mean 'gpu'?"), ("user=bob", "'bob'; did you mean 'ada'?")):
        with pytest.raises(UsageError) as found:
            query(ledger, ["gpu_hours"], ["day"], [where], MAY, NOW)
        assert hint in str(found.value)
    with pytest.raises(UsageError, match="There is no gpu model 'a100'; did you mean 'NVIDIA A100'"):
        query(ledger, ["gpu_hours"], [], ["gpu_model=a100"], MAY, NOW)
    assert query(ledger, ["gpu_hours"], [], ["gpu_model=no GPU"], MAY, NOW).records() == [{"gpu_hours": 0.0}]


def test_by_the_calendar_alone_there_are_no_holes(ledger: Ledger) -> None:
    fill(ledger)
    days = query(ledger, ["gpu_hours"], ["day"], [], MAY, NOW).of("gpu_hours")
    assert len(days) == 31
    assert (days["2026-05-02",], days["2026-05-03",]) == (0, 12)


def test_what_was_not_observed_is_remarked_on(ledger: Ledger) -> None:
    fill(ledger)
    assert answered(ledger, Asked(["gpu_hours"]), MAY, NOW).remarks() == ()
    told = {"cluster": "hpc", "source": "acct", "time": MAY.start, "since": MAY.start, "status": "complete"}
    ledger.store.append(
        Batch(SNAPSHOTS, pa.Table.from_pylist([told | {"until": between("2026-05-09", "2026-05-10").start}])), "i1"
    )
    observed, stale = answered(ledger, Asked(["gpu_hours"]), MAY, NOW).remarks()
    assert observed == "25.8\u202f% of the period was observed; the longest gap is 23\u202fd."
    assert stale.startswith("Data is 53\u202fd old")


def test_clusters_never_observed_at_the_same_time_are_told_apart(ledger: Ledger) -> None:
    fill(ledger)
    told = {"source": "acct", "time": MAY.start, "status": "complete"}
    windows = {"hpc": between("2026-05-01", "2026-05-10"), "lab": between("2026-05-11", "2026-06-01")}
    rows = [told | {"cluster": name, "since": one.start, "until": one.end} for name, one in windows.items()]
    ledger.store.append(Batch(SNAPSHOTS, pa.Table.from_pylist(rows)), "i1")
    said = answered(ledger, Asked(["gpu_hours"]), MAY, NOW).remarks()[0].replace("\u202f", " ")
    assert said.startswith("0 % of the period was observed in all 2 clusters at once (hpc 29.0 %, lab 67.7 %);")
    of_one = answered(ledger, Asked(["gpu_hours"], where=["cluster=hpc"]), MAY, NOW).remarks()[0]
    assert "at once" not in of_one


def test_no_data_names_the_command_that_finds_some(ledger: Ledger) -> None:
    fill(ledger)
    with pytest.raises(NoData) as found:
        query(ledger, ["gpu_hours"], ["user"], ["queue!=it's"], JUNE, NOW)
    expected = """gpuledger query gpu_hours --by user --where 'queue!=it'"'"'s' --last 30d --to 2026-05-03T12:00:00Z"""
    assert expected in str(found.value)
    with pytest.raises(NoData, match="gpuledger --ledger here query gpu_hours --last 30d"):
        answered(ledger, Asked(["gpu_hours"]), JUNE, NOW, "gpuledger --ledger here")
    assert found.value.exit_code == 3


def test_an_empty_ledger_says_how_to_fill_it(ledger: Ledger) -> None:
    with pytest.raises(NoData, match="gpuledger ingest"):
        query(ledger, ["gpu_hours"], [], [], MAY, NOW)


def test_unknown_names_are_usage_errors(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="gpu_hours"):
        query(ledger, ["gpu_hour"], [], [], MAY, NOW)


def test_every_built_in_metric_is_reached_by_the_entry_point() -> None:
    assert {"gpu_hours", "jobs", "wait_seconds_median", "gpu_busy_ratio"} <= set(known_metrics())
