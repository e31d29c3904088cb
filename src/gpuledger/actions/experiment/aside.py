"""A large log is parsed by a process of its own, while this one derives and writes what it has told so far.

Both halves are Python, which uses one processor at a time, and take about as long.
"""

import gzip
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import IO, Any, BinaryIO, cast

from gpuledger.actions._garbage import seldom_collected
from gpuledger.model.batch import Parsed
from gpuledger.model.errors import SourceError
from gpuledger.model.frugal import frugal_arrow
from gpuledger.model.tables import TABLES, Table
from gpuledger.sources import Context, Source

WORTH = 16 << 20
"""Bytes from which on a process of its own, which takes a third of a second to begin, is worth it."""
AHEAD = 16
"""So many batches may wait in the other process: it reads on while this one is at something else."""
GZIP = b"\x1f\x8b"
_NAMED = {table.name: table for table in TABLES}


def parse(source: Source, raw: BinaryIO, context: Context, *, meanwhile: Callable[[], object] = lambda: None) -> Parsed:
    """What the source tells of the file `context.input_name`, whose bytes `raw` gives too. Raises what the source raises.

    `meanwhile` is called when another process has begun to read: what is done there costs no time.
    """
    path = Path(context.input_name)
    is_large = path.stat().st_size >= WORTH
    return _parsed_aside(source, path, context, meanwhile) if is_large else source.parse(raw, context)


def _parsed_aside(source: Source, path: Path, context: Context, meanwhile: Callable[[], object]) -> Parsed:
    # -P: the folder we are in is that of the logs, and no place to import from
    command = [sys.executable, "-P", "-m", __name__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as reader:
        try:
            with cast("IO[bytes]", reader.stdin) as asked:
                pickle.dump((source, path, context), asked)
            meanwhile()
            yield from _told(cast("IO[bytes]", reader.stdout))
        except (BrokenPipeError, pickle.UnpicklingError) as error:
            raise SourceError(
                f"The process that read {path} was ended before it was done; there may be too little memory, read it again."
            ) from error
        finally:
            reader.kill()


def _told(items: IO[bytes]) -> Parsed:
    """Raises what was raised while the log was parsed, UnpicklingError where what is told breaks off."""
    while True:
        try:
            item = _Unpickler(items).load()
        except EOFError:
            raise pickle.UnpicklingError from None
        if item is None:
            return
        if isinstance(item, Exception):
            raise item
        yield item


class _Pickler(pickle.Pickler):
    """A table is itself on the other side too, not its equal."""

    def persistent_id(self, value: Any) -> str | None:
        return value.name if isinstance(value, Table) else None


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, name: str) -> Table:
        return _NAMED[name]


def _tell(asked: IO[bytes], items: IO[bytes]) -> None:
    """The other side: parses what is asked for and tells it, in the end None or what went wrong."""
    source, path, context = pickle.load(asked)
    waiting: Queue[Any] = Queue(AHEAD)
    teller = Thread(target=_hand_over, args=(waiting, items), daemon=True)
    teller.start()
    try:
        with frugal_arrow(), seldom_collected(), _opened(path) as raw:
            for item in source.parse(raw, context):
                waiting.put(item)
        waiting.put(None)
    except Exception as error:  # noqa: BLE001 - it is raised where the log was asked for
        waiting.put(error)
    teller.join()


def _hand_over(waiting: "Queue[Any]", items: IO[bytes]) -> None:
    """Ends this process when all is told, or nobody listens any more."""
    try:
        while True:
            item = waiting.get()
            _Pickler(items).dump(item)
            items.flush()
            if item is None or isinstance(item, Exception):
                return
    finally:
        os._exit(0)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as raw:
        if raw.peek(len(GZIP)).startswith(GZIP):
            with gzip.open(raw) as unpacked:
                yield cast("BinaryIO", unpacked)
        else:
            yield raw


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked us hears it too, and ends us
    _tell(sys.stdin.buffer, sys.stdout.buffer)
