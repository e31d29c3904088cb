"""`gpuledger demo --serve` ends with a page that has something to show."""

import re
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.serve.serving import LOOK_SECONDS, environment, stop


def test_the_demo_is_served(tmp_path: Path) -> None:
    said = tmp_path / "said"
    command = [sys.executable, "-m", "gpuledger", "demo", "--out", "demo", "--days", "2", "--serve"]
    with said.open("w") as out:
        process = subprocess.Popen(
            command, stderr=out, stdout=subprocess.DEVNULL, cwd=tmp_path, env=environment(tmp_path)
        )
    try:
        until = time.monotonic() + 180
        while not (found := re.search(r" at (http://\S+)/ ", said.read_text())) and process.poll() is None:
            assert time.monotonic() < until, said.read_text()
            time.sleep(LOOK_SECONDS)
        assert found, said.read_text()
        with httpx.Client(base_url=found[1], timeout=60, trust_env=False) as client:
            reports = client.get("/api/v1/reports").json()["reports"]
            assert reports[0]["tabs"], "a rolling page with a tab per queue comes first"
            for name, last in (("usage", "2d"), ("pool", "24h")):
                assert client.get(f"/api/v1/reports/{name}", params={"last": last}).status_code == 200
            tab = reports[0]["tabs"][0]["parameters"]
            assert client.get("/api/v1/reports/rolling", params={"last": "2d", **tab}).status_code == 200
            assert "gpuledger_gpus{" in client.get("/metrics").text
    finally:
        stop(process)
    assert process.returncode == 0
