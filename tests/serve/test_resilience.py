"""Whatever becomes of the ledger, the service stays up and says so in words."""

import concurrent.futures
import fcntl
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpuledger.render.json import from_json
from tests.serve.serving import (
    MAY,
    PATIENCE_SECONDS,
    Server,
    bearer,
    ledger_of,
    of_one_hour,
    row,
    sacct,
    serving,
    token,
)

USAGE = "/api/v1/reports/usage"
READING = (
    USAGE,
    "/api/v1/query?metric=gpu_hours",
    "/api/v1/tables/job_attempts",
    "/api/v1/inventory",
    "/readyz",
    "/metrics",
)


@pytest.fixture
def own_ledger(tmp_path: Path) -> Path:
    return ledger_of(tmp_path)


@pytest.fixture
def running(own_ledger: Path, tmp_path: Path) -> Iterator[Server]:
    with serving(own_ledger, tmp_path / "home") as server:
        yield server


def assert_unavailable(server: Server, ledger: Path) -> None:
    for path in READING:
        told = server.get(path, **(MAY if path == USAGE else {}))
        assert told.status_code == 503, (path, told.text)
        assert int(told.headers["retry-after"]) > 0
        assert str(ledger) not in told.text
        assert not [sign for sign in ("Traceback", "SELECT", "parquet", "delta") if sign in told.text]
    assert server.get("/healthz").status_code == 200
    assert server.get("/").status_code == 200


def test_a_ledger_that_is_gone_and_comes_back(running: Server, own_ledger: Path) -> None:
    before = running.get(USAGE, **MAY)
    own_ledger.rename(own_ledger.with_name("away"))
    assert_unavailable(running, own_ledger)
    own_ledger.with_name("away").rename(own_ledger)
    assert from_json(running.get(USAGE, **MAY).content).tables == from_json(before.content).tables
    assert running.get("/readyz").json()["status"] == "ready"


def test_a_ledger_that_is_damaged(running: Server, own_ledger: Path) -> None:
    """Every file of data is cut short, and the newest commits are empty."""
    running.get(USAGE, **MAY)
    for file in own_ledger.rglob("*.parquet"):
        file.write_bytes(b"")
    for log in own_ledger.glob("*/_delta_log"):
        newest = max(log.glob("*.json"))
        (log / f"{int(newest.stem) + 1:020d}.json").write_bytes(b"")
    assert_unavailable(running, own_ledger)
    assert "Damaged" not in running.get(USAGE, **MAY).text
    assert any("torn" in str(line.get("error")) for line in running.logged()), "the operator's log says what and where"


def test_reading_goes_on_while_another_process_holds_the_lock(own_ledger: Path, tmp_path: Path) -> None:
    handles = [
        os.open(table / ".lock", os.O_RDWR | os.O_CREAT)
        for table in own_ledger.glob("*")
        if table.is_dir() and table.name != "raw"
    ]
    for handle in handles:
        fcntl.flock(handle, fcntl.LOCK_EX)
    secret = token(own_ledger, "up", "--scope", "upload")
    with serving(own_ledger, tmp_path / "home") as server, concurrent.futures.ThreadPoolExecutor() as threads:
        sent = threads.submit(_send, server, secret)
        assert server.get(USAGE, **MAY).status_code == 200
        assert not sent.done(), "it waits for the lock"
        for handle in handles:
            os.close(handle)
        assert sent.result(60) == 200


def _send(server: Server, secret: str) -> int:
    with server.client(**bearer(secret)) as client:
        return client.post("/api/v1/ingest/slurm", files={"file": ("x", sacct(row(50, "zoe", "physics")))}).status_code


def test_a_ledger_that_may_not_be_written_to_is_read_all_the_same(own_ledger: Path, tmp_path: Path) -> None:
    secret = token(own_ledger, "up", "--scope", "upload")
    if os.geteuid() == 0:
        pytest.skip("needs a user whom permissions bind")
    shutil.copytree(own_ledger, tmp_path / "copy")
    for folder, _, _ in os.walk(own_ledger):
        Path(folder).chmod(0o500)
    with serving(own_ledger, tmp_path / "home") as server:
        assert server.get(USAGE, **MAY).status_code == 200
        assert _send(server, secret) == 503
    for folder, _, _ in os.walk(own_ledger):
        Path(folder).chmod(0o700)


def test_many_viewers_at_once_get_one_and_the_same(running: Server) -> None:
    """Fifty ask for the same, and for what differs; nobody is turned away."""
    with concurrent.futures.ThreadPoolExecutor(50) as viewers:
        same = of_one_hour(lambda: list(viewers.map(lambda _: running.get(USAGE, **MAY), range(50))))
        different = list(viewers.map(lambda top: running.get(USAGE, top=str(top), **MAY), range(1, 13)))
    assert {each.status_code for each in (*same, *different)} == {200}
    assert len({each.content for each in same}) == 1
    made = {each.headers["etag"] for each in (*same, *different)}
    assert len(made) >= 12, "twelve is what top is by default"
    assert f"gpuledger_kept_documents {len(made)}.0" in running.get("/metrics").text


def test_more_than_can_be_made_is_turned_away_in_words(own_ledger: Path, tmp_path: Path) -> None:
    with serving(own_ledger, tmp_path / "home", "[serve]\nbuilds = 1") as server:
        with concurrent.futures.ThreadPoolExecutor(100) as viewers:
            days = [f"2026-{month:02d}-{day:02d}" for month in (4, 5, 6, 7) for day in range(1, 26)]
            told = list(
                viewers.map(lambda day: server.get("/api/v1/query", metric="gpu_hours", by="user", day=day), days)
            )
        assert {each.status_code for each in told} <= {200, 404, 503}
        assert all("retry-after" in each.headers for each in told if each.status_code == 503)
        assert server.get("/healthz").status_code == 200


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_told_to(sign: signal.Signals, own_ledger: Path, tmp_path: Path) -> None:
    with serving(own_ledger, tmp_path / "home") as server:
        server.process.send_signal(sign)
        server.process.wait(PATIENCE_SECONDS)
    assert server.process.returncode == 0
    assert "Traceback" not in (tmp_path / "home" / "said").read_text()


def test_what_is_kept_in_memory_is_bounded(own_ledger: Path, tmp_path: Path) -> None:
    with serving(own_ledger, tmp_path / "home", "[serve]\ncache_bytes = 1500000") as server:
        for top in range(1, 13):
            assert server.get(USAGE, top=str(top), **MAY).status_code == 200
        told = dict(
            line.split(" ") for line in server.get("/metrics").text.splitlines() if line.startswith("gpuledger_kept")
        )
    assert 0 < float(told["gpuledger_kept_bytes"]) <= 1_500_000
    assert 0 < float(told["gpuledger_kept_documents"]) < 12
