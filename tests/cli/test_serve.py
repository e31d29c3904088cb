"""serve: what it says before anybody looks."""

import socket
import subprocess
import sys

import pytest


@pytest.mark.usefixtures("work")
def test_a_ledger_that_is_not_there_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        serve = ["--ledger", "nowhere", "serve", "--port", str(taken.getsockname()[1])]
        told = subprocess.run(
            [sys.executable, "-m", "gpuledger", *serve], capture_output=True, text=True, check=False, timeout=60
        )
    assert told.returncode == 1
    assert "There is no ledger at nowhere yet" in told.stderr
