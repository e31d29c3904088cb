"""Workers that ingest, compact and vacuum one ledger until they are killed, and what must be true afterwards.

`kill_loop` is used by the test and, with a larger count, by the benchmarks. Workers come from a fork server that has
imported but never used the libraries: a kill costs a tenth of a second instead of a second of imports.
"""

import multiprocessing
import os
import random
import sys
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from gpuledger.actions.ingest import Manner, ingest
from gpuledger.actions.store import check
from gpuledger.model.schema import unbound
from gpuledger.model.tables import JOB_ATTEMPTS
from gpuledger.raw import RawZone
from gpuledger.sources import Context
from gpuledger.store import _maintain
from gpuledger.store.lake import Lake
from tests.actions.tiny_source import Tiny, lines
from tests.store.rows import at

ROWS = 15
LONGEST_START_SECONDS = 60
LONGEST_SECONDS = 0.25
"""A worker is killed within this time of its first step: about two ingests."""
Worker = tuple[BaseProcess, Connection, float]
PRELOAD = [
    "duckdb",
    "deltalake",
    "pyarrow.parquet",
    "pyarrow.compute",
    "pyarrow.dataset",
    "pandas",
    "gpuledger.store.lake",
    "gpuledger.actions.ingest",
    "tests.kill.killing",
]


@dataclass
class Site:
    store: Lake
    raw: RawZone


def site_at(root: Path) -> Site:
    return Site(Lake(root / "my ledger"), RawZone(root / "my ledger" / "raw"))


def work(root: Path, number: int, ready: Connection) -> None:
    """Until killed: ingests (first running, then finished) and maintenance. Notes what was done.

    Who would kill it may be killed first: it goes on only as long as the server that it came from lives.
    """
    server = os.getppid()
    _maintain.RETENTION_HOURS = 0
    site, notes, draw = (
        site_at(root),
        os.open(root / "notes", os.O_WRONLY | os.O_APPEND | os.O_CREAT),
        random.Random(number),
    )
    first = number * 10_000
    if number % 2 == 0:  # the others are killed when the first cold steps are behind them
        ready.send_bytes(b"ready")
    try:
        while os.getppid() == server:
            for state in ("running", "completed"):
                _ingest(site, root, first, state)
                os.write(notes, f"{state} {first}\n".encode())
                if number % 2 and first == number * 10_000 and state == "running":
                    ready.send_bytes(b"ready")
            if draw.random() < 0.4:
                site.store.compact(at(24 * draw.choice([1, 400])))
            if draw.random() < 0.4:
                site.store.vacuum(at(24 * 400))
            first += ROWS
    except BaseException as error:  # noqa: BLE001 - whatever it is, the test must see it
        os.write(notes, f"error {type(error).__name__}: {error}".replace("\n", " ").encode() + b"\n")


def _ingest(site: Site, root: Path, first: int, state: str) -> None:
    path = root / f"{first} {state}.txt"
    content = lines(range(first, first + ROWS), state)
    path.write_bytes(_open_ended(content) if state == "running" else content)
    ingest(site, Tiny(), path, context=Context("", zone="UTC"), now=at(50), manner=Manner(is_copied=True))


def _open_ended(content: bytes) -> bytes:
    return b"".join(line.rpartition(b",")[0] + b",\n" for line in content.splitlines())


@dataclass
class Outcome:
    """What was found after the kills; `acknowledged` are the states that workers noted as written."""

    kills: int = 0
    acknowledged: dict[int, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    lost: list[int] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    found: int = 0
    unmended: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    seconds: float = 0.0


def kill_loop(root: Path, kills: int, workers: int = 2, seed: int = 1) -> Outcome:
    """Kills `kills` workers at random moments, `workers` at a time on one ledger; then checks and repairs it."""
    began, draw = time.monotonic(), random.Random(seed)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)  # the server does not take over sys.path before Python 3.12
    living: list[Worker] = []
    for number in range(1, kills + 1):
        living.append(_started(context, root, number, draw.uniform(0.0, LONGEST_SECONDS)))
        if len(living) >= workers:
            _kill_first(living)
    while living:
        _kill_first(living)
    outcome = _examined(root, Outcome(kills))
    outcome.seconds = time.monotonic() - began
    return outcome


def _started(context: ForkServerContext, root: Path, number: int, seconds: float) -> Worker:
    hearing, telling = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(root, number, telling))
    process.start()
    telling.close()
    return process, hearing, seconds


def _kill_first(living: list[Worker]) -> None:
    """The oldest worker, some time after it has begun to work."""
    process, hearing, seconds = living.pop(0)
    try:
        with hearing:
            if not hearing.poll(LONGEST_START_SECONDS):
                raise TimeoutError(f"worker {process.pid} did not begin within {LONGEST_START_SECONDS} s")
            hearing.recv_bytes()
        time.sleep(seconds)
    finally:
        process.kill()
        process.join(LONGEST_START_SECONDS)


def _examined(root: Path, outcome: Outcome) -> Outcome:
    for note in (root / "notes").read_text().splitlines():
        word, _, rest = note.partition(" ")
        if word == "error":
            outcome.errors.append(rest)
        else:
            outcome.acknowledged[int(rest)] = word
    outcome.lost = _lost(root, outcome)
    site = site_at(root)
    mended = check(site, at(60), is_repair=True, source_of=lambda entry: Tiny(**entry.fields)).findings
    outcome.found = len(mended)
    outcome.unmended = [one.sentence for one in mended if not one.is_mended]
    outcome.lost += _lost(root, outcome)
    outcome.left = [one.sentence for one in check(site_at(root), at(60)).findings]
    return outcome


def _lost(root: Path, outcome: Outcome) -> list[int]:
    """First numbers of acknowledged ingests that are not there whole; notes what is there twice."""
    whole = unbound(JOB_ATTEMPTS)
    rows = site_at(root).store.ask(whole.select("attempt_id", "job_id", "state")).to_pylist()
    states = {int(row["job_id"]): row["state"] for row in rows}
    if len(states) != len(rows):
        outcome.doubled = sorted(row["attempt_id"] for row in rows)
    return [
        first
        for first, state in outcome.acknowledged.items()
        if any(not _is_there(states.get(n), state) for n in range(first, first + ROWS))
    ]


def _is_there(found: str | None, acknowledged: str) -> bool:
    """A finished reading may have come after the acknowledged one."""
    return found == "completed" or (found == "running" and acknowledged == "running")
