"""A real slurmrestd: what it tells of the cluster is what the commands tell, by its socket and with a token from a file."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gpuledger.sources.slurm import Slurm
from tests.lab.cluster import lines, submit, told, tried, until
from tests.lab.conftest import lab
from tests.sources.slurm.asking import Told, limits

pytestmark = pytest.mark.lab
TABLES = ("job_attempts", "attempt_gpus", "pending", "host_states", "gpu_states", "limits")
OF_THE_POLL = {
    "time", "source", "reported_by", "observed_at", "first_seen_at", "last_seen_at", "valid_from", "pending_id", "row_hash", "ingest_id",
}  # fmt: skip
"""What differs between two polls of the same cluster."""
TRIES = 10
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def in_lab(slurm_lab: dict[str, str], rest_packages: Path) -> Iterator[dict[str, str]]:
    """The lab with jobs of every kind on it, limits of every scope, and slurmrestd."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", slurm_lab["SLURM_CONF"])
        patch.setenv("TZ", "UTC")
        lab(["rest"], slurm_lab)
        told(
            "sacctmgr",
            "-i",
            "modify",
            "user",
            "ann",
            "where",
            "account=physics",
            "set",
            "MaxJobs=7",
            "GrpTRES=gres/gpu=6",
        )
        told("sacctmgr", "-i", "modify", "account", "vision", "set", "MaxJobs=50", "GrpTRES=gres/gpu=12")
        told(
            "sacctmgr",
            "-i",
            "modify",
            "qos",
            "scavenge",
            "set",
            "MaxTRESPerAccount=cpu=40",
            "MaxJobsPerUser=9",
            "GrpJobs=99",
        )
        running = [
            submit("ann", "sleep 600", "-q", "physics", "-p", "gpu", "--gres=gpu:a100:2", "-c", "4", "-w", "a100n1"),
            submit("bob", "sleep 600", "-q", "physics", "-p", "gpu", "--gres=gpu:1", "-N2"),
            submit("eve", "sleep 600", "-q", "normal", "-p", "cpu", "--array=1-3%1", "-c", "2"),
        ]  # fmt: skip
        submit("ann", "sleep 600", "-q", "physics", "-p", "cpu", "--hold", "-J", "a | b")
        submit("cho", "sleep 600", "-q", "bio", "-p", "gpu", "--gres=gpu:5")
        until(lambda: len(lines("squeue", "-h", "-t", "R", "-o", "%i")) == len(running))
        until(
            lambda: "None" not in lines("squeue", "-h", "-t", "PD", "-o", "%r")
        )  # the scheduler has said why they wait
        yield slurm_lab
        for user in ("ann", "bob", "cho", "eve"):
            tried("scancel", "-u", user)


@pytest.fixture(scope="module")
def version() -> str:
    """Newer Slurms speak v0.0.40 until they speak none of it."""
    return "v0.0.38" if " 22.05" in told("sinfo", "--version") else "v0.0.40"


@pytest.fixture
def by_socket(in_lab: dict[str, str], version: str) -> dict[str, Any]:
    return {"rest": f"unix:{in_lab['SLURM_LAB_DIR']}/run/rest.sock", "rest_version": version}


@pytest.fixture
def by_token(in_lab: dict[str, str], version: str, tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "token").write_text(told("scontrol", "token", "username=ann", "lifespan=600"))
    place = f"http://127.0.0.1:{int(in_lab['SLURM_LAB_PORT']) + 19}"
    return {"rest": place, "rest_version": version, "rest_user": "ann", "token": tmp_path / "token"}


def polled(**said: Any) -> Told:
    """What the cluster tells of this moment."""
    return Told(Slurm(period_seconds=300, **said), datetime.now(UTC))


@pytest.fixture(scope="module")
def by_commands(in_lab: dict[str, str]) -> Told:
    return polled()


@pytest.mark.parametrize("way", ["by_socket", "by_token"])
def test_slurmrestd_tells_what_the_commands_tell(way: str, request: pytest.FixtureRequest) -> None:
    said = request.getfixturevalue(way)
    for _ in range(TRIES):
        before, found, after = polled(), polled(**said), polled()
        if all(plain(before, table) == plain(after, table) for table in TABLES):
            break  # nothing on the cluster changed while slurmrestd was asked
    assert (found.snapshot["status"], found.problems) == ("complete", [])
    assert found.rows.keys() == before.rows.keys() == {*TABLES, "snapshots"}
    for table in TABLES:
        assert differences(plain(before, table), plain(found, table)) == {}, table


def plain(told: Told, table: str) -> Rows:
    """What the cluster told, without what the poll did."""
    kept = [{name: value for name, value in row.items() if name not in OF_THE_POLL} for row in told.rows[table]]
    return sorted(kept, key=repr)


def differences(one: Rows, other: Rows) -> dict[str, Any]:
    """Columns in which they differ, with the first pair of values that do."""
    assert len(one) == len(other)
    pairs = [(name, row[name], twin[name]) for row, twin in zip(one, other, strict=True) for name in row]
    return {name: (a, b) for name, a, b in reversed(pairs) if a != b}


def test_limits_of_each_scope_are_told(by_commands: Told) -> None:
    found = limits(by_commands)
    assert found["qos_user", "high", "gpu"] == 8
    assert (found["qos_account", "scavenge", "cpu"], found["qos_user", "scavenge", "job"]) == (40, 9)
    assert (found["account", "vision", "gpu"], found["account_user", "vision", "job"]) == (12, 50)
    assert (found["user", "physics/ann", "gpu"], found["user", "physics/ann", "job"]) == (6, 7)
    assert not [name for scope, name, _ in found if scope == "user" and name != "physics/ann"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rest_version": "v0.0.1"}, "does it speak v0.0.1?"),
        ({"rest_user": None}, "or `rest_user` is not set"),
        ({"rest_user": "bob"}, "slurmrestd answered jobs with status "),
    ],
)
def test_what_slurmrestd_refuses_is_said_with_its_cure(
    change: dict[str, Any], sentence: str, by_token: dict[str, Any]
) -> None:
    poll = polled(**{**by_token, **change}).snapshot
    assert poll["status"] == "failed"
    assert sentence in poll["error"]
    assert by_token["token"].read_text().strip() not in poll["error"]
