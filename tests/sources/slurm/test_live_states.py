"""What holds now: every version of Slurm's commands and of slurmrestd gives the same rows; each part may fail alone."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from gpuledger.actions.collect import collect
from gpuledger.config import Settings, open_ledger
from gpuledger.model.batch import Batch
from gpuledger.model.errors import SourceError
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.schema import conform
from gpuledger.model.tables import GPU_STATES, PENDING, SNAPSHOTS
from gpuledger.sources import Context
from gpuledger.sources.slurm import Slurm
from gpuledger.sources.slurm.now.ask import ask
from gpuledger.sources.slurm.now.commands import beside
from gpuledger.sources.slurm.now.gres import Gpus, gpus
from gpuledger.sources.slurm.now.limits import counts
from gpuledger.sources.slurm.now.nodes import node
from gpuledger.sources.slurm.now.states import gpu_rows

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NODES = (
    "NodeName=g1 CPUAlloc=6 CPUTot=32 Gres=gpu:a100:4 GresUsed=gpu:a100:2(IDX:0,2) RealMemory=1024 AllocMem=512 State=MIXED"
    " Partitions=gpu OS=Linux 6.1 #1 SMP CfgTRES=cpu=32 AllocTRES=cpu=6,gres/gpu=2\n"
    "NodeName=g2 CPUAlloc=0 CPUTot=32 Gres=gpu:a100:1,gpu:h200:2(S:0) GresUsed=gpu:a100:0(IDX:N/A) RealMemory=1024 AllocMem=0"
    " State=IDLE+DRAIN CfgTRES=cpu=32 AllocTRES= Reason=State=MIXED fan [root@1795146141]\n"
    "NodeName=c1 CPUAlloc=1 CPUTot=8 Gres=(null) GresUsed=gpu:0 RealMemory=64 AllocMem=1 State=DOWN* AllocTRES=cpu=1\n"
)
JOBS: list[dict[str, Any]] = [
    {
        "job_id": 7, "job_state": ["RUNNING"], "user_name": "ann", "account": "physics", "qos": "physics", "partition": "gpu",
        "cluster": "lab", "submit_time": 1795140000, "start_time": 1795140060, "nodes": "g1", "gres_detail": ["gpu:a100:2(IDX:0,2)"],
        "tres_alloc_str": "cpu=6,mem=1G,node=1,gres/gpu=2,gres/gpu:a100=2", "name": "x", "environment": "SECRET=1",
    },
    {
        "job_id": 8, "job_state": "PENDING", "user_name": "<b>bob", "account": "bio", "qos": "bio", "partition": "gpu",
        "cluster": "lab", "submit_time": 1795140001, "start_time": 1795150000, "state_reason": "Priority", "cpus": 4,
        "tres_req_str": "cpu=4,mem=2G,node=1,gres/gpu=1", "array_job_id": 8, "array_task_string": "1-5%2", "name": "y",
    },
    {"job_id": 9, "job_state": ["COMPLETED", "COMPLETING"], "cluster": "lab", "submit_time": 1795140002},
]  # fmt: skip
QOS = "physics|cpu=64,gres/gpu=8,mem=400G|\nnormal||12\n"
ASSOC = "root||||lab|lab\nbio|gres/gpu=4||||lab\nbio|gres/gpu=1||cho||lab\nbio|cpu=9||||other\n"


class Commands:
    """Programs that stand where Slurm's would, saying what files hold; one whose file is gone fails."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.say("squeue", json.dumps({"jobs": JOBS}))
        self.say("nodes", NODES)
        self.say("qos", QOS)
        self.say(
            "assoc",
            "".join("|".join([a, b, c, d, "", e]) + "\n" for a, b, c, d, *_, e in map(_split, ASSOC.splitlines())),
        )
        self._program("sacct", '[ "$1" = -e ] && echo JobIDRaw State')
        self._program("squeue", f"cat {folder}/squeue.said")
        self._program(
            "scontrol", f'case "$*" in *config*) echo "ClusterName = lab";; *) cat {folder}/nodes.said;; esac'
        )
        self._program("sacctmgr", f"cat {folder}/$4.said")

    def say(self, name: str, text: str) -> None:
        (self.folder / f"{name}.said").write_text(text)

    def silence(self, name: str) -> None:
        (self.folder / f"{name}.said").unlink()

    def _program(self, name: str, script: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    @property
    def source(self) -> Slurm:
        return Slurm(command=str(self.folder / "sacct"), period_seconds=300)


def _split(line: str) -> list[str]:
    return line.split("|")


@pytest.fixture
def commands(tmp_path: Path) -> Commands:
    return Commands(tmp_path)


class Told:
    """One poll read: rows by table, remarks, problems; and the document, for the next poll."""

    def __init__(self, source: Slurm, now: datetime = NOW, last: "Told | None" = None) -> None:
        self.fetched = next(iter(source.fetch_after(last.again if last else None, now, now)))
        assert self.fetched.name.startswith(source.carrying)
        self.content = self.fetched.content.read()
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.remarks: list[str] = []
        self.problems: list[Problem] = []
        for item in source.parse(self.again, Context("live")):
            self._take(item)

    def _take(self, item: Any) -> None:
        match item:
            case Batch():
                self.rows.setdefault(item.table.name, []).extend(conform(item.rows, item.table).to_pylist())
            case Remark():
                self.remarks.append(item.sentence)
            case Problem():
                self.problems.append(item)

    @property
    def again(self) -> Any:
        return BytesIO(self.content)

    @property
    def snapshot(self) -> dict[str, Any]:
        [row] = self.rows["snapshots"]
        return row


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


def test_limits_are_of_qos_and_of_the_clusters_own_accounts(commands: Commands) -> None:
    rows = Told(commands.source).rows["limits"]
    found = {(row["scope"], row["name"], row["resource"]): (row["limit_count"], row["unit"]) for row in rows}
    assert found["qos", "physics", "memory"] == (400 * 2**30, "byte")
    assert found["qos", "physics", "node"] == (None, "")
    assert found["qos", "normal", "job"] == (12, "")
    assert found["account", "bio", "gpu"] == (4, "")
    assert found["account", "bio", "cpu"] == (None, "")


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
    since = {(row["name"], row["resource"]): (row["valid_from"], row["limit_count"]) for row in second.rows["limits"]}
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


def test_a_limit_of_zero_is_not_unlimited() -> None:
    assert counts("q|gres/gpu=0,cpu=4|0") == {"cpu": 4, "gpu": 0, "memory": None, "node": None, "job": 0}


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


class Slurmrestd:
    """slurmrestd's answers from files, for who shows the token."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers, self.asked = answers, []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler) -> None:  # noqa: N805 - `self` is the server's
                self.asked.append(handler.path)
                name = handler.path.rpartition("/")[2]
                is_known = handler.headers.get("X-SLURM-USER-TOKEN") == "abc" and name in self.answers
                body = json.dumps(self.answers.get(name)).encode() if is_known else b"{}"
                handler.send_response(200 if is_known else 401)
                handler.send_header("Content-Length", str(len(body)))
                handler.end_headers()
                handler.wfile.write(body)

            def log_message(handler, *_: Any) -> None:  # noqa: N805
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.asked: list[str]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def place(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


LIMITS_JSON = {
    "qos": {"qos": [{"name": "physics", "limits": {"max": {
        "tres": {"total": [{"type": "cpu", "name": "", "count": 64}, {"type": "gres", "name": "gpu", "count": 8}, {"type": "mem", "name": "", "count": 409600}]},
        "active_jobs": {"count": {"set": False, "infinite": True, "number": 0}}}}}]},
    "associations": {"associations": [
        {"account": "bio", "user": "", "cluster": "hpc", "partition": None, "max": {"tres": {"total": [{"type": "gres", "name": "gpu", "count": 4}]}}},
        {"account": "bio", "user": "cho", "cluster": "hpc", "max": {}},
    ]},
}  # fmt: skip


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
    limits = {(row["name"], row["resource"]): row["limit_count"] for row in poll.rows["limits"]}
    assert (limits["physics", "memory"], limits["physics", "gpu"]) == (400 * 2**30, 8)
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
