"""What was made and may be needed again: the least recently used goes first."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, Protocol, TypeVar

from gpuledger.model.document import Document
from gpuledger.serve.witness import Versions


class Sized(Protocol):
    """What can be kept tells about how much memory it takes."""

    @property
    def bytes(self) -> int: ...


T = TypeVar("T", bound=Sized)
_OF_A_DOCUMENT = 5
"""A Document takes about this many times the memory of its JSON."""


@dataclass(frozen=True)
class Made:
    """A Document with its JSON, and the versions of the tables it was made from."""

    document: Document
    json: bytes
    packed: bytes
    tag: str
    seen: Versions

    @property
    def bytes(self) -> int:
        return (1 + _OF_A_DOCUMENT) * len(self.json) + len(self.packed)


@dataclass
class Kept(Generic[T]):
    """A cache of at most `most` bytes. Threads may share it."""

    most: int
    bytes: int = 0
    _held: "OrderedDict[Hashable, T]" = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, key: Hashable) -> T | None:
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def put(self, key: Hashable, value: T) -> None:
        """Keeps it, unless it alone is more than there is room for."""
        with self._lock:
            self._drop(key)
            if value.bytes > self.most:
                return
            self._held[key] = value
            self.bytes += value.bytes
            while self.bytes > self.most:
                self._drop(next(iter(self._held)))

    def _drop(self, key: Hashable) -> None:
        found = self._held.pop(key, None)
        self.bytes -= found.bytes if found is not None else 0

    def __len__(self) -> int:
        return len(self._held)
