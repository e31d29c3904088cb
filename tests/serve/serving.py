"""A real service in a process of its own, on a free port, stopped with the test."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx

import gpuledger

T = TypeVar("T")
HEADER = "JobIDRaw|JobID|Cluster|User|Account|Partition|QOS|State|Submit|Start|End|ElapsedRaw|AllocTRES|ExitCode|NCPUS|JobName|NodeList"
HOSTILE = "<script>alert(1)</script>"
PATIENCE_SECONDS = 150.0
"""A busy machine takes its time to start and to stop a service."""
LOOK_SECONDS = 0.05
MAY = {"month": "2026-05"}


def row(number: int, user: str, account: str, day: int = 10, hours: int = 2, queue: str = "a100") -> str:
    """One finished job of May 2026 that held two GPUs."""
    start, end = f"2026-05-{day:02d}T00:00:00", f"2026-05-{day:02d}T{hours:02d}:00:00"
    return (
        f"{number}|{number}|hpg|{user}|{account}|{queue}|normal|COMPLETED|{start}|{start}|{end}|{hours * 3600}"
        f"|cpu=8,gres/gpu=2|0:0|8|train-{user}|gx01"
    )


ROWS = (
    row(1, "ann", "physics"), row(2, "bob", "biology", 11), row(3, "ann", "physics", 12, 5), row(4, "cyd", "biology", 13, 1, "dev"),
    row(5, HOSTILE, HOSTILE, 14, 1, HOSTILE), row(6, "=cmd()", "physics", 15, 1),
)  # fmt: skip


def sacct(*rows: str) -> bytes:
    return ("\n".join([HEADER, *rows]) + "\n").encode()


def ledger_of(folder: Path, *rows: str) -> Path:
    """A ledger in `folder` that has read these rows."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sacct.txt").write_bytes(sacct(*(rows or ROWS)))
    with gpuledger.open(folder / "led") as ledger:
        ledger.ingest(folder / "sacct.txt", zone="UTC")
    return folder / "led"


@dataclass(frozen=True)
class Server:
    """A running service."""

    url: str
    process: "subprocess.Popen[str]"
    log: Path
    socket: Path | None = None

    def client(self, **headers: str) -> httpx.Client:
        transport = httpx.HTTPTransport(verify=False, uds=str(self.socket) if self.socket else None)
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, trust_env=False, transport=transport)

    def get(self, path: str, **params: str) -> httpx.Response:
        with self.client() as client:
            return client.get(path, params=params or None)

    def logged(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GPULEDGER_", "XDG_"))}
    return kept | {"HOME": str(home), "NO_PROXY": "*"}


@contextmanager
def serving(ledger: Path, home: Path, config: str = "", *args: str) -> Iterator[Server]:
    """Serves `ledger` with this [serve] table; ready when /healthz answers."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / "gpuledger.toml"
    file.write_text(f'ledger = "{ledger}"\n{config}\n')
    log = home / "log.jsonl"
    command = [
        sys.executable,
        "-m",
        "gpuledger",
        "--config",
        str(file),
        "--log-file",
        str(log),
        "serve",
        "--port",
        "0",
        *args,
    ]
    with (home / "said").open("w") as said:
        process = subprocess.Popen(command, stderr=said, cwd=home, env=environment(home), text=True)
    try:
        path = Path(args[args.index("--socket") + 1]) if "--socket" in args else None
        yield Server(_ready(process, home / "said", path), process, log, path)
    finally:
        stop(process)


def stop(process: "subprocess.Popen[str]") -> None:
    """Tells it to stop; kills what does not."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(PATIENCE_SECONDS)
    finally:
        process.kill()


def of_one_hour(ask: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """What `ask` is answered within one hour of the clock: a Document of a past month is made again in the next."""
    while True:
        hour, told = datetime.now(UTC).hour, ask(*args, **kwargs)
        if datetime.now(UTC).hour == hour:
            return told


def until(is_so: Callable[[], bool]) -> None:
    """Waits until it is so."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end, "it never was so"
        time.sleep(LOOK_SECONDS)


def _ready(process: "subprocess.Popen[str]", said: Path, path: Path | None) -> str:
    """The address, once it answers."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise AssertionError(f"it ended with {process.returncode}: {said.read_text()}")
        found = re.search(r" at (http://\S+)/ ", said.read_text())
        url = "http://localhost" if path else found[1] if found else None
        if url and _answers(url, path):
            return url
        time.sleep(LOOK_SECONDS)
    raise AssertionError(f"it was not ready in time: {said.read_text()}")


def _answers(url: str, path: Path | None) -> bool:
    if path and not _is_listened_on(path):
        return False
    transport = httpx.HTTPTransport(verify=False, uds=str(path) if path else None)
    try:
        with httpx.Client(trust_env=False, transport=transport) as client:
            return client.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def _is_listened_on(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def token(ledger: Path, name: str, *args: str) -> str:
    """A new token of this ledger, as the command makes it."""
    command = [sys.executable, "-m", "gpuledger", "--ledger", str(ledger), "token", "create", name, *args]
    home = ledger.parent
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=home, env=environment(home))
    return done.stdout.strip()


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}
