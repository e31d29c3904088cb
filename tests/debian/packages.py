"""Debian packages for tests that need a server nobody should install: unpacked into a folder, once for a machine."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("unpack.sh")
LONGEST_SECONDS = 300


def unpacked(*packages: str) -> Path:
    """The folder with what the packages hold and need. Skips, saying why, where they cannot be had."""
    folder = Path(tempfile.gettempdir()) / f"gpuledger-test-{'-'.join(packages)}-{os.geteuid()}"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".ready").exists() and (reason := _missing(folder, packages)):
            pytest.skip(reason)
    return folder


def _missing(folder: Path, packages: tuple[str, ...]) -> str | None:
    if not all(map(shutil.which, ("apt-get", "dpkg-deb"))):
        return f"needs apt-get and dpkg-deb to unpack Debian's {' '.join(packages)}"
    command = [str(SCRIPT), str(folder), *packages]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS)
    said = done.stderr.strip()[-300:]
    return f"needs Debian's archive for {' '.join(packages)}: {said}" if done.returncode else None


def libraries(folder: Path) -> Path:
    """Where the libraries of unpacked packages are."""
    return next((folder / "usr" / "lib").glob("*-linux-gnu"))
