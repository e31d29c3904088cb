"""The tables of one ledger, held open: a new version is noticed by one look at its log."""

import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import cast

from deltalake import DeltaTable
from deltalake.exceptions import TableNotFoundError

from gpuledger.model.errors import ConfigError, Damaged
from gpuledger.model.tables import Table
from gpuledger.store._commit import add_new_columns, create, make_durable
from gpuledger.store._edge import edge
from gpuledger.store._lock import writing
from gpuledger.store._snapshot import Snapshot, take

FORBIDDEN = re.compile(r"[\[\]*\n\r]|%[0-9A-Fa-f]{2}")
"""What the engines take for a pattern, for an end, or for another sign."""


class Shelf:
    """Opens, makes and locks the tables under `root`, a folder or an object store's URL."""

    def __init__(self, root: str | Path, storage_options: dict[str, str] | None = None) -> None:
        if "://" not in str(root) and FORBIDDEN.search(str(root)):
            raise ConfigError(
                f"A ledger cannot be in {str(root)!r}: choose a folder whose name has none of [ ] *, no newline and "
                "no % before two digits of 0-9 or A-F in it."
            )
        self.url = str(root).rstrip("/") if "://" in str(root) else None
        self.root = None if self.url else Path(root).expanduser().absolute()
        self._options = storage_options
        self._held: dict[str, Snapshot] = {}
        self._mutex = threading.Lock()
        self._mutexes: dict[str, threading.RLock] = {}

    def folder(self, table: Table) -> Path | None:
        return self.root / table.name if self.root else None

    def place(self, table: Table) -> str:
        return f"{self.url}/{table.name}" if self.url else str(self.folder(table))

    def fresh(self, table: Table) -> Snapshot | None:
        """The newest version, None while the table has never been written."""
        held = self._held.get(table.name)
        if held and held.folder and _is_newest(held):
            return held  # without the mutex: who reads does not wait for who writes
        with self._one_thread(table), edge(self.place(table)):
            held = self._held.get(table.name)
            if held is None or not _is_there(held, held.version):
                return self._open(table)
            return held if held.folder and _is_newest(held) else self._advance(held)

    @contextmanager
    def changing(self, table: Table) -> Iterator[Snapshot]:
        """Holds the table for one commit: yields the newest version, then makes the commit durable."""
        with edge(self.place(table)), self._locked(table), self._one_thread(table):
            before = self.fresh(table) or self._create(table)
            add_new_columns(before.delta, table)
            try:
                yield before
            except BaseException:
                self.forget(table)
                raise
            self._committed(before)

    def _committed(self, before: Snapshot) -> None:
        """Makes the commits since `before` durable and shows them to readers (a vacuum makes two)."""
        newest = before.delta.version()
        if newest == before.version:
            return
        self._hold(take(before.table, before.delta, before.folder))
        for version in range(before.version + 1, newest + 1) if before.folder else ():
            make_durable(cast(Path, before.folder), version)

    def forget(self, table: Table) -> None:
        """The next look opens the table anew."""
        self._held.pop(table.name, None)

    def _locked(self, table: Table) -> AbstractContextManager[None]:
        folder = self.folder(table)
        if folder is None:
            return nullcontext()
        folder.mkdir(parents=True, exist_ok=True)
        return writing(folder)

    def _one_thread(self, table: Table) -> threading.RLock:
        with self._mutex:
            return self._mutexes.setdefault(table.name, threading.RLock())

    def _open(self, table: Table) -> Snapshot | None:
        folder = self.folder(table)
        if folder and not (folder / "_delta_log").is_dir():
            return None
        try:
            delta = DeltaTable(self.place(table), storage_options=self._options)
        except TableNotFoundError:
            return None
        return self._hold(_sound(take(table, delta, folder)))

    def _create(self, table: Table) -> Snapshot:
        folder = self.folder(table)
        held = self._hold(take(table, create(self.place(table), table, self._options), folder))
        if folder:
            make_durable(folder, held.version)
        return held

    def _hold(self, snapshot: Snapshot) -> Snapshot:
        self._held[snapshot.table.name] = snapshot
        return snapshot

    def _advance(self, held: Snapshot) -> Snapshot:
        held.delta.update_incremental()
        if held.delta.version() == held.version:
            return held
        return self._hold(_sound(take(held.table, held.delta, held.folder)))


def _sound(snapshot: Snapshot) -> Snapshot:
    """The snapshot. Raises Damaged when its newest log file is empty: the library takes that for a commit of nothing."""
    log = snapshot.folder and snapshot.folder / "_delta_log" / f"{snapshot.version:020d}.json"
    if log and log.exists() and not log.stat().st_size:
        raise Damaged(
            f"The newest commit of {snapshot.table.name} is torn ({log} is empty: a power cut or a full disk); "
            "run `store check --repair`."
        )
    return snapshot


def _is_newest(held: Snapshot) -> bool:
    return _is_there(held, held.version) and not _is_there(held, held.version + 1)


def _is_there(held: Snapshot, version: int) -> bool:
    """One look, no listing: a commit is there when its log file is. (A repair takes commits back.)"""
    return held.folder is None or (held.folder / "_delta_log" / f"{version:020d}.json").exists()
