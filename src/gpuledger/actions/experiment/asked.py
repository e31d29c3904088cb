"""What the CSV needs of a ledger: its attempts in order, each with its node, its GPUs and its events."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.actions.experiment import facts
from gpuledger.actions.experiment.facts import Facts, at, bounds, keys
from gpuledger.actions.experiment.jobs import NODE_COLUMNS, Jobs
from gpuledger.actions.experiment.numbers import MOMENTS, Numbers, numbered
from gpuledger.actions.experiment.shelf import Laid, lay
from gpuledger.metrics.workflows.nodes import NO_ACCESS_POINT, SERVICES, Placing, records
from gpuledger.model.job_summary import EVENT_COLUMNS, GPU_COLUMNS, OTHER_NODE_COLUMNS, OWN
from gpuledger.model.tables import ATTEMPT_EVENTS, ATTEMPT_GPUS, JOB_ATTEMPTS, SNAPSHOTS, WORKFLOW_NODES
from gpuledger.store import Store

ROWS_AT_ONCE = 2_000
COLUMNS_AT_ONCE = 16
PLACED = ("cluster", "attempt_id", "job_id", "state", *NODE_COLUMNS, *MOMENTS)
"""Columns that say where an attempt stands in the table and how it is numbered."""
OTHERS = tuple(column.column for column in OWN if column.column and column.column not in PLACED)
Row = dict[str, Any]
NODES_A_ROW = 400
_OF_NODES = ("try_number", *(name for name in OTHER_NODE_COLUMNS if name not in ("state", "end_reason")))


class Said(NamedTuple):
    """What a DAG says of an attempt's node; `others` are nodes that no attempt is of."""

    retry_limit: int | None = None
    is_done: bool | None = None
    is_declared: bool | None = None
    others: Sequence[Row] = ()
    service_of: str | None = None
    """The DAG that it is a service of: beside its work, so that no node of it is tried."""


UNSAID = Said()
_of_dag = lru_cache(maxsize=64)(Said)
"""Few nodes differ in what their DAG says of them."""


class Declared(NamedTuple):
    """A node as it was declared (`is_node`), else as its last try tells it; `row` of the table of nodes."""

    is_node: bool
    retry_limit: int | None
    is_done: bool | None
    row: int


@dataclass(frozen=True)
class Part:
    """Some attempts, one after the other."""

    rows: pa.Table
    gpus: Facts
    events: Facts
    numbers: Numbers
    said: Sequence[Said]
    reach: Mapping[str, tuple[datetime, datetime]]


class Attempts:
    """All attempts of a ledger in the earlier tool's order: node's name, HTCondor cluster, number.

    `is_executed_only` leaves out those that never ran, before they are counted. Only what places and numbers them is in
    memory as a whole; what else they tell is put in order a few columns at a time and laid down in `shelf`, an empty
    file. Raises OSError when there is no room for it.
    """

    def __init__(self, store: Store, shelf: BinaryIO, *, is_executed_only: bool = False) -> None:
        nodes = _Nodes.of(store)
        rows = _once(store.columns(JOB_ATTEMPTS, PLACED))
        rows = rows.filter(pc.is_valid(rows["started_at"])) if is_executed_only else rows
        self._count = len(rows)
        if not self._count:
            return
        jobs = Jobs.of(rows, nodes.placing)
        rows = jobs.named_in(rows)
        self.ownerless_count = int(jobs.is_ownerless[jobs.of_rows].sum())
        """Attempts of nodes that DAGs declare, of which nothing says whose they are: each job counts for itself."""
        self._numbers = numbered(rows, jobs)
        self._said = _said(jobs, self._numbers, nodes)
        del nodes, jobs
        order = pa.array(self._numbers.rows)
        ids = keys(rows).take(order)
        self._rows = [self._laid(shelf, rows, order)]
        del rows
        for begin in range(0, len(OTHERS), COLUMNS_AT_ONCE):
            asked = _once(
                store.columns(JOB_ATTEMPTS, ("cluster", "attempt_id", *OTHERS[begin : begin + COLUMNS_AT_ONCE]))
            )
            places = pc.index_in(ids, keys(asked))
            self._rows.append(self._laid(shelf, asked.drop_columns(["cluster", "attempt_id"]), places))
            del asked
        self._gpus = facts.of(store, ATTEMPT_GPUS, GPU_COLUMNS, ids, (shelf, ROWS_AT_ONCE))
        self._events = facts.of(store, ATTEMPT_EVENTS, EVENT_COLUMNS, ids, (shelf, ROWS_AT_ONCE))
        self.reach = _reach(store)

    def __len__(self) -> int:
        return self._count

    def _laid(self, shelf: BinaryIO, rows: pa.Table, places: pa.Array) -> Laid:
        return lay(shelf, (at(rows, places[begin:end]) for begin, end in bounds(self._count, ROWS_AT_ONCE)))

    def parts(self) -> Iterator[Part]:
        """All of them, some thousands at once."""
        for number, (begin, end) in enumerate(bounds(self._count, ROWS_AT_ONCE)):
            pieces = [laid.part(number) for laid in self._rows]
            rows = pa.table({name: piece[name] for piece in pieces for name in piece.schema.names})
            told = self._gpus.part(number, begin, end), self._events.part(number, begin, end)
            yield Part(rows, *told, self._numbers.part(begin, end), self._said[begin:end], self.reach)


@dataclass(frozen=True)
class _Nodes:
    """What the ledger tells of nodes: which job is a try of which, each as it was declared, of which DAG a job is a service."""

    rows: pa.Table
    placing: Placing
    declared: Mapping[tuple[str, ...], Declared]
    """By access point, workflow and node."""
    services: Mapping[tuple[str, str], str]

    @classmethod
    def of(cls, store: Store) -> "_Nodes":
        rows = store.columns(WORKFLOW_NODES, ("try_number", *OTHER_NODE_COLUMNS))
        rows = rows.sort_by([("try_number", "descending"), *((name, "ascending") for name in WORKFLOW_NODES.key[:-1])])
        declared: dict[tuple[str, ...], Declared] = {}
        services: dict[tuple[str, str], str] = {}

        def each() -> Iterator[Mapping[str, Any]]:
            for number, row in enumerate(records(rows.select(_OF_NODES))):
                is_service = row["node_kind"] in SERVICES
                is_node = row["try_number"] == 0 and not is_service
                node = row["cluster"], row["workflow"], row["node_name"]
                declared[node] = Declared(is_node, row["retry_limit"], row["is_done_in_rescue"], number)
                if is_service and row["job_id"]:
                    services[row["cluster"], row["job_id"]] = row["workflow"]
                yield row

        return cls(rows, Placing.of(each()), declared, services)

    def said(self, job: tuple[str, str], node: tuple[str | None, ...]) -> Said:
        """What the DAGs say of the node of a job."""
        row = self.declared.get(node) or self.declared.get((NO_ACCESS_POINT, *node[1:]))  # type: ignore[arg-type]
        said = _of_dag(row.retry_limit, row.is_done, row.is_node or None) if row else UNSAID
        return said._replace(service_of=self.services[job]) if job in self.services else said

    def without(self, seen: set[tuple[str | None, ...]]) -> list[Row]:
        """Declared nodes that are not among those seen (workflow, node)."""
        missing = [row.row for (_, *node), row in self.declared.items() if row.is_node and tuple(node) not in seen]
        found: list[Row] = self.rows.select(OTHER_NODE_COLUMNS).take(pa.array(missing, pa.int64())).to_pylist()
        return found


def _said(jobs: Jobs, placed: Numbers, nodes: _Nodes) -> list[Said]:
    """What the DAGs say of each attempt's node. Nodes without an attempt stand on the first rows."""
    of_jobs = [nodes.said(job, node) for job, node in zip(jobs.keys, jobs.named, strict=True)]
    said = [of_jobs[job] for job in jobs.of_rows[placed.rows].tolist()]
    others = nodes.without({node[1:] for node in jobs.named})
    at_once = max(NODES_A_ROW, -(-len(others) // len(said)))
    for number, begin in enumerate(range(0, len(others), at_once)):
        said[number] = said[number]._replace(others=others[begin : begin + at_once])
    return said


def _once(rows: pa.Table) -> pa.Table:
    """In one piece: rows are taken from it here and there."""
    return rows.combine_chunks()


def _reach(store: Store) -> dict[str, tuple[datetime, datetime]]:
    """From when until when the logs of each access point tell."""
    found: dict[str, tuple[datetime, datetime]] = {}
    for row in store.columns(SNAPSHOTS, ("cluster", "since", "until", "status")).to_pylist():
        if row["until"] is not None and row["status"] not in (None, "failed"):
            since, until = found.get(row["cluster"], (row["until"], row["until"]))
            found[row["cluster"]] = min(row["since"] or row["until"], since), max(row["until"], until)
    return found
