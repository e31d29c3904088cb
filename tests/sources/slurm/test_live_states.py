"""What holds now: every version of Slurm's commands and of slurmrestd gives the same rows; each part may fail alone."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gpuledger.actions.collect import collect
from gpuledger.config import Settings, open_ledger
from gpuledger.model.errors import SourceError
from gpuledger.model.tables import GPU_STATES, PENDING, SNAPSHOTS
from gpuledger.sources import Context
from gpuledger.sources.slurm import Slurm
from gpuledger.sources.slurm.now.ask import ask
from gpuledger.sources.slurm.now.commands import beside
from gpuledger.sources.slurm.now.gres import Gpus, gpus
from gpuledger.sources.slurm.now.nodes import node
from gpuledger.sources.slurm.now.states import gpu_rows
from tests.sources.slurm.asking import JOBS, LIMITS_JSON, MINUTE, NODES, NOW, QOS, Commands, Slurmrestd, Told, limits


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path)


def test_a_poll_tells_attempts_waits_machines_gpus_and_limits(commands: Commands) -> None:
    told = Told(commands.source)
    assert not told.problems
    assert [row["attempt_id"] for row in told.rows["job_attempts"]] == ["7@1795140000"]
    assert [(row["host"], row["gpu"], row["gpu_model"]) for row in told.rows["attempt_gpus"]] == [
        ("g1", "index:0", "NVIDIA A100"), ("g1", "index:2", "NVIDIA A100"),
    ]  # fmt: skip
    [waiting] = told.rows["pending"]
    assert (waiting["user_name"], waiting["task_count"], waiting["wait_reason"]) == ("<b>bob", 5, "Priority")
    assert (waiting["requested_gpu_count"], waiting["first_seen_at"], waiting["last_seen_at"]) == (1, NOW, NOW)
    assert [row["host_state"] for row in told.rows["host_states"]] == ["MIXED", "IDLE+DRAIN", "DOWN*"]
    assert told.snapshot["status"] == "complete"
    assert told.snapshot["told_tables"] == ["pending", "gpu_states", "host_states", "limits"]
    assert {row["time"] for name in ("gpu_states", "host_states") for row in told.rows[name]} == {NOW}


def test_each_gpu_says_who_holds_it_and_what_stands_over_it(commands: Commands) -> None:
    found = {(row["host"], row["gpu"]): row for row in Told(commands.source).rows["gpu_states"]}
    assert len(found) == 7
    assert [found["g1", f"index:{n}"]["primary_user"] for n in range(4)] == ["ann", None, "ann", None]
    assert [found["g1", f"index:{n}"]["occupancy"] for n in range(4)] == ["claimed", "unclaimed"] * 2
    drained = [found["g2", f"index:{n}"] for n in range(3)]
    assert [row["gpu_model"] for row in drained] == ["NVIDIA A100", "NVIDIA H200", "NVIDIA H200"]
    assert {(row["admin_state"], row["prevented_reason"]) for row in drained} == {("drained", "State=MIXED fan")}


def test_what_nobody_needs_never_reaches_the_ledger(commands: Commands) -> None:
    assert b"SECRET" not in Told(commands.source).content


@pytest.mark.parametrize(
    ("silent", "part", "missing"),
    [
        ("squeue", "queue", {"pending"}),
        ("nodes", "nodes", {"gpu_states", "host_states"}),
        ("qos", "limits", {"limits"}),
    ],
)
def test_a_part_that_fails_is_named_and_the_rest_is_kept(
    commands: Commands, silent: str, part: str, missing: set[str]
) -> None:
    commands.silence(silent)
    told = Told(commands.source)
    assert told.snapshot["status"] == "partial"
    assert part in told.snapshot["error"]
    assert [remark.startswith(f"Not told by {part}:") for remark in told.remarks] == [True]
    assert {"pending", "gpu_states", "host_states", "limits"} - set(told.snapshot["told_tables"]) == missing
    assert not missing & told.rows.keys()


def test_a_poll_that_nobody_answers_has_failed(commands: Commands) -> None:
    for name in ("squeue", "nodes", "qos"):
        commands.silence(name)
    told = Told(commands.source)
    assert told.snapshot["status"] == "failed"
    assert told.snapshot["told_tables"] == ["pending", "gpu_states", "host_states", "limits"]


def test_waits_and_limits_are_carried_from_poll_to_poll(commands: Commands) -> None:
    first = Told(commands.source)
    commands.say("qos", QOS.replace("gres/gpu=8", "gres/gpu=16"))
    second = Told(commands.source, NOW + 5 * MINUTE, first)
    [waited] = second.rows["pending"]
    assert (waited["first_seen_at"], waited["last_seen_at"]) == (NOW, NOW + 5 * MINUTE)
    assert waited["pending_id"] == first.rows["pending"][0]["pending_id"]
    whole = [row for row in second.rows["limits"] if row["scope"] == "qos"]
    since = {(row["name"], row["resource"]): (row["valid_from"], row["limit_count"]) for row in whole}
    assert since["physics", "cpu"] == (NOW, 64)
    assert since["physics", "gpu"] == (NOW + 5 * MINUTE, 16)
    commands.say("qos", "normal||12\n")
    third = Told(commands.source, NOW + 10 * MINUTE, second)
    gone = {row["resource"]: row["limit_count"] for row in third.rows["limits"] if row["name"] == "physics"}
    assert set(gone.values()) == {None}


def test_a_job_missed_for_long_waits_anew(commands: Commands) -> None:
    first = Told(commands.source)
    later = Told(commands.source, NOW + timedelta(hours=2), first)
    assert later.rows["pending"][0]["first_seen_at"] == NOW + timedelta(hours=2)


def test_a_damaged_last_answer_only_loses_what_it_carried(commands: Commands) -> None:
    first = Told(commands.source)
    first.content = first.content[: len(first.content) // 2]
    assert Told(commands.source, NOW + MINUTE, first).rows["pending"][0]["first_seen_at"] == NOW + MINUTE
    with pytest.raises(SourceError, match="no whole answer"):
        list(commands.source.parse(first.again, Context("live")))


def test_records_of_another_shape_are_problems(commands: Commands) -> None:
    commands.say(
        "squeue",
        json.dumps({"jobs": [*JOBS, {"job_id": 10, "job_state": "RUNNING", "gres_detail": [5], "submit_time": "x"}]}),
    )
    commands.say("nodes", NODES + "NodeName= State=IDLE\n")
    commands.say("qos", "odd|cpu=many|\n")
    told = Told(commands.source)
    assert len(told.problems) >= 2
    assert {row["user_name"] for row in told.rows["job_attempts"]} >= {"ann"}


def test_commands_that_do_not_stand_beside_sacct_are_not_asked(tmp_path: Path) -> None:
    (tmp_path / "sacct").write_text("#!/bin/sh\n")
    (tmp_path / "sacct").chmod(0o755)
    assert not list(ask(Slurm(command=str(tmp_path / "sacct")), None, NOW))
    assert not list(ask(Slurm(command="my-wrapper"), None, NOW))


def test_commands_over_ssh_stand_where_sacct_does() -> None:
    assert beside("ssh login /opt/slurm/bin/sacct", "squeue") == "ssh login /opt/slurm/bin/squeue"
    assert beside("ssh login sacct", "scontrol") == "ssh login scontrol"


@pytest.mark.parametrize(
    ("state", "admin"),
    [
        ("IDLE", "none"), ("MIXED+PLANNED", "none"), ("ALLOCATED+COMPLETING", "none"), ("MIXED+DRAIN", "drained"), ("DOWN*+DRAIN", "drained"),
        ("DOWN", "down"), ("IDLE*", "down"), ("IDLE+MAINTENANCE", "maintenance"), ("IDLE+MAINTENANCE+RESERVED", "maintenance"),
        ("IDLE+RESERVED", "reserved"), ("IDLE+CLOUD+POWERED_DOWN", "other"), ("IDLE~", "other"), ("UNKNOWN", "other"), ("", "none"),
    ],
)  # fmt: skip
def test_what_stands_over_a_machine(state: str, admin: str) -> None:
    assert node(f"NodeName=n State={state} CPUTot=1").admin == admin


def test_a_claimed_gpu_of_a_drained_machine_is_draining() -> None:
    held = node("NodeName=n State=MIXED+DRAIN Gres=gpu:2 GresUsed=gpu:1(IDX:1) Reason=old")
    assert [(row["occupancy"], row["admin_state"]) for row in gpu_rows(held, {})] == [
        ("unclaimed", "drained"), ("claimed", "draining"),
    ]  # fmt: skip


def test_gpus_without_index_count_as_many_as_are_held() -> None:
    held = node("NodeName=n State=MIXED Gres=gpu:4 GresUsed=gpu:3")
    assert [row["occupancy"] for row in gpu_rows(held, {})] == ["claimed"] * 3 + ["unclaimed"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("gpu:a100:2(IDX:0-1),gpu:h200:1(IDX:4)", (Gpus("a100", 2, (0, 1)), Gpus("h200", 1, (4,)))),
        ("gpu:4(S:0-1),craynetwork:4", (Gpus("", 4),)),
        ("gpu:a100:0(IDX:N/A)", ()),
        ("gpu:a100_1g.10gb:7", (Gpus("a100_1g.10gb", 7),)),
        ("gpu:1(IDX:0-99999999)", (Gpus("", 1, tuple(range(1025))),)),
        ("(null)", ()),
    ],
)
def test_generic_resources_in_every_spelling(text: str, found: tuple[Gpus, ...]) -> None:
    assert gpus(text) == found


MIDRUN = [("slurm_22.05/squeue_22.05_midrun.json", "slurm_22.05/scontrol_show_node_midrun.txt"),
          ("slurm_24.11/squeue_24.11_midrun.json", "slurm_24.11/scontrol_show_node_24.11.txt")]  # fmt: skip


@pytest.mark.parametrize(("queue", "nodes"), MIDRUN)
def test_real_answers_of_each_version_are_read(shared_data: Path, commands: Commands, queue: str, nodes: str) -> None:
    commands.say("squeue", (shared_data / queue).read_text())
    lines = (shared_data / nodes).read_text().split("\n\n")
    commands.say("nodes", "".join(" ".join(block.split()) + "\n" for block in lines if block.strip()))
    told = Told(commands.source)
    assert not told.problems
    assert {row["cluster"] for row in told.rows["gpu_states"]} == {"lab"}
    assert len(told.rows["gpu_states"]) == 16
    running = [row for row in told.rows["job_attempts"] if row["gpu_count"]]
    assert sum(row["gpu_count"] for row in running) == len(told.rows["attempt_gpus"])
    assert all(row["wait_reason"] for row in told.rows["pending"])


@pytest.fixture
def slurmrestd(shared_data: Path) -> Iterator[Slurmrestd]:
    folder = shared_data / "slurm_rest_json"
    files = {"jobs": "slurmweb_24.05_0.0.41_slurm-jobs.json", "nodes": "slurmweb_24.05_0.0.41_slurm-nodes.json"}
    said = {name: json.loads((folder / file).read_text()) for name, file in files.items()}
    there = Slurmrestd({**said, **LIMITS_JSON})
    yield there
    there.server.shutdown()
    there.server.server_close()


def test_slurmrestd_tells_the_same(slurmrestd: Slurmrestd, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("SLURM_JWT=abc\n")
    source = Slurm(command="nobody", rest=slurmrestd.place, token=tmp_path / "token", rest_version="v0.0.41")
    poll = Told(source)
    assert poll.snapshot["status"] == "complete", poll.remarks
    assert not poll.problems
    nodes = slurmrestd.answers["nodes"]["nodes"]
    assert len(poll.rows["host_states"]) == len(nodes)
    assert sum(row["total_gpu_count"] for row in poll.rows["host_states"]) == len(poll.rows.get("gpu_states", []))
    running = [job for job in slurmrestd.answers["jobs"]["jobs"] if job["job_state"] == ["RUNNING"]]
    assert len(poll.rows.get("job_attempts", [])) == len(running)
    assert limits(poll)["qos", "physics", "memory"] == 400 * 2**30
    assert slurmrestd.asked[0] == "/slurm/v0.0.41/jobs"


def test_a_wrong_token_is_said_in_words_and_never_shown(slurmrestd: Slurmrestd, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("wrong-secret")
    poll = Told(Slurm(rest=slurmrestd.place, token=tmp_path / "token"))
    assert poll.snapshot["status"] == "failed"
    assert "the token is wrong or has expired" in poll.snapshot["error"]
    assert b"wrong-secret" not in poll.content


def test_a_token_never_crosses_a_network_in_the_open(tmp_path: Path) -> None:
    poll = Told(Slurm(rest="http://slurm.example.edu:6820"))
    assert "use https" in poll.snapshot["error"]


def test_a_socket_that_nobody_listens_on_is_told(tmp_path: Path) -> None:
    poll = Told(Slurm(rest=f"unix:{tmp_path}/no.sock"))
    assert "There is no socket" in poll.snapshot["error"]


def test_sacct_that_fails_leaves_a_gap_in_accounting_and_what_holds_now_is_kept(
    commands: Commands, tmp_path: Path
) -> None:
    (commands.folder / "sacct").write_text("#!/bin/sh\necho slurmdbd is down >&2; exit 1\n")
    source = {"type": "slurm", "command": str(commands.folder / "sacct"), "period_seconds": 300}
    settings = {"ledger": str(tmp_path / "led"), "sources": {"hpc": source}}
    with open_ledger(Settings.model_validate(settings)) as ledger:
        poll = collect(ledger, "hpc", NOW)
        assert "slurmdbd is down" in str(poll.error)
        assert len(ledger.store.matching(GPU_STATES, cluster="lab")) == 7
        told = ledger.store.matching(SNAPSHOTS, cluster="lab").to_pylist()
        assert {(row["source"], row["status"]) for row in told} == {("hpc now", "complete"), ("hpc", "failed")}
        again = collect(ledger, "hpc", NOW + 5 * MINUTE)
        assert again.error
        [waited] = ledger.store.matching(PENDING, cluster="lab").to_pylist()
        assert (waited["first_seen_at"], waited["last_seen_at"]) == (
            NOW.replace(tzinfo=None), (NOW + 5 * MINUTE).replace(tzinfo=None),
        )  # fmt: skip
