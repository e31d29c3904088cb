"""A ledger for one command goes away with it, and what a killed command left with the next."""

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gpuledger.actions.experiment.own import own_ledger
from gpuledger.config import Settings

HOLDER = """
import sys
from gpuledger.actions.experiment.own import own_ledger
from gpuledger.config import Settings

with own_ledger(Settings(ledger="unused")) as ledger:
    print(ledger.settings.ledger, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def begun() -> "tuple[subprocess.Popen[str], Path]":
    """A process that holds a ledger of its own, and its folder."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    return holder, Path(holder.stdout.readline().strip())


def test_what_a_killed_command_left_goes_away_and_what_a_running_one_holds_stays(temporary: Path) -> None:
    (killed, left), (running, held) = begun(), begun()
    with killed, running:
        killed.send_signal(signal.SIGKILL)
        killed.wait(60)
        assert left.is_dir()
        with own_ledger(Settings(ledger="unused")) as ledger:
            assert set(temporary.iterdir()) == {held, Path(ledger.settings.ledger)}
        assert running.stdin
        running.stdin.close()
        assert running.wait(60) == 0
    assert not any(temporary.iterdir())


def test_what_is_not_known_to_be_left_stays(temporary: Path) -> None:
    """A folder without a lock, a file, and a link to a folder elsewhere."""
    (temporary / "gpuledger-experiment-a").mkdir()
    (temporary / "gpuledger-experiment-b").write_text("mine")
    elsewhere = temporary / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".lock").touch()
    (elsewhere / "kept").touch()
    (temporary / "gpuledger-experiment-c").symlink_to(elsewhere)
    with own_ledger(Settings(ledger="unused")):
        assert {path.name for path in temporary.glob("gpuledger-experiment-?")} == {
            f"gpuledger-experiment-{name}" for name in "abc"
        }
        assert (elsewhere / "kept").exists()
