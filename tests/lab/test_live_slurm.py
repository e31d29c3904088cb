"""The exact oracle: allocated seconds from sacct equal Slurm's own rolled-up usage, to the second."""

import subprocess
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest

from gpuledger.model.batch import Batch
from gpuledger.model.problems import Problem
from gpuledger.model.tables import JOB_ATTEMPTS
from gpuledger.sources import Context
from gpuledger.sources.slurm import Slurm
from tests.lab.cluster import CALL_SECONDS, accounted, lines, rolled_up_to, told, until

pytestmark = pytest.mark.lab
Usage = dict[tuple[str, str, str], int]


@pytest.fixture(scope="module")
def period(slurm_lab: dict[str, str]) -> tuple[datetime, datetime]:
    """Ten whole days up to last midnight."""
    midnight = rolled_up_to(slurm_lab)
    return midnight - timedelta(days=10), midnight


@pytest.fixture(scope="module", autouse=True)
def in_lab(slurm_lab: dict[str, str]) -> Iterator[None]:
    """The commands of this module speak to the lab, in UTC."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", slurm_lab["SLURM_CONF"])
        patch.setenv("TZ", "UTC")
        yield


@pytest.fixture(scope="module")
def told_live(in_lab: None) -> dict[str, dict[str, Any]]:
    """Attempts of the last 12 days, asked live."""
    return attempts(live(Slurm(history_days=12), datetime.now(UTC)))


def attempts(items: Iterator[Any]) -> dict[str, dict[str, Any]]:
    rows = {}
    for item in items:
        assert not isinstance(item, Problem), item
        if isinstance(item, Batch) and item.table is JOB_ATTEMPTS:
            rows |= {row["attempt_id"]: row for row in item.rows.to_pylist()}
    return rows


def live(source: Slurm, now: datetime) -> Iterator[Any]:
    for fetched in source.fetch(None, now):
        with fetched.content:
            yield from source.parse(fetched.content, Context("lab", input_name=fetched.name))


def allocated(rows: dict[str, dict[str, Any]], period: tuple[datetime, datetime]) -> Usage:
    """Seconds inside the period of each (account, user, resource)."""
    used: Usage = defaultdict(int)
    for row in rows.values():
        if row["started_at"] and row["ended_at"]:
            overlap = (min(row["ended_at"], period[1]) - max(row["started_at"], period[0])).total_seconds()
            for resource, count in (("cpu", row["cpu_count"]), ("gres/gpu", row["gpu_count"])):
                used[row["account"], row["user_name"], resource] += int(max(overlap, 0) * count)
    return {key: seconds for key, seconds in used.items() if seconds}


def sreport(period: tuple[datetime, datetime]) -> Usage:
    start, end = (f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in period)
    command = ["sreport", "-n", "-P", "-t", "seconds", "-T", "cpu,gres/gpu", "cluster", "AccountUtilizationByUser"]
    rows = [line.split("|") for line in lines(*command, f"start={start}", f"end={end}")]
    return {(row[1], row[2], row[4]): int(row[5]) for row in rows if row[2] and int(row[5])}


def test_live_sacct_equals_sreport_to_the_second(told_live: dict[str, Any], period: tuple[datetime, datetime]) -> None:
    used = allocated(told_live, period)
    assert len(used) >= 10
    assert used == sreport(period)


def test_a_saved_file_equals_sreport_and_the_live_call(
    told_live: dict[str, Any], period: tuple[datetime, datetime]
) -> None:
    fields = "JobIDRaw,JobID,Cluster,User,Account,State,Submit,Eligible,Start,End,ElapsedRaw,NCPUS,AllocTRES,JobName"
    since = f"{datetime.now(UTC) - timedelta(days=32):%Y-%m-%d}"
    command = ["sacct", "-a", "-D", "-P", "--noconvert", "-S", since, "-o", fields]
    saved = subprocess.run(command, capture_output=True, check=True, timeout=CALL_SECONDS).stdout
    rows = attempts(Slurm().parse(BytesIO(saved), Context("file:x", zone="UTC")))
    month = (period[1] - timedelta(days=29), period[1])
    assert allocated(rows, month) == sreport(month)
    assert told_live.keys() <= rows.keys()


def test_asking_with_every_state_shows_jobs_cancelled_while_held() -> None:
    [held] = lines("sbatch", "--parsable", "--hold", "--chdir=/tmp", "-o", "/dev/null", "--wrap", "true")
    told("scancel", held)
    rows = _until_told(held)
    assert [row["state"] for row in rows] == ["cancelled"]
    assert rows[0]["started_at"] is None
    assert rows[0]["cpu_count"] is None


def _until_told(job: str) -> list[dict[str, Any]]:
    """The accounting follows the controller by a moment."""
    until(lambda: "CANCELLED" in accounted(job))
    found = attempts(live(Slurm(history_days=1), datetime.now(UTC) + timedelta(seconds=1)))
    return [row for row in found.values() if row["job_id"] == job]
