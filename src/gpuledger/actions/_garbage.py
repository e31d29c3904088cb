"""Python's collector of cycles, held back while millions of rows are made.

Rows refer to nothing that refers to them: to look through them again and again finds nothing and takes a fifth of the
time.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

OBJECTS = 200_000
"""So many new objects between two looks; Python's own number is 700."""


@dataclass
class _Held:
    """Who holds it back now: several threads may, and the last puts back what was there before the first."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    count: int = 0
    before: tuple[int, int, int] = (0, 0, 0)


_held = _Held()


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Cycles are looked for seldom until it is left, however that comes about."""
    with _held.lock:
        if not _held.count:
            _held.before = gc.get_threshold()
            gc.set_threshold(max(OBJECTS, _held.before[0]), *_held.before[1:])
        _held.count += 1
    try:
        yield
    finally:
        with _held.lock:
            _held.count -= 1
            if not _held.count:
                gc.set_threshold(*_held.before)
