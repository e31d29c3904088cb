"""A store that notes what was read of it: which tables, and at which version they were."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from gpuledger.model.tables import BY_TABLE, Table

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

    from gpuledger.config import Ledger
    from gpuledger.model.period import Period
    from gpuledger.store import Store

T = TypeVar("T")
Versions = dict[str, int]


class Witness:
    """Reads what `store` reads. `seen` holds the version that each table had before it was first read."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self.seen: Versions = {}

    def ask(self, expression: "ir.Table", period: "Period | None" = None) -> "pa.Table":
        import ibis.expr.operations as ops

        for found in expression.op().find(ops.UnboundTable):
            self._note(BY_TABLE[found.name])
        return self._store.ask(expression, period)

    def matching(self, table: Table, **equal: str) -> "pa.Table":
        self._note(table)
        return self._store.matching(table, **equal)

    def columns(self, table: Table, names: Sequence[str]) -> "pa.Table":
        self._note(table)
        return self._store.columns(table, names)

    def version(self, table: Table) -> int:
        return self._store.version(table)

    def _note(self, table: Table) -> None:
        if table.name not in self.seen:
            self.seen[table.name] = self._store.version(table)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def is_current(store: "Store", seen: Versions) -> bool:
    """Has none of these tables changed since, by whatever process?"""
    return all(store.version(BY_TABLE[name]) == version for name, version in seen.items())


class Remembered(Generic[T]):
    """Something read of the ledger, read again only when a table it was read from has changed, or after `seconds`."""

    def __init__(self, ledger: "Ledger", read: "Callable[[Ledger], T]", seconds: float = 60.0) -> None:
        self._ledger, self._read, self._seconds = ledger, read, seconds
        self._lock = Lock()
        self._held: tuple[T, Versions, float] | None = None

    def get(self) -> T:
        """As it is now. Raises what the store raises."""
        with self._lock:
            held = self._held
            if held and monotonic() < held[2] and is_current(self._ledger.store, held[1]):
                return held[0]
            witness = Witness(self._ledger.store)
            found = self._read(replace(self._ledger, store=witness))
            self._held = (found, witness.seen, monotonic() + self._seconds)
            return found
