"""What the whole table told so far, beside the rows that are handed on at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.model.batch import Batch
from gpuledger.model.tables import ATTEMPT_EVENTS, ATTEMPT_GPUS, JOB_ATTEMPTS, SNAPSHOTS, WORKFLOW_NODES, Table
from gpuledger.sources.job_summary.attempts import Read, numbered
from gpuledger.sources.job_summary.earlier import Doubts
from gpuledger.sources.job_summary.parts import Part, table
from gpuledger.sources.job_summary.tries import Tries


@dataclass
class Whole:
    """What the whole table told so far, beside its rows."""

    tries: Tries = field(default_factory=Tries)
    doubts: Doubts = field(default_factory=Doubts)
    reaches: dict[str, tuple[datetime | None, datetime]] = field(default_factory=dict)
    logs: list[Mapping[str, Any]] = field(default_factory=list)
    names: dict[tuple[str, str], int] = field(default_factory=dict)
    """Number of the first attempt under each name."""

    def named_apart(self, found: Read) -> Read:
        """The row under a name of its own, where another attempt has the same."""
        key = (found.attempt["cluster"], found.attempt["attempt_id"])
        return found if self.names.setdefault(key, found.sequence) == found.sequence else numbered(found)

    def has_own_names(self, part: Part) -> bool:
        """Has no other attempt the name of one of these?"""
        columns = (part.attempts["cluster"], part.attempts["attempt_id"], pc.fill_null(part.sequences, 0))
        rows = zip(*(column.to_pylist() for column in columns), strict=True)
        return all(self.names.setdefault((cluster, name), number) == number for cluster, name, number in rows)

    def batches(self, part: Part) -> Iterator[Batch]:
        """Its rows as they are handed on."""
        self.tries.add(part)
        self.logs += part.logs
        self._reach(part)
        yield from _batch(JOB_ATTEMPTS, part.attempts, 1)
        yield from _batch(ATTEMPT_GPUS, part.gpus)
        yield from _batch(ATTEMPT_EVENTS, part.events)

    def last_batches(self) -> Iterator[Batch]:
        """What is known only at the end."""
        for rows in self.tries.tables():
            yield from _batch(WORKFLOW_NODES, rows)
        yield from _batch(SNAPSHOTS, table(SNAPSHOTS, self.logs))

    def _reach(self, part: Part) -> None:
        until = pc.coalesce(part.until, part.attempts["observed_at"])
        told = pa.table({"cluster": part.attempts["cluster"], "since": part.since, "until": until})
        told = told.filter(pc.is_valid(until)).group_by("cluster").aggregate([("since", "min"), ("until", "max")])
        told = told.select(["cluster", "since_min", "until_max"])
        for cluster, since, last in zip(*(column.to_pylist() for column in told.columns), strict=True):
            before = self.reaches.get(cluster, (since, last))
            known = [moment for moment in (since, before[0]) if moment is not None]
            self.reaches[cluster] = (min(known, default=None), max(last, before[1]))


def _batch(of: Table, rows: pa.Table, weight: int = 0) -> Iterator[Batch]:
    """The rows, where there are any; `weight` input rows stand behind each."""
    if len(rows):
        yield Batch(of, rows, pa.array([weight] * len(rows), pa.int64()))
