"""Where it listens: nobody else gets in unless they must say who they are."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.serve.serving import Server, environment, serving, token


def started(ledger: Path, home: Path, *args: str, config: str = "") -> "subprocess.CompletedProcess[str]":
    """A start that should be refused."""
    home.mkdir(exist_ok=True)
    (home / "gpuledger.toml").write_text(f'ledger = "{ledger}"\n{config}')
    command = [sys.executable, "-m", "gpuledger", "--config", str(home / "gpuledger.toml"), "serve", *args]
    return subprocess.run(command, capture_output=True, text=True, cwd=home, env=environment(home), timeout=60)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_nothing_listens_to_others_without_tokens(host: str, read_only_ledger: Path, tmp_path: Path) -> None:
    done = started(read_only_ledger, tmp_path, "--host", host, "--port", "0")
    assert done.returncode == 2
    assert f"Others can reach {host}" in done.stderr
    assert "gpuledger token create" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_with_a_token_others_may_ask_and_must_show_it(tmp_path: Path, read_only_ledger: Path) -> None:
    secret = token(tmp_path / "led", "t")
    config = f'[serve]\ntokens = "{tmp_path}/led/tokens.json"'
    with serving(read_only_ledger, tmp_path / "home", config, "--host", "0.0.0.0") as running:
        port = running.url.rsplit(":", 1)[1]
        with Server(f"http://127.0.0.1:{port}", running.process, running.log).client() as client:
            assert client.get("/api/v1/reports").status_code == 401
            assert client.get("/api/v1/reports", headers={"Authorization": f"Bearer {secret}"}).status_code == 200


def test_a_socket_can_be_opened_by_its_owner_only(tmp_path: Path, read_only_ledger: Path) -> None:
    path = tmp_path / "s"
    with serving(read_only_ledger, tmp_path / "home", "", "--socket", str(path)) as running:
        assert path.stat().st_mode & 0o777 == 0o600
        assert running.get("/api/v1/reports").status_code == 200
        again = started(read_only_ledger, tmp_path / "other", "--socket", str(path))
        assert "Another program listens" in again.stderr
    assert not path.exists()


def test_a_socket_that_a_dead_service_left_is_taken_over(tmp_path: Path, read_only_ledger: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with serving(read_only_ledger, tmp_path / "home", "", "--socket", str(path)) as running:
        assert running.get("/healthz").status_code == 200


def test_a_file_is_never_taken_for_a_socket(tmp_path: Path, read_only_ledger: Path) -> None:
    (tmp_path / "s").write_text("mine")
    done = started(read_only_ledger, tmp_path / "home", "--socket", str(tmp_path / "s"))
    assert (done.returncode, (tmp_path / "s").read_text()) == (2, "mine")


def test_a_port_that_is_taken_is_said(tmp_path: Path, server: Server) -> None:
    port = server.url.rsplit(":", 1)[1]
    done = started(tmp_path / "led", tmp_path / "home", "--port", port)
    assert done.returncode == 1
    assert f"Another program listens on 127.0.0.1, port {port}" in done.stderr


@pytest.mark.parametrize(
    "config", ['[serve]\nnames = "hidden"', "[serve]\nport = 1", '[serve.proxy]\nheader = "X"', "[serve]\nbuilds = 0"]
)
def test_a_setting_that_is_wrong_is_said_before_it_listens(config: str, tmp_path: Path) -> None:
    done = started(tmp_path / "led", tmp_path / "home", config=config)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
