"""What one action remembers between its runs, in a folder of its own, with the lock that makes it the only one."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gpuledger.config import Settings
from gpuledger.config.publications import state_folder
from gpuledger.model.errors import Busy, ReadOnly

STATE = "state.json"


@contextmanager
def alone(lock: Path, what: str) -> Iterator[None]:
    """Held while `what` runs, so that it is the only one. Raises Busy; the kernel lets go at our death."""
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ReadOnly(f"{lock.parent} cannot be written to: {error.strerror}.") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Busy(f"Another {what} is running; this one did nothing.") from None
    finally:
        os.close(handle)


@dataclass(frozen=True)
class Memory:
    """One action's folder; `what` names it in messages."""

    folder: Path
    what: str

    def alone(self) -> AbstractContextManager[None]:
        """Held while the action runs. Raises Busy."""
        return alone(self.folder / ".lock", self.what)

    def read(self) -> dict[str, Any]:
        """What was remembered; nothing when that cannot be read."""
        try:
            told = json.loads((self.folder / STATE).read_bytes())
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def write(self, told: Mapping[str, Any]) -> None:
        """Whole or not at all."""
        draft = self.folder / f"{STATE}.{os.getpid()}"
        draft.write_text(json.dumps(told, indent=1), encoding="utf-8")
        draft.replace(self.folder / STATE)


def of_publication(settings: Settings, name: str) -> Memory:
    """What is remembered of the site `[publish.NAME]`."""
    return Memory(state_folder(settings) / quote(name, safe=""), f"publish of {name}")


def of_watchdog(settings: Settings) -> Memory:
    """What is remembered of the watchdog."""
    return Memory(state_folder(settings).with_name("watchdog"), "watchdog")
