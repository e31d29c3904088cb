"""The service as a person starts it, in a process of its own, and those who look at it."""

import http.client
import signal
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.typed import GPULEDGER, environment


@dataclass(frozen=True)
class Service:
    """A running service."""

    port: int
    process: "subprocess.Popen[str]"

    def seconds(self, paths: Sequence[str]) -> list[float]:
        """How long each answer took, asked one after the other over one connection. A refusal fails the benchmark."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        taken = []
        for path in paths:
            start = time.perf_counter()
            connection.request("GET", path, headers={"Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            content = answer.read()
            taken.append(time.perf_counter() - start)
            if answer.status != 200:
                raise SystemExit(f"{path}: {answer.status} {content[:300]!r}")
        connection.close()
        return taken

    @property
    def peak_bytes(self) -> int:
        """The most memory it ever had."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


@contextmanager
def served(config: Path) -> Iterator[Service]:
    """The service of a configuration, ready: what it loads ahead is loaded."""
    command = [GPULEDGER, "--config", str(config), "serve", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment())
    try:
        assert process.stderr
        said = process.stderr.readline()
        service = Service(int(said.split("http://127.0.0.1:")[1].split("/")[0]), process)
        service.seconds(["/api/v1/reports", "/api/v1/metrics"])
        time.sleep(2)  # it loads ahead in a thread of its own; nobody opens a page in the second it starts
        yield service
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def p95(taken: Sequence[float]) -> float:
    """Nineteen of twenty took no longer."""
    return statistics.quantiles(taken, n=20)[-1]
