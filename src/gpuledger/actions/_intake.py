"""Rows on their way into the ledger: put together into commits worth their cost, and counted."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.model.batch import Batch, Watermark
from gpuledger.model.problems import Problem, Remark
from gpuledger.model.tables import JOB_ATTEMPTS, JOB_EVENTS, PROBLEMS, SNAPSHOTS, Table
from gpuledger.store import Store, Written

ROWS_A_COMMIT = 100_000
"""Unless the store says otherwise (`rows_a_commit`): fewer rows are not worth what a commit costs."""
ROWS_OF = {JOB_EVENTS: 8_000}
"""Rows that hold a job's whole life are a hundred times longer than others."""
PROBLEMS_A_COMMIT = 20_000


@dataclass
class Intake:
    """Takes what a source yields and writes it; `store` None counts only (a dry run).

    Full commits are written by a thread of its own, one at a time, while the source reads on; leaving waits for it.
    """

    store: Store | None
    ingest_id: str
    reported_by: str
    source_type: str
    sha256: str
    now: datetime
    is_collected: bool = False
    written: dict[str, Written] = field(default_factory=dict)
    columns: dict[str, list[str]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    watermarks: list[Watermark] = field(default_factory=list)
    open_attempts: set[tuple[str, str]] = field(default_factory=set)
    """(cluster, attempt_id) of what a poll told without an end."""
    clusters: set[str] = field(default_factory=set)
    """Those that a watermark or a snapshot names."""
    told_clusters: set[str] = field(default_factory=set)
    """Those that any row is about."""
    first_problems: list[Problem] = field(default_factory=list)
    problem_rows: int = 0
    good_rows: int = 0
    _batches: dict[Table, list[Batch]] = field(default_factory=dict)
    _problems: list[Problem] = field(default_factory=list)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _under_way: Future[None] | None = None

    def __enter__(self) -> "Intake":
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()
        pa.default_memory_pool().release_unused()

    def take(self, item: Batch | Problem | Remark | Watermark) -> None:
        match item:
            case Batch():
                self._take_rows(item)
            case Problem():
                self._take_problem(item)
            case Remark():
                self.remarks += [item.sentence] * (item.sentence not in self.remarks)
            case Watermark():
                self.watermarks.append(item)
                self.clusters.add(item.cluster)

    def flush(self) -> None:
        """Writes the rows and problems that wait."""
        self._write_waiting()
        self._write_problems()

    def close(self) -> None:
        """Writes all that waits, and what a file has told about: the mark that all of it was read.

        How far a poll reaches is known to who asked (`actions.collect`), not to one answer of several.
        """
        self._write_waiting()
        if self.watermarks and not self.is_collected:
            self._write(
                Batch(SNAPSHOTS, pa.Table.from_pylist(list(self._snapshots())), pa.array([0] * len(self.watermarks)))
            )
        self._write_problems()

    @property
    def total(self) -> Written:
        return sum(self.written.values(), Written())

    def _take_rows(self, batch: Batch) -> None:
        self.good_rows += _weight(batch)
        known = self.columns.setdefault(batch.table.name, [])
        known += [name for name in batch.rows.column_names if name not in known]
        if "cluster" in batch.rows.column_names:
            self.told_clusters.update(pc.unique(batch.rows["cluster"]).to_pylist())
        if batch.table is SNAPSHOTS:
            self.clusters.update(batch.rows["cluster"].to_pylist())
        if self.is_collected and batch.table is JOB_ATTEMPTS:
            self.open_attempts |= _without_end(batch.rows)
        if self.store is None:
            return
        waiting = self._batches.setdefault(batch.table, [])
        waiting.append(batch)
        if batch.table is not SNAPSHOTS and _count(waiting) >= self._enough(batch.table):
            self._settle()
            self._under_way = self._thread.submit(self._write_all, self._full(batch.table))

    def _enough(self, table: Table) -> int:
        """So many rows are worth a commit."""
        of_store: int = getattr(self.store, "rows_a_commit", ROWS_A_COMMIT)
        return min(of_store, ROWS_OF.get(table, of_store))

    def _full(self, table: Table) -> list[Batch]:
        """What is written when so many rows of `table` wait: with jobs' whole lives what was derived from them so far."""
        tables = [one for one in self._batches if one is table or (table in ROWS_OF and one is not SNAPSHOTS)]
        return [_together(self._batches.pop(one)) for one in tables]

    def _write_all(self, batches: list[Batch]) -> None:
        while batches:
            self._write(batches.pop(0))

    def _take_problem(self, problem: Problem) -> None:
        self.problem_rows += problem.input_rows
        self.first_problems += [problem] * (len(self.first_problems) < 20)
        if self.store is not None:
            self._problems.append(problem)
        if len(self._problems) >= PROBLEMS_A_COMMIT:
            self._settle()
            self._write_problems()

    def _settle(self) -> None:
        """Waits for the commit under way. Raises what it raised."""
        under_way, self._under_way = self._under_way, None
        if under_way:
            under_way.result()

    def _write_waiting(self) -> None:
        """Snapshots last: what tells that a moment was seen whole comes after its rows."""
        self._settle()
        for table in sorted(self._batches, key=lambda table: table is SNAPSHOTS):
            self._write(_together(self._batches.pop(table)))

    def _write(self, batch: Batch) -> None:
        if self.store is None:
            return
        write = self.store.append if batch.table.is_polled else self.store.upsert
        self.written[batch.table.name] = self.written.get(batch.table.name, Written()) + write(batch, self.ingest_id)

    def _write_problems(self) -> None:
        if self._problems:
            self._write(
                Batch(
                    PROBLEMS,
                    pa.Table.from_pylist([self._problem_row(one) for one in self._problems]),
                    pa.array([0] * len(self._problems)),
                )
            )
            self._problems.clear()

    def _problem_row(self, problem: Problem) -> dict[str, object]:
        return {
            "input_sha256": self.sha256,
            "input_line": problem.line,
            "problem_reason": problem.reason,
            "problem_row": problem.row[:2000],
            "source_type": self.source_type,
            "time": self.now,
        }

    def _snapshots(self) -> Iterator[dict[str, object]]:
        """Facts of the input only: the same file again adds nothing. No file tells of what is still to come."""
        for mark in self.watermarks:
            until = min(mark.until, self.now)
            local_since, local_until = mark.local or (None, None)
            yield {
                "cluster": mark.cluster,
                "source": self.reported_by,
                "time": until,
                "since": mark.since and min(mark.since, until),
                "until": until,
                "local_since": local_since,
                "local_until": local_until,
                "status": mark.status,
                "row_count": self.good_rows,
            }


def _without_end(rows: pa.Table) -> set[tuple[str, str]]:
    if "ended_at" in rows.column_names:
        rows = rows.filter(pc.is_null(rows["ended_at"]))
    return set(zip(rows["cluster"].to_pylist(), rows["attempt_id"].to_pylist(), strict=True))


def _count(batches: list[Batch]) -> int:
    return sum(len(one.rows) for one in batches)


def _weight(batch: Batch) -> int:
    return len(batch.rows) if batch.input_rows is None else int(np.sum(batch.input_rows.to_numpy(zero_copy_only=False)))


def _together(batches: list[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    counts = [
        pa.array(np.ones(len(one.rows), np.int64)) if one.input_rows is None else one.input_rows.cast(pa.int64())
        for one in batches
    ]
    rows = pa.concat_tables([one.rows for one in batches], promote_options="permissive")
    return Batch(batches[0].table, rows, pa.chunked_array(counts).combine_chunks())
