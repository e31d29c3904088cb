"""A send that is killed at a step of its own: before or after the n-th call of what it does to disk and server.

`steps` runs one send to its end and names its steps; `killed` runs it until one of them. The names are calls that the
send makes (`fsync message.eml`, `data`, …) with a number where one comes again, so a new step cannot be forgotten: the
test compares the list.
"""

import multiprocessing
import os
import signal
import smtplib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from gpuledger.store.lake import Lake
from tests.actions.sending import NOW, nightly, opened, send_due
from tests.deliver.mail_server import MailServer

PRELOAD = ["gpuledger.actions.send", "gpuledger.store.lake", "gpuledger.render.mail", "tests.kill.sending"]
LONGEST_SECONDS = 60
"""No step of a send takes longer."""
Step = tuple[str, bool]
"""A step's name, and whether the kill comes after it (else before)."""


def _watch(tell: Callable[[str], None], stop: Step | None) -> None:
    """Wraps what a send does to disk and server: each call is told, and the chosen one is the last."""
    seen: Counter[str] = Counter()

    def wrapped(owner: Any, call: str, name: Callable[..., str | None]) -> None:
        really = getattr(owner, call)

        def watched(*args: Any, **options: Any) -> Any:
            if (step := name(*args)) is None:
                return really(*args, **options)
            seen[step] += 1
            step = step if seen[step] == 1 else f"{step} {seen[step]}"
            tell(step)
            if stop == (step, False):
                os.kill(os.getpid(), signal.SIGKILL)
            done = really(*args, **options)
            if stop == (step, True):
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        setattr(owner, call, watched)

    wrapped(os, "fsync", lambda handle: _place(Path(f"/proc/self/fd/{handle}").readlink(), "fsync"))
    wrapped(os, "rename", lambda source, target: _place(Path(target), "rename to"))
    for call in ("connect", "mail", "rcpt", "data"):
        wrapped(smtplib.SMTP, call, lambda *args, call=call: call)
    wrapped(Lake, "append", lambda *args: "ledger row")


def _place(path: Path, verb: str) -> str | None:
    """A place of the outbox by a name that is the same in every run; None for any other."""
    if "outbox" not in path.parts:
        return None
    folder = f"{path.parent.name}/" if verb == "rename to" else ""
    return f"{verb} {folder}{_plain(path)}"


def _plain(path: Path) -> str:
    if path.name.startswith("."):
        return "the draft"
    return path.name if path.suffix or path.name in ("waiting", "finished") else "the message"


def _work(place: str, port: int, stop: Step | None, telling: Connection) -> None:
    _watch(telling.send, stop)
    with opened(Path(place), MailServer(port=port), {"nightly": nightly()}) as ledger:
        send_due(ledger, NOW)
    telling.send(None)


def run(place: Path, server: MailServer, stop: Step | None = None) -> list[str]:
    """Sends in a process of its own, until `stop`; the steps it told."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    hearing, telling = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(str(place), server.port, stop, telling))
    process.start()
    telling.close()
    try:
        with hearing:
            steps = list(_heard(hearing))
        process.join(LONGEST_SECONDS)
    finally:
        process.kill()
    assert process.exitcode == (-signal.SIGKILL if stop else 0), process.exitcode
    return steps


def _heard(hearing: Connection) -> Iterator[str]:
    """The steps until there are no more, or nobody to tell them."""
    with suppress(EOFError):
        while hearing.poll(LONGEST_SECONDS):
            if (step := hearing.recv()) is None:
                return
            yield step
        raise TimeoutError(f"a send made no step for {LONGEST_SECONDS} s")
