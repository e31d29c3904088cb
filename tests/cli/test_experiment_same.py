"""Our table, read back, gives the very Document that the logs give: on made and on real experiments."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run


def told(folder: Path) -> list[Any]:
    """A report without what tells of its own reading."""
    document = json.loads((folder / "experiment.json").read_text())
    parts = [part for part in document["sections"] if part["id"] != "quality"]
    return [document[name] for name in ("title", "finding", "period", "ranks", "coverage")] + parts


def assert_same(cli: Run, work: Path, zone: str, code: int = 0) -> None:
    """From the files of the folder to a table to a report, and from the files to a report. `code` is that of the files, and of the table made of them."""
    logs = sorted(path.name for path in work.glob("metl*.log"))
    files = ["--dag-files", *sorted(path.name for path in work.glob("*.dag")), "--metl-logs", *logs, "--zone", zone]
    assert cli("experiment", "csv", *files).code == code
    assert cli("experiment", "report", *files, "-o", "logs", "--format", "json").code == code
    assert cli("experiment", "report", "--zone", zone, "-o", "table", "--format", "json").code == code
    assert told(work / "logs") == told(work / "table")


@pytest.mark.parametrize(
    "options", [("--seed", "11"), ("--seed", "12", "--utc"), ("--seed", "13", "--structured-notes")]
)
def test_a_made_experiment(shared_data: Path, work: Path, cli: Run, options: tuple[str, ...]) -> None:
    tool = shared_data.parent / "tools" / "make_dag_logs.py"
    command = [sys.executable, str(tool), "--out", str(work), "--jobs", "120", "--days", "150", *options]
    subprocess.run(command, check=True, capture_output=True)
    assert_same(cli, work, "America/Chicago")


def test_the_real_experiment(shared_data: Path, work: Path, cli: Run) -> None:
    """Names that several DAGs declare, rescue files, nodes without an attempt, logs without a DAG."""
    for path in (shared_data / "dagman_experiment").glob("*__*"):
        shutil.copy(path, work / path.name.partition("__")[2])
    assert_same(cli, work, "America/Chicago", code=3)  # an event of its nodes.log is torn
