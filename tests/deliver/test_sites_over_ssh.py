"""scp and rsync to another machine: a real sshd of our own on this one, with keys that exist for the test alone."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpuledger.deliver.sites import Place, SiteError
from gpuledger.deliver.sites.rsync import Rsync
from gpuledger.deliver.sites.scp import Scp
from tests.deliver.sites_seen import files, seen, site

SSHD = Path("/usr/sbin/sshd")
CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/mine.pub
PidFile {folder}/pid
StrictModes no
UsePAM no
PermitRootLogin yes
Subsystem sftp internal-sftp
"""


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What ssh must be told to reach the server."""
    if not SSHD.exists() or os.geteuid() != 0:
        pytest.skip("needs root and sshd (apt install openssh-server)")
    folder = tmp_path_factory.mktemp("ssh")
    for name in ("host", "mine"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "config").write_text(CONFIG.format(port=port, folder=folder))
    Path("/run/sshd").mkdir(exist_ok=True)
    server = subprocess.Popen([str(SSHD), "-D", "-f", str(folder / "config")], stderr=subprocess.DEVNULL)
    known = [
        "-oStrictHostKeyChecking=no",
        f"-oUserKnownHostsFile={folder}/known",
        "-oLogLevel=ERROR",
        "-oBatchMode=yes",
    ]
    told = [f"-oPort={port}", f"-oIdentityFile={folder}/mine", *known]
    try:
        _until_open(port)
        yield told
    finally:
        server.terminate()
        server.wait()


def _until_open(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("sshd did not open its port")


@pytest.fixture(params=["scp", "rsync"])
def place(request: pytest.FixtureRequest, options: list[str], tmp_path: Path) -> Place:
    to = f"root@127.0.0.1:{tmp_path}/www"
    if request.param == "scp":
        return Scp(to, tuple(options))
    if not shutil.which("rsync"):
        pytest.skip("rsync is not installed")
    return Rsync(to, ("rsync", "-e", " ".join(["ssh", *options])))


def test_a_site_comes_to_another_machine_and_is_replaced(place: Place, tmp_path: Path) -> None:
    known = {}  # type: ignore[var-annotated]
    for word, before in (("one", None), ("two", "one"), ("three", "two")):
        known = dict(place.put(made := site(tmp_path, word, before), known, ""))
        assert seen(tmp_path / "www") == word
        assert files(tmp_path / "www") == files(made)


def test_a_machine_that_lets_nobody_in_is_one_sentence(options: list[str], tmp_path: Path) -> None:
    strange = [option for option in options if "IdentityFile" not in option] + [
        "-oIdentitiesOnly=yes",
        "-oIdentityFile=/none",
    ]
    with pytest.raises(SiteError, match=r"ssh failed \(exit code 255\): .*Permission denied"):
        Scp(f"root@127.0.0.1:{tmp_path}/www", tuple(strange)).put(site(tmp_path, "one"), {}, "")
