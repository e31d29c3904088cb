"""What every store must do: subclass `Conformance` and give a fixture `store`."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gpuledger.model.errors import StoreError
from gpuledger.model.period import Period, named
from gpuledger.model.schema import unbound
from gpuledger.model.tables import (
    ATTEMPT_GPUS,
    DEVICES,
    GPU_STATES,
    JOB_ATTEMPTS,
    PROBLEMS,
    RUNS,
    SNAPSHOTS,
    TABLES,
    Table,
)
from gpuledger.store import Store, Written
from tests.store.rows import at, attempt, attempts, batch_of, gpu_states, running

MEASURED = {"used_cpu_seconds": 1800.0, "usage_observed_at": at(9)}


def rows(store: Store, table: Table = JOB_ATTEMPTS, period: Period | None = None) -> list[dict[str, Any]]:
    """All rows in the order of their key, without the columns that tell how they came."""
    whole = unbound(table)
    expression = whole.order_by([whole[name] for name in table.key])
    return [{k: v for k, v in row.items() if k != "ingest_id"} for row in store.ask(expression, period).to_pylist()]


def readings() -> "st.SearchStrategy[dict[str, Any]]":
    """Readings of two attempts in every stage, from two files, with and without measured use."""
    return st.builds(
        lambda number, stage, seen, by, use, cpus: attempt(
            number,
            state=("pending", "running", "completed")[stage],
            started_at=at(1) if stage else None,
            ended_at=at(4) if stage == 2 else None,
            reported_by=None if stage == 2 else f"file:{by}",
            observed_at=at(4) if stage == 2 else at(1 + seen * stage),
            cpu_count=cpus,
            used_cpu_seconds=use,
            usage_observed_at=None if use is None else at(3 + seen),
        ),
        st.integers(1, 2), st.integers(0, 2), st.integers(0, 2), st.integers(0, 1),
        st.sampled_from([None, 5.0, 7.0]), st.sampled_from([None, 1.0, 2.0]),
    )  # fmt: skip


class Conformance:
    """The contract of `gpuledger.store.Store`, as examples."""

    @pytest.fixture
    def fresh(self) -> Any:
        """Makes empty stores, for tests that compare several."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, fresh: Any) -> Store:
        return fresh()

    def test_an_empty_store_answers_with_no_rows(self, store: Store) -> None:
        for table in TABLES:
            assert rows(store, table) == []
            assert store.version(table) == -1

    def test_what_was_written_is_read(self, store: Store) -> None:
        told = attempt(
            1, host_names=["c1", "c2"], is_start_known=True, exit_code=-1, job_name='it\'s "odd" ü\n', tags=[]
        )
        assert store.upsert(attempts(told), "i1") == Written(1, 0, 0, 1, 0, 1)
        (row,) = rows(store)
        naive = {k: v.replace(tzinfo=None) if isinstance(v, datetime) else v for k, v in told.items()}
        assert {k: row[k] for k in told} == naive
        assert row["partition_month"] == "2026-05"
        assert row["used_cpu_seconds"] is None

    def test_the_same_rows_again_change_nothing(self, store: Store) -> None:
        batch = attempts(attempt(1), attempt(2, **MEASURED), running(3), attempt(4, submitted_at=None))
        store.upsert(batch, "i1")
        version, before = store.version(JOB_ATTEMPTS), rows(store)
        assert store.upsert(batch, "i2") == Written(unchanged=4, input_unchanged=4)
        assert (store.version(JOB_ATTEMPTS), rows(store)) == (version, before)

    def test_a_grown_file_adds_only_what_is_new(self, store: Store) -> None:
        store.upsert(attempts(attempt(1), attempt(2)), "i1")
        assert store.upsert(attempts(attempt(1), attempt(2), attempt(3)), "i2") == Written(1, 0, 2, 1, 2, 1)

    def test_a_row_twice_in_a_batch_is_one(self, store: Store) -> None:
        assert store.upsert(attempts(attempt(1), attempt(1), input_rows=[3, 2]), "i1").input_changed in (2, 3)
        assert len(rows(store)) == 1

    def test_input_rows_are_counted_once_each(self, store: Store) -> None:
        store.upsert(attempts(attempt(1), attempt(2), input_rows=[4, 1]), "i1")
        done = store.upsert(attempts(attempt(1), attempt(2, state="failed"), attempt(3), input_rows=[4, 2, 3]), "i2")
        assert (done.input_changed, done.input_unchanged) in ((5, 4), (3, 6))

    def test_a_finished_reading_beats_a_running_one_in_any_order(self, fresh: Any) -> None:
        readings = [running(1), running(1, seen_after=3, state="suspended"), attempt(1)]
        results = []
        for order in permutations(readings):
            store = fresh()
            for n, reading in enumerate(order):
                store.upsert(attempts(reading), f"i{n}")
            results.append(rows(store))
        assert all(result == results[0] for result in results)
        assert results[0][0]["state"] == "completed"
        assert results[0][0]["reported_by"] is None

    def test_a_reading_without_measured_use_never_erases_it(self, fresh: Any) -> None:
        with_use, without = attempt(1, **MEASURED, state="failed"), attempt(1)
        for order in permutations([with_use, without]):
            store = fresh()
            for reading in order:
                store.upsert(attempts(reading), "i")
            assert rows(store)[0]["used_cpu_seconds"] == 1800.0

    def test_a_poll_of_one_source_does_not_rewrite_a_running_attempt(self, store: Store) -> None:
        store.upsert(attempts(running(1, seen_after=1)), "i1")
        assert store.upsert(attempts(running(1, seen_after=2)), "i2").commits == 0

    def test_a_later_file_refreshes_a_running_attempt(self, store: Store) -> None:
        store.upsert(attempts(running(1, "file:a", seen_after=1)), "i1")
        assert store.upsert(attempts(running(1, "file:b", seen_after=2)), "i2").updated == 1
        assert store.upsert(attempts(running(1, "file:a", seen_after=1)), "i3").commits == 0
        assert rows(store)[0]["reported_by"] == "file:b"

    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
    )
    @given(told=st.lists(readings(), min_size=1, max_size=6), data=st.data())
    def test_any_order_and_repetition_of_readings_gives_the_same_ledger(
        self, fresh: Any, told: list[Any], data: Any
    ) -> None:
        one, other = fresh(), fresh()
        one.upsert(attempts(*told), "i")
        for n, reading in enumerate(data.draw(st.permutations(told + told[:2]))):
            other.upsert(attempts(reading), f"i{n}")
        assert rows(one) == rows(other)

    def test_any_order_of_readings_of_a_held_gpu_gives_the_same_ledger(self, fresh: Any) -> None:
        """Two readings of one moment that differ, and an earlier and a later one that say the same as one of them."""
        seen = {"cluster": "hpg", "attempt_id": "1@1", "host": "", "gpu": "slot:a100:0", "started_at": at(1)}
        told = [
            {**seen, "observed_at": at(hours), "share_ratio": share}
            for hours, share in ((2, 1.0), (2, 0.5), (1, 1.0), (3, 0.5), (3, 1.0))
        ]
        results = []
        for order in list(permutations(told))[::17]:
            store = fresh()
            for cut in (order[:1], order[1:3], order[3:]):
                store.upsert(batch_of(ATTEMPT_GPUS, list(cut)), "i")
            results.append(rows(store, ATTEMPT_GPUS))
            assert store.upsert(batch_of(ATTEMPT_GPUS, told), "again").commits == 0
        assert all(result == results[0] for result in results)
        assert results[0][0]["observed_at"] == at(3).replace(tzinfo=None)

    def test_rows_are_found_by_the_values_of_their_columns(self, store: Store) -> None:
        assert len(store.matching(JOB_ATTEMPTS, user_name="o'brien")) == 0
        store.upsert(attempts(attempt(1, user_name="o'brien"), attempt(2, user_name="o'brien", state="failed")), "i")
        (row,) = store.matching(JOB_ATTEMPTS, user_name="o'brien", state="failed").to_pylist()
        assert (row["job_id"], row["submitted_at"]) == ("2", at(2).replace(tzinfo=None))

    def test_columns_of_every_row_are_read_by_name(self, store: Store) -> None:
        assert store.columns(JOB_ATTEMPTS, ["job_id"]).to_pylist() == []
        store.upsert(attempts(attempt(1), attempt(2)), "i")
        told = store.columns(JOB_ATTEMPTS, ["submitted_at", "job_id"])
        assert told.column_names == ["submitted_at", "job_id"]
        assert {row["job_id"]: row["submitted_at"] for row in told.to_pylist()} == {
            "1": at(1).replace(tzinfo=None),
            "2": at(2).replace(tzinfo=None),
        }

    def test_the_month_of_an_attempt_never_changes(self, store: Store) -> None:
        early = attempt(1, submitted_at=None, eligible_at=None, started_at=None, ended_at=None, state="held")
        store.upsert(attempts(early), "i1")
        store.upsert(attempts(attempt(1)), "i2")
        store.upsert(attempts(attempt(1, state="failed", observed_at=at(99))), "i3")
        (row,) = rows(store)
        assert (row["state"], row["partition_month"]) == ("failed", "unknown")

    def test_attempts_of_two_clusters_and_many_months_stay_apart(self, store: Store) -> None:
        told = [attempt(n, cluster=c, submitted_at=at(700 * n)) for n in range(6) for c in ("hpg", "a b/c=d%20 ü")]
        store.upsert(attempts(*told), "i1")
        done = store.upsert(attempts(*[{**row, "state": "failed"} for row in told]), "i2")
        assert done.inserted == 0
        assert len(rows(store)) == 12
        assert {row["cluster"] for row in rows(store)} == {"hpg", "a b/c=d%20 ü"}

    def test_long_ids_are_found_again(self, store: Store) -> None:
        told = [attempt(n, attempt_id="x" * 300 + str(n)) for n in range(5)]
        store.upsert(attempts(*told), "i1")
        assert store.upsert(attempts(*told[::-1]), "i2").commits == 0

    def test_a_null_in_the_key_is_refused(self, store: Store) -> None:
        with pytest.raises(StoreError, match="has no attempt_id"):
            store.upsert(attempts(attempt(1, attempt_id=None)), "i1")
        assert rows(store) == []

    def test_another_table_keeps_the_later_write(self, store: Store) -> None:
        device = {"cluster": "hpg", "host": "c1", "gpu": "GPU-1", "valid_from": at(0), "gpu_model": "A100"}
        store.upsert(batch_of(DEVICES, [device]), "i1")
        assert store.upsert(batch_of(DEVICES, [device]), "i2").commits == 0
        assert store.upsert(batch_of(DEVICES, [{**device, "gpu_model": "H100"}]), "i3").updated == 1
        assert [row["gpu_model"] for row in rows(store, DEVICES)] == ["H100"]

    def test_a_problem_is_kept_once(self, store: Store) -> None:
        problem = {"input_sha256": "ab", "input_line": 7, "problem_reason": "no end", "problem_row": "x", "time": at(0)}
        store.upsert(batch_of(PROBLEMS, [problem, problem]), "i1")
        assert store.upsert(batch_of(PROBLEMS, [{**problem, "time": at(5)}]), "i2").commits == 0
        assert len(rows(store, PROBLEMS)) == 1

    def test_retract_deletes_only_what_it_names(self, store: Store) -> None:
        problems = [
            {"input_sha256": sha, "input_line": 1, "problem_reason": "r'", "time": at(0)} for sha in ("a'b", "c")
        ]
        store.upsert(batch_of(PROBLEMS, problems), "i1")
        assert store.retract(PROBLEMS, input_sha256="a'b") == 1
        assert [row["input_sha256"] for row in rows(store, PROBLEMS)] == ["c"]
        assert store.retract(DEVICES, cluster="x") == 0

    def test_retract_takes_one_of_several_values(self, store: Store) -> None:
        problems = [{"input_sha256": sha, "input_line": 1, "problem_reason": "r", "time": at(0)} for sha in "abc"]
        store.upsert(batch_of(PROBLEMS, problems), "i1")
        assert store.retract(PROBLEMS, input_sha256=["a", "c'", "c"]) == 2
        assert [row["input_sha256"] for row in rows(store, PROBLEMS)] == ["b"]

    def test_replace_puts_rows_in_the_place_of_others_and_keeps_whose_they_are(self, store: Store) -> None:
        told = [
            {"cluster": cluster, "source": source, "time": at(1), "until": at(1), "status": "complete"}
            for cluster, source in (("a", "file:1"), ("a", "it's"), ("b", "file:1"))
        ]
        store.append(batch_of(SNAPSHOTS, told), "i1")
        moved = [{**row, "time": at(2), "until": at(2), "ingest_id": "i1"} for row in told[:2]]
        store.replace(batch_of(SNAPSHOTS, moved), cluster="a", source=["file:1", "it's"])
        stored = store.columns(SNAPSHOTS, ["cluster", "source", "time", "ingest_id"]).to_pylist()
        found = sorted(tuple(row.values()) for row in stored)
        later, then = at(2).replace(tzinfo=None), at(1).replace(tzinfo=None)
        assert found == [("a", "file:1", later, "i1"), ("a", "it's", later, "i1"), ("b", "file:1", then, "i1")]

    def test_a_poll_is_appended_once(self, store: Store) -> None:
        assert store.append(gpu_states(1), "i1") == Written(3, 0, 0, 3, 0, 1)
        assert store.append(gpu_states(1), "i2") == Written(unchanged=3, input_unchanged=3)
        assert store.append(gpu_states(1, gpus=5), "i3").inserted == 2
        assert len(rows(store, GPU_STATES)) == 5

    def test_older_polls_can_be_appended_after_newer_ones(self, store: Store) -> None:
        for hours in (50, 1, 25, 1):
            store.append(gpu_states(hours), "i")
        assert sorted({row["partition_day"] for row in rows(store, GPU_STATES)}) == [
            "2026-05-01",
            "2026-05-02",
            "2026-05-03",
        ]
        assert len(rows(store, GPU_STATES)) == 9

    def test_snapshots_and_runs_are_appended_by_key(self, store: Store) -> None:
        snapshot = {"cluster": "hpg", "source": "s", "time": at(1), "until": at(1), "status": "complete"}
        run = {
            "ingest_id": "i1",
            "run_kind": "ingest",
            "run_started_at": at(1),
            "result": "done",
            "remarks": ["a", "b"],
        }
        for table, row in ((SNAPSHOTS, snapshot), (RUNS, run)):
            assert store.append(batch_of(table, [row]), "i1").inserted == 1
            assert store.append(batch_of(table, [row]), "i1").commits == 0

    @pytest.mark.parametrize("period", ["2026-05", "2026-04", "2026-06", "2026-05-03", "2026-W19"])
    def test_a_period_leaves_out_files_and_no_row_that_touches_it(self, store: Store, period: str) -> None:
        told = [
            attempt(n, submitted_at=at(n * 120 - 300), started_at=at(n * 120 - 200), ended_at=at(n * 120 - 100))
            for n in range(10)
        ]
        told += [
            running(40, started_at=at(-900), submitted_at=at(-901)),
            attempt(41, started_at=None, submitted_at=at(1300), ended_at=None),
        ]
        for row in told:
            store.upsert(attempts(row), "i")
        start, end = named(period).naive

        def touches(row: dict[str, Any]) -> bool:
            known = [row[name] for name in ("submitted_at", "eligible_at", "started_at") if row[name]]
            return min(known) < end and (row["ended_at"] is None or row["ended_at"] > start)

        everything, pruned = rows(store), rows(store, period=named(period))
        assert [row for row in pruned if touches(row)] == [row for row in everything if touches(row)]

    def test_threads_share_a_store(self, store: Store) -> None:
        def work(n: int) -> int:
            store.upsert(attempts(attempt(n)), f"i{n}")
            return len(rows(store))

        with ThreadPoolExecutor(8) as pool:
            seen = list(pool.map(work, range(16)))
        assert max(seen) == len(rows(store)) == 16

    def test_info_tells_the_size(self, store: Store) -> None:
        assert store.info() == ()
        store.upsert(attempts(attempt(1), attempt(5)), "i1")
        (info,) = store.info()
        assert (info.name, info.rows, info.first.replace(tzinfo=None)) == (
            "job_attempts",
            2,
            at(1).replace(tzinfo=None),
        )
