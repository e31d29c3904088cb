"""The ledger's home: few methods, the same answers from every store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from gpuledger.model.batch import Batch
from gpuledger.model.period import Period
from gpuledger.model.tables import Table

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True)
class Written:
    """What a write changed. Rows are rows of the table; `input_*` count input rows (`Batch.input_rows`)."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    input_changed: int = 0
    input_unchanged: int = 0
    commits: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(*(a + b for a, b in zip(self.counts, other.counts, strict=True)))

    @property
    def counts(self) -> tuple[int, ...]:
        return (self.inserted, self.updated, self.unchanged, self.input_changed, self.input_unchanged, self.commits)


@dataclass(frozen=True)
class TableInfo:
    """Size of one table: rows, files, bytes on disk, commits, time range of its order column."""

    name: str
    rows: int
    files: int
    bytes: int
    version: int
    first: Any = None
    last: Any = None


@dataclass(frozen=True)
class Finding:
    """One thing `check` found: what, where, how bad, whether `repair` mended it."""

    table: str
    sentence: str
    level: str = "warning"
    is_mended: bool = False
    lost_ingest_id: str | None = None


@dataclass(frozen=True)
class Checked:
    findings: tuple[Finding, ...] = ()
    checked_at: datetime | None = None
    orphan_files: int = 0
    staging_files: int = 0


class Store(Protocol):
    """One conformance suite (`tests/store/conformance.py`) runs on all."""

    def upsert(self, batch: Batch, ingest_id: str) -> Written:
        """Merges rows by key, by the rule of `store/merge.py`; the same rows again change nothing (0 commits)."""

    def append(self, batch: Batch, ingest_id: str) -> Written:
        """Adds rows of a polled table, leaving out those whose (cluster, source, time) is there."""

    def retract(self, table: Table, **equal: str | Sequence[str]) -> int:
        """Deletes the rows whose columns equal these values, or one of several (a replayed file's old problems)."""

    def replace(self, batch: Batch, **equal: str | Sequence[str]) -> None:
        """Puts whole rows in the place of those that `equal` chooses as `retract` does, in one commit.

        Each row keeps the ingest that it came by: who takes that ingest back takes the row.
        """

    def matching(self, table: Table, **equal: str) -> pa.Table:
        """The rows whose columns equal these values, instants as naive UTC: a look that needs no Ibis."""

    def columns(self, table: Table, names: Sequence[str]) -> pa.Table:
        """These columns of every row, instants as naive UTC: a look that needs no Ibis."""

    def ask(self, expression: "ir.Table", period: Period | None = None) -> pa.Table:
        """Answers an Ibis expression over canonical tables; `period` prunes files, never rows."""

    def info(self) -> tuple[TableInfo, ...]:
        """Size of every table."""

    def check(self, *, repair: bool = False) -> Checked:
        """Compares log, files and runs; with `repair` cleans orphans and names the ingests to replay."""

    def compact(self, now: datetime) -> int:
        """Fewer, larger files for closed days and old months; returns the files taken away."""

    def vacuum(self, now: datetime) -> int:
        """Deletes files no version within the retention needs; returns their number."""

    def version(self, table: Table) -> int:
        """Grows with each commit: a cache key."""

    def close(self) -> None: ...
