"""The whole way on a real cluster: what the ledger says of account, user and resource equals sreport to the second."""

import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gpuledger.cli.edge import run
from gpuledger.ledger import open_
from tests.lab.cluster import CALL_SECONDS, rolled_up_to
from tests.lab.test_live_slurm import Usage, sreport

pytestmark = pytest.mark.lab
METRICS = {"cpu_hours": "cpu", "gpu_hours": "gres/gpu"}
FIELDS = (
    "JobIDRaw,JobID,Cluster,User,UID,Account,QOS,Partition,State,Submit,Eligible,Start,End,ElapsedRaw,TimelimitRaw,Suspended,"
    "ExitCode,NNodes,NCPUS,ReqMem,ReqTRES,AllocTRES,TotalCPU,MaxRSS,NTasks,TRESUsageInTot,NodeList,Reason,JobName"
)


@pytest.fixture(scope="module", autouse=True)
def in_lab(slurm_lab: dict[str, str]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLURM_CONF", slurm_lab["SLURM_CONF"])
        patch.setenv("TZ", "UTC")
        yield


@pytest.fixture(scope="module")
def month(slurm_lab: dict[str, str]) -> tuple[datetime, datetime]:
    """29 whole days up to last midnight: all that the lab's accounting holds."""
    return days(29, rolled_up_to(slurm_lab))


def days(count: int, midnight: datetime) -> tuple[datetime, datetime]:
    return midnight - timedelta(days=count), midnight


def gpuledger(*words: object) -> int:
    """The command's exit code."""
    return run([str(word) for word in words])


def told(ledger: Path, month: tuple[datetime, datetime]) -> Usage:
    """Seconds of each (account, user, resource), as `gpuledger query` computes hours."""
    span: dict[str, Any] = {"start": month[0].isoformat(), "end": month[1].isoformat()}
    with open_(ledger) as opened:
        rows = opened.ask(*METRICS, by=["account", "user"], **span).records()
    seconds = {
        (row["account"], row["user"], resource): round((row[metric] or 0) * 3600)
        for row in rows
        for metric, resource in METRICS.items()
    }
    return {key: amount for key, amount in seconds.items() if amount}


def test_a_saved_file_in_the_ledger_equals_sreport(tmp_path: Path, month: tuple[datetime, datetime]) -> None:
    saved, since = tmp_path / "sacct.txt", f"{month[0] - timedelta(days=3):%Y-%m-%d}"
    with saved.open("wb") as file:
        subprocess.run(
            ["sacct", "-a", "-D", "-P", "--noconvert", "-S", since, "-o", FIELDS],
            stdout=file,
            check=True,
            timeout=CALL_SECONDS,
        )
    assert gpuledger("--ledger", tmp_path / "ledger", "ingest", "slurm", saved, "--zone", "UTC") == 0
    used = told(tmp_path / "ledger", month)
    assert len(used) >= 10
    assert used == sreport(month)


def test_a_live_collect_in_the_ledger_equals_sreport(tmp_path: Path, slurm_lab: dict[str, str]) -> None:
    week, config = days(7, rolled_up_to(slurm_lab)), tmp_path / "gpuledger.toml"
    config.write_text(f'ledger = "{tmp_path}/ledger"\n[sources.lab]\ntype = "slurm"\nhistory_days = 10\n')
    for _ in range(2):
        assert gpuledger("--config", config, "collect", "lab") == 0
    assert told(tmp_path / "ledger", week) == sreport(week)
