"""A real pool is asked: collector, access point and a machine with 16 simulated GPUs of eight kinds, three of them MIG."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gpuledger.actions.collect import collect
from gpuledger.actions.ingest import ingest
from gpuledger.config import Ledger, Settings, open_ledger
from gpuledger.model.errors import SourceError
from gpuledger.model.tables import GPU_STATES, PENDING, SNAPSHOTS
from gpuledger.sources import Context
from gpuledger.sources.htcondor import HTCondor
from tests.sources.htcondor.pool import Pool
from tests.sources.htcondor.telling import Told, told

pytestmark = pytest.mark.xdist_group("condor")
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def busy(pool: Pool) -> Pool:
    """Two jobs run, a third on a backfill slot, three ask for more GPUs than there are."""
    pool.submit(2)
    pool.submit(1, is_backfill=True)
    pool.submit(3, gpus=50)
    pool.wait("three claims", lambda: sum(slot["State"] == "Claimed" for slot in pool.slots()) == 3)
    pool.wait(
        "each claim's job", lambda: all(slot.get("GlobalJobId") for slot in pool.slots() if slot["State"] == "Claimed")
    )
    pool.wait("what is left", lambda: {slot["GPUs"] for slot in pool.slots() if slot["State"] != "Claimed"} == {13, 14})
    return pool


@pytest.fixture
def configured(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTCondor's commands find the pool by its configuration; root may not run them against a pool of nobody."""
    monkeypatch.setenv("CONDOR_CONFIG", str(pool.home / "condor_config"))


def source(pool: Pool, way: str, **more: Any) -> HTCondor:
    commands = {"status_command": pool.command("condor_status"), "queue_command": pool.command("condor_q")}
    return HTCondor(collector=pool.collector, way=way, **commands, **more)  # type: ignore[arg-type]


def polled(source: HTCondor, now: datetime = NOW) -> Told:
    (fetched,) = source.fetch(None, now)
    return told(fetched.content.read())


@pytest.fixture(params=["bindings", "commands"])
def poll(request: pytest.FixtureRequest, busy: Pool, configured: None) -> Told:
    """One poll of the busy pool, either way."""
    return polled(source(busy, request.param))


def test_every_gpu_of_the_machine_is_one_row(poll: Told) -> None:
    names = [row["gpu"] for row in poll.gpu_states]
    assert len(names) == len(set(names)) == 16
    assert {"GPU-a0223334", "MIG-06223300-4445-5667-899a-abbccddeeff0"} <= set(names)
    assert "MIG-GPU-f5223334-4445-5667-899a-abbccddeeff0/0/0" in names
    assert poll.snapshot["row_count"] == 16
    assert (poll.snapshot["status"], poll.snapshot["told_tables"]) == ("complete", ["gpu_states", "pending"])


def test_what_jobs_hold_is_claimed_on_their_side(poll: Told) -> None:
    primary = [row for row in poll.gpu_states if row["occupancy"] == "claimed"]
    backfill = [row for row in poll.gpu_states if row["backfill_occupancy"] == "claimed"]
    assert [row["primary_user"] for row in primary] == ["nobody@lab"] * 2
    assert {row["primary_account"] for row in primary} == {"phys.projA"}
    assert all(row["primary_job_id"].startswith("ap1@") for row in primary)
    assert [(row["occupancy"], row["backfill_user"]) for row in backfill] == [("unclaimed", "nobody@lab")]
    assert not {row["gpu"] for row in primary} & {row["gpu"] for row in backfill}
    offered = [row for row in poll.gpu_states if row["backfill_occupancy"] == "unclaimed"]
    assert len(offered) == 16 - 3


def test_an_expression_is_evaluated(poll: Told) -> None:
    assert {row["owner_projects"] for row in poll.gpu_states} == {"ProjA, ProjB"}


def test_the_gpus_of_one_machine_keep_their_own_models(poll: Told) -> None:
    models = poll.by_gpu("gpu_model", "gpu_memory_bytes")
    assert models["GPU-c2223334"] == ("Tesla V100-PCIE-16GB", 24220 * 2**20)
    assert models["GPU-d3223334"] == ("NVIDIA TITAN RTX", 24220 * 2**20)
    assert models["MIG-06223300-4445-5667-899a-abbccddeeff0"][1] == 4861 * 2**20


def test_idle_jobs_wait(poll: Told) -> None:
    assert {row["requested_gpu_count"] for row in poll.pending} == {50.0}
    assert len(poll.pending) == 3
    first = poll.pending[0]
    assert (first["command"], first["user_name"], first["account"]) == ("/bin/sleep", "nobody@lab", "ProjA")
    assert first["requested_memory_bytes"] == 100 * 2**20
    assert first["first_seen_at"] == first["last_seen_at"] == NOW
    assert abs(first["submitted_at"] - datetime.now(UTC)) < timedelta(minutes=10)


def test_both_ways_say_the_same(busy: Pool, configured: None) -> None:
    bindings, commands = (polled(source(busy, way)) for way in ("bindings", "commands"))
    assert bindings.gpu_states == commands.gpu_states
    assert bindings.pending == commands.pending
    assert bindings.snapshots == commands.snapshots


@pytest.mark.parametrize("form", ["-long", "-json"])
def test_output_of_condor_status_says_the_same(busy: Pool, form: str) -> None:
    """But for the expression: only HTCondor evaluates one."""
    said = told(busy.run("condor_status", form), name="file:0123456789ab", cluster="chtc")
    live = polled(source(busy, "bindings"))
    unlike = {"source": None, "time": None, "owner_projects": None, "prevented_reason": None}
    assert [row | unlike for row in said.gpu_states] == [row | unlike for row in live.gpu_states]
    assert {row["owner_projects"] for row in said.gpu_states} == {None}
    assert {row["source"] for row in said.gpu_states} == {"htcondor"}
    assert any("PrioritizedProjects is an expression" in remark for remark in said.remarks)
    assert abs(said.snapshot["time"] - datetime.now(UTC)) < timedelta(minutes=10)
    assert HTCondor().claims(busy.run("condor_status", form).encode(), "status.txt") == f"condor_status {form}"


@pytest.mark.parametrize("form", ["-long", "-json"])
def test_output_of_condor_q_is_read_when_the_source_is_named(busy: Pool, form: str) -> None:
    said = told(busy.run("condor_q", "-allusers", form), name="file:0123456789ab", cluster="chtc")
    assert [row["requested_gpu_count"] for row in said.pending] == [50.0] * 3
    assert said.snapshot["told_tables"] == ["pending"]
    assert said.ads == 6


def test_a_drained_machine_with_jobs_is_drained_and_claimed(busy: Pool) -> None:
    machine = f"gpu0@{busy.slots()[0]['Machine']}"
    busy.run("condor_drain", "-graceful", machine)
    try:
        busy.wait("a drained slot", lambda: any(slot["State"] == "Drained" for slot in busy.slots()))
        states = polled(source(busy, "bindings")).gpu_states
    finally:
        busy.run("condor_drain", "-cancel", machine)
        busy.wait("no drained slot", lambda: all(slot["State"] != "Drained" for slot in busy.slots()))
    assert {row["admin_state"] for row in states} == {"drained"}
    assert sum(row["occupancy"] == "claimed" for row in states) == 2


def ledger_of(pool: Pool, tmp_path: Path, way: str, **more: Any) -> Ledger:
    fields = {
        "type": "htcondor", "collector": pool.collector, "way": way, "timeout_seconds": 5,
        "status_command": pool.command("condor_status"), "queue_command": pool.command("condor_q"), **more,
    }  # fmt: skip
    return open_ledger(Settings.model_validate({"ledger": str(tmp_path / "led"), "sources": {"chtc": fields}}))


@pytest.fixture(params=["bindings", "commands"])
def ledger(request: pytest.FixtureRequest, busy: Pool, configured: None, tmp_path: Path) -> Iterator[Ledger]:
    with ledger_of(busy, tmp_path, request.param) as ledger:
        yield ledger


def rows(ledger: Ledger, table: Any) -> list[dict[str, Any]]:
    return sorted(
        ledger.store.matching(table, cluster="chtc").to_pylist(), key=lambda row: [str(row[k]) for k in table.key]
    )


def test_polls_extend_the_intervals_of_waiting_jobs(ledger: Ledger) -> None:
    for minutes in (0, 5, 10):
        poll = collect(ledger, "chtc", NOW + timedelta(minutes=minutes))
        assert poll.error is None
    waiting = rows(ledger, PENDING)
    assert len(waiting) == 3
    assert {row["last_seen_at"] - row["first_seen_at"] for row in waiting} == {timedelta(minutes=10)}
    assert len(rows(ledger, SNAPSHOTS)) == 3
    assert len(rows(ledger, GPU_STATES)) == 3 * 16


def test_the_same_moment_again_adds_nothing(ledger: Ledger) -> None:
    collect(ledger, "chtc", NOW)
    before = [rows(ledger, table) for table in (GPU_STATES, PENDING, SNAPSHOTS)]
    poll = collect(ledger, "chtc", NOW)
    assert poll.answers[0].accepted == 0
    assert [rows(ledger, table) for table in (GPU_STATES, PENDING, SNAPSHOTS)] == before


def test_an_access_point_that_does_not_answer_leaves_the_rest(busy: Pool, configured: None, tmp_path: Path) -> None:
    names = [busy.run("condor_status", "-schedd", "-autoformat", "Name").strip(), "ap9.example.edu"]
    for way in ("bindings", "commands"):
        with ledger_of(busy, tmp_path / way, way, schedds=names) as ledger:
            assert collect(ledger, "chtc", NOW).error is None
            (snapshot,) = rows(ledger, SNAPSHOTS)
            assert (snapshot["status"], snapshot["row_count"]) == ("partial", 16)
            assert snapshot["error"].startswith("ap9.example.edu: ")
            assert snapshot["told_tables"] == ["gpu_states", "pending"]
            assert len(rows(ledger, PENDING)) == 3


def test_a_silent_collector_is_a_failed_poll_in_time(busy: Pool, configured: None, tmp_path: Path) -> None:
    """A port that accepts and never answers."""
    for way in ("bindings", "commands"):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            place = f"127.0.0.1:{silent.getsockname()[1]}"
            with ledger_of(busy, tmp_path / way, way, collector=place, timeout_seconds=1) as ledger:
                poll = collect(ledger, "chtc", NOW)
                (snapshot,) = rows(ledger, SNAPSHOTS)
        assert isinstance(poll.error, SourceError)
        assert (snapshot["status"], snapshot["told_tables"]) == ("failed", ["gpu_states", "pending"])
        assert snapshot["until"] is None


def test_a_machine_without_a_collector_is_a_failed_poll(busy: Pool, configured: None, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        for way in ("bindings", "commands"):
            with ledger_of(busy, tmp_path / way, way, collector=place) as ledger:
                poll = collect(ledger, "chtc", NOW)
                assert "did not answer" in str(poll.error) or "failed with exit code" in str(poll.error)


def test_a_poll_can_be_read_again_from_its_own_document(busy: Pool, ledger: Ledger, tmp_path: Path) -> None:
    (fetched,) = HTCondor(collector=busy.collector).fetch(None, NOW)
    (tmp_path / "poll.jsonl").write_bytes(fetched.content.read())
    done = ingest(ledger, HTCondor(), tmp_path / "poll.jsonl", context=Context("", cluster="copy"), now=NOW)
    assert done.problems == 0
    copies = ledger.store.matching(GPU_STATES, cluster="copy").to_pylist()
    assert {row["source"] for row in copies} == {"htcondor"}
    assert len(copies) == 16
