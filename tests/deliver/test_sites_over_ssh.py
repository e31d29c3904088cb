"""scp and rsync to another machine: a real sshd of our own on this one, with keys that exist for the test alone."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gpuledger.deliver.sites import Place, SiteError
from gpuledger.deliver.sites.rsync import Rsync
from gpuledger.deliver.sites.scp import Scp
from tests.debian.packages import libraries, unpacked
from tests.deliver.sites_seen import files, seen, site

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
USER = pwd.getpwuid(os.geteuid()).pw_name


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What ssh must be told to reach the server."""
    folder = tmp_path_factory.mktemp("ssh")
    for name in ("host", "mine"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True, timeout=60
        )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "config").write_text(CONFIG.format(port=port, folder=folder))
    known = [
        "-oStrictHostKeyChecking=no",
        f"-oUserKnownHostsFile={folder}/known",
        "-oLogLevel=ERROR",
        "-oBatchMode=yes",
    ]
    with _server(folder):
        _until_open(port)
        yield [f"-oPort={port}", f"-oIdentityFile={folder}/mine", *known]


@contextmanager
def _server(folder: Path) -> Iterator[None]:
    """sshd that knows two users: who runs the tests, and the one that sshd must have and only an installation makes."""
    debs = unpacked("openssh-server", "libnss-wrapper")
    home = f"{os.geteuid()}:{os.getegid()}::{folder}:/bin/sh"
    (folder / "passwd").write_text(f"{USER}:x:{home}\nsshd:x:65534:65534::/run/sshd:/usr/sbin/nologin\n")
    (folder / "group").write_text(f"{USER}:x:{os.getegid()}:\n")
    names = {"NSS_WRAPPER_PASSWD": f"{folder}/passwd", "NSS_WRAPPER_GROUP": f"{folder}/group"}
    libs = {"LD_PRELOAD": f"{libraries(debs)}/libnss_wrapper.so", "LD_LIBRARY_PATH": str(libraries(debs))}
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with (folder / "log").open("wb") as log:
        command = [str(debs / "usr/sbin/sshd"), "-D", "-e", "-f", str(folder / "config")]
        server = subprocess.Popen(command, stderr=log, env={**os.environ, **names, **libs})
    try:
        yield
    finally:
        server.terminate()
        server.wait(60)


def _until_open(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("sshd did not open its port")


@pytest.fixture(params=["scp", "rsync"])
def place(request: pytest.FixtureRequest, options: list[str], tmp_path: Path) -> Place:
    to = f"{USER}@127.0.0.1:{tmp_path}/www"
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
        Scp(f"{USER}@127.0.0.1:{tmp_path}/www", tuple(strange)).put(site(tmp_path, "one"), {}, "")
