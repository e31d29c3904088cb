"""One poll of an HTCondor pool, from its answer to the ledger, against reading its JSON and syncing its bytes."""

import io
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.case import Action, Case, Goal, seconds
from gpuledger.actions.ingest import ingest
from gpuledger.config import Ledger, Settings, open_ledger
from gpuledger.plugins import load
from gpuledger.sources import Context, Fetched

SLOTS, JOBS, GPUS = 1600, 200, 8
NEWEST = datetime(2026, 5, 31, tzinfo=UTC)
STEP = timedelta(minutes=5)
POLLS_TODAY = 24


def answer(now: datetime) -> bytes:
    """What a poll keeps: machines of 8 GPUs whose slots are all told, 6 of the 8 held, and waiting jobs."""
    head = {"gpuledger": "htcondor poll", "time": now.isoformat(), "period_seconds": 300, "asked": "a benchmark"}
    slots = [{"slot": slot} for host in range(SLOTS // 8) for slot in _slots(f"gpu{host:04d}.example.edu", host)]
    jobs = [{"job": _job(number), "schedd": "ap1", "first_seen": NEWEST.isoformat()} for number in range(JOBS)]
    lines = [head, *slots, {"schedd": "ap1"}, *jobs, {"end": True}]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def _slots(host: str, number: int) -> Iterator[dict[str, object]]:
    gpus = [f"GPU-{number:04x}{each:04x}" for each in range(GPUS)]
    common = {
        "Machine": host,
        "GPUs_DeviceName": "NVIDIA H200",
        "GPUs_GlobalMemoryMb": 143771,
        "PrioritizedProjects": "A",
    }
    for name in ("slot1", "backfill2"):
        lists = {"AssignedGPUs": ",".join(gpus), "AvailableGPUs": gpus[6:]}
        yield {"Name": f"{name}@{host}", "State": "Unclaimed", "GPUs": 2, **lists, **common}
    for each in range(6):
        lists = {"AssignedGPUs": gpus[each], "AvailableGPUs": gpus[each : each + 1], "GPUs": 1}
        job = {"RemoteOwner": f"user{each}@example.edu", "GlobalJobId": f"ap1#{number}.{each}#1"}
        yield {"Name": f"slot1_{each}@{host}", "State": "Claimed", **lists, **common, **job}


def _job(number: int) -> dict[str, object]:
    return {"GlobalJobId": f"ap1#{number}.0#1", "User": "ann@example.edu", "RequestGPUs": 1, "Cmd": "train.sh"}


def _taken(ledger: Ledger, now: datetime, content: bytes) -> int:
    fetched = Fetched(io.BytesIO(content), "poll", None, now)
    return ingest(ledger, load("sources", "htcondor")(), fetched, context=Context("pool"), now=now).rows_read


def make(_: Path, __: bool) -> None:
    """The day so far is made by the side itself: a copy would not save time."""


def ours(_: Path, scratch: Path) -> Action:
    ledger = open_ledger(Settings.model_validate({"ledger": str(scratch / "ledger")}))
    for poll in range(POLLS_TODAY):
        _taken(ledger, NEWEST + poll * STEP, answer(NEWEST + poll * STEP))
    now = NEWEST + POLLS_TODAY * STEP
    content = answer(now)
    return lambda: _taken(ledger, now, content)


def limit(_: Path, scratch: Path) -> Action:
    content = answer(NEWEST)

    def write() -> int:
        rows = [json.loads(line) for line in content.splitlines()]
        with (scratch / "poll").open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        return len(rows)

    return write


CASE = Case(
    "collector_poll",
    "an answer of 1,600 HTCondor slots and 200 idle jobs into the ledger of a morning",
    "its JSON read and its bytes synced",
    make,
    ours,
    limit,
    (Goal("s", seconds, "<", 0.2),),
    rounds=3,
)
