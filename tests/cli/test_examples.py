"""Every example in the help is typed as it stands, in the order of the first screen, by somebody who has the files."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gpuledger.cli.app import EPILOG
from tests.cli.accounting import ANN, BOB, HEADER, accounting
from tests.cli.conftest import Ran, Run
from tests.cli.test_help import ALL

HELP = [EPILOG, *(command.help for command in ALL.values())]
LINES = (line.strip() for text in HELP for line in text.split("Examples:")[1].splitlines())
STAYS = {"serve", "--serve", "watch"}
ENDS = {"--once"}
"""Words of an example that runs until it is stopped (other tests start and stop them), and what makes one end."""
TYPED = {"gpuledger demo"}
"""Examples that tests/docs/test_pages.py types before every page: a demo of a month takes long."""
EXAMPLES = [
    line
    for line in dict.fromkeys(LINES)
    if "gpuledger " in line and line not in TYPED and (not STAYS & set(line.split()) or ENDS & set(line.split()))
]
PAGES = (
    '[publish.pages]\ntype = "folder"\nfolder = "www"\nnames = "pseudonym"\nreports = ["usage"]\nwindows = ["all"]\n'
)
POST = (
    '[channels.box]\ntype = "command"\nargv = ["true"]\nsender = "gpuledger@example.edu"\n'
    '[deliveries.nightly]\nreport = "usage"\nlast = "all"\nchannel = "box"\nrecipients = ["ops@example.edu"]\n'
    'operator = "admin@example.edu"\n'
)
SHELL = set("|<>;&$*`")
ACCEPTED = {0, 3}
"""3: an example about the last 30 days, typed on data of May 2026."""
FINDS = {"doctor": {1, 2, 4}}
"""What a look at a site that runs nothing yet ends with."""


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DAG with its log, and tables of its attempts."""
    folder = tmp_path_factory.mktemp("experiment") / "files"
    command = [sys.executable, "-m", "gpuledger", "experiment"]
    subprocess.run([*command, "demo", "--out", folder], check=True, capture_output=True)
    subprocess.run([*command, "csv", "--zone", "America/Chicago"], cwd=folder, check=True, capture_output=True)
    for name in ("spring", "autumn"):
        shutil.copy(folder / "job_summary.csv", folder / f"{name}.csv")
    return folder


@pytest.fixture
def site(work: Path, experiment: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files the examples name, a configured cluster, and commands called gpuledger and sacct."""
    accounting(work / "sacct.txt", BOB, ANN)
    (work / "accounting").mkdir()
    accounting(work / "accounting" / "may.txt", ANN, BOB)
    (work / "jobs.csv").write_text("job,user,start,end,gpus\n1,ann,2026-05-01T00:00:00Z,2026-05-01T01:00:00Z,2\n")
    (work / "gpuledger.toml").write_text(
        'ledger = "led"\n[sources.hpg]\ntype = "slurm"\nhistory_days = 1\n' + PAGES + POST
    )
    shutil.copytree(experiment, work, dirs_exist_ok=True)
    (work / "bin").mkdir()
    (work / "printed").write_text("\n".join([HEADER, ANN, BOB]) + "\n")
    for name, script in {
        "gpuledger": f'exec {sys.executable} -m gpuledger "$@"',
        "sacct": f'[ "$1" = -e ] && echo {HEADER.replace("|", " ")} || cat {work}/printed',
        "squeue": "exit 0",
    }.items():
        (work / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (work / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{work}/bin:{os.environ['PATH']}")
    return work


def typed(example: str, cli: Run) -> Ran:
    """In this process what is one command; by a shell what needs one."""
    if not set(example) & SHELL:
        return cli(*shlex.split(example)[1:])
    done = subprocess.run(["bash", "-c", example], capture_output=True, text=True, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_help_does_what_it_says(example: str, site: Path, two_jobs: Path, cli: Run) -> None:
    if "init" in shlex.split(example):
        (site / "gpuledger.toml").unlink()
    elif "demo" not in shlex.split(example):
        shutil.copytree(two_jobs, site / "led")
    done = typed(example, cli)
    assert done.code in ACCEPTED | set().union(*(FINDS.get(word, ()) for word in example.split())), done.err
    assert "Traceback" not in done.err
