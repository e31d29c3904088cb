"""What the CSV needs of a ledger: its attempts in order, each with its node, its GPUs and its events."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.actions.experiment import facts
from gpuledger.actions.experiment.facts import Facts, coded, plain
from gpuledger.metrics.workflows.nodes import NO_ACCESS_POINT, SERVICES, Node, Placing, records, texts_of
from gpuledger.model.job_summary import EVENT_COLUMNS, GPU_COLUMNS, OTHER_NODE_COLUMNS, OWN
from gpuledger.model.tables import ATTEMPT_EVENTS, ATTEMPT_GPUS, JOB_ATTEMPTS, SNAPSHOTS, WORKFLOW_NODES
from gpuledger.model.workflow import step_of
from gpuledger.store import Store

ROWS_AT_ONCE = 2_000
COLUMNS = tuple(column.column for column in OWN if column.column)
MOMENTS = ("matched_at", "started_at", "eligible_at", "submitted_at", "ended_at")
NODE_COLUMNS = {"workflow": 0, "workflow_run": 1, "node_name": 2, "workflow_step": 3, "target_site": 4}
"""Columns of an attempt that its node tells, and where in a Node."""
NOWHERE = Node(None, None, None, None, None)
Row = dict[str, Any]
NodeKey = tuple[str, ...]
"""Access point, workflow, node."""
NODES_A_ROW = 400
_OF_OTHER_NODE = itemgetter(*OTHER_NODE_COLUMNS)


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
    """A node as it was declared (`is_node`), else as its last try tells it; `values` of OTHER_NODE_COLUMNS."""

    is_node: bool
    retry_limit: int | None
    is_done: bool | None
    values: tuple[Any, ...]


class Place(NamedTuple):
    """Where an attempt stands in the table, its number within its job and within its node, whether its result was kept."""

    at: int
    number: int
    of_node: int
    is_kept: bool


@dataclass(frozen=True)
class Part:
    """Some attempts, one after the other."""

    rows: pa.Table
    gpus: Facts
    events: Facts
    places: Sequence[Place]
    said: Sequence[Said]
    reach: Mapping[str, tuple[datetime, datetime]]


class Attempts:
    """All attempts of a ledger in the earlier tool's order: node's name, HTCondor cluster, number.

    `is_executed_only` leaves out those that never ran, before they are counted.
    """

    def __init__(self, store: Store, *, is_executed_only: bool = False) -> None:
        # what takes most memory is asked when what came before it is gone
        placing, declared, services = _nodes(store)
        asked = store.columns(JOB_ATTEMPTS, COLUMNS)
        asked = asked.filter(pc.is_valid(asked["started_at"])) if is_executed_only else asked
        self._rows = _with_nodes(coded(asked), placing)
        del asked
        self._places = _places(self._rows, placing)
        self.ownerless_count = sum(
            _is_ownerless(placing, *job) for job in _pairs(self._rows, "cluster", "workflow", "node_name")
        )
        """Attempts of nodes that DAGs declare, of which nothing says whose they are: each job counts for itself."""
        del placing
        self._order = pa.array([place.at for place in self._places], pa.int64())
        keys = _keys(self._rows)
        self._said = _said([keys[place.at] for place in self._places], declared) if keys else []
        if services:
            jobs = list(_pairs(self._rows, "cluster", "job_id"))
            dags = (services.get(jobs[place.at]) for place in self._places)
            self._said = [said._replace(service_of=dag) for said, dag in zip(self._said, dags, strict=True)]
        del keys, declared
        ids = plain(self._rows.select(["attempt_id"]), self._order)["attempt_id"].combine_chunks()
        self._gpus = facts.of(store, ATTEMPT_GPUS, GPU_COLUMNS, ids)
        self._events = facts.of(store, ATTEMPT_EVENTS, EVENT_COLUMNS, ids)
        self.reach = _reach(store)

    def __len__(self) -> int:
        return len(self._rows)

    def parts(self) -> Iterator[Part]:
        """All of them, some thousands at once."""
        for begin in range(0, len(self), ROWS_AT_ONCE):
            rows = plain(self._rows, self._order.slice(begin, ROWS_AT_ONCE))
            end = begin + len(rows)
            gpus, events = self._gpus.part(begin, end), self._events.part(begin, end)
            yield Part(rows, gpus, events, self._places[begin:end], self._said[begin:end], self.reach)


def _said(keys: Sequence[NodeKey], declared: Mapping[NodeKey, Declared]) -> list[Said]:
    """What the DAGs say of each attempt's node. Nodes without an attempt stand on the first rows."""
    told = [declared.get(key) or declared.get((NO_ACCESS_POINT, *key[1:])) for key in keys]
    said = [_of_dag(row.retry_limit, row.is_done, row.is_node or None) if row else UNSAID for row in told]
    seen = {key[1:] for key in keys}
    others = [
        dict(zip(OTHER_NODE_COLUMNS, row.values, strict=True))
        for (_, *node), row in declared.items()
        if row.is_node and tuple(node) not in seen
    ]
    at_once = max(NODES_A_ROW, -(-len(others) // len(keys)))
    for at, begin in enumerate(range(0, len(others), at_once)):
        said[at] = said[at]._replace(others=others[begin : begin + at_once])
    return said


def _keys(rows: pa.Table) -> list[NodeKey]:
    return list(zip(*(texts_of(rows[name]) for name in ("cluster", "workflow", "node_name")), strict=True))


def _nodes(store: Store) -> tuple[Placing, dict[NodeKey, Declared], dict[tuple[str, str], str]]:
    """Which node each job is a try of, what is told of each node, and of which DAG a job is a service."""
    rows = store.columns(WORKFLOW_NODES, ("try_number", *OTHER_NODE_COLUMNS))
    rows = rows.sort_by([("try_number", "descending"), *((name, "ascending") for name in WORKFLOW_NODES.key[:-1])])
    said: dict[NodeKey, Declared] = {}
    services: dict[tuple[str, str], str] = {}

    def each() -> Iterator[Mapping[str, Any]]:
        for row in records(rows):
            is_node = row["try_number"] == 0 and row["node_kind"] not in SERVICES
            node = row["cluster"], row["workflow"], row["node_name"]
            said[node] = Declared(is_node, row["retry_limit"], row["is_done_in_rescue"], _OF_OTHER_NODE(row))
            if row["node_kind"] in SERVICES and row["job_id"]:
                services[row["cluster"], row["job_id"]] = row["workflow"]
            yield row

    return Placing.of(each()), said, services


def _with_nodes(rows: pa.Table, placing: Placing) -> pa.Table:
    """The attempts under the names of their nodes, where the ledger knows them."""
    names = ("cluster", "job_id", "workflow", "node_name")
    nodes = [placing.find(*job) or NOWHERE for job in _pairs(rows, *names)]
    for name, at in NODE_COLUMNS.items():
        told = pa.array([node[at] for node in nodes], pa.string())
        rows = _put(rows, name, pc.coalesce(rows[name].cast(pa.string()), told))
    steps = [step or (node and step_of(node)) for step, node in _pairs(rows, "workflow_step", "node_name")]
    return _put(rows, "workflow_step", pa.array(steps, pa.string()))


def _put(rows: pa.Table, name: str, texts: "pa.Array | pa.ChunkedArray") -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, texts.dictionary_encode())


def _reach(store: Store) -> dict[str, tuple[datetime, datetime]]:
    """From when until when the logs of each access point tell."""
    found: dict[str, tuple[datetime, datetime]] = {}
    for row in store.columns(SNAPSHOTS, ("cluster", "since", "until", "status")).to_pylist():
        if row["until"] is not None and row["status"] not in (None, "failed"):
            since, until = found.get(row["cluster"], (row["until"], row["until"]))
            found[row["cluster"]] = min(row["since"] or row["until"], since), max(row["until"], until)
    return found


def _pairs(rows: pa.Table, *names: str) -> Iterable[tuple[Any, ...]]:
    return zip(*(texts_of(rows[name]) for name in names), strict=True)


def _places(rows: pa.Table, placing: Placing) -> list[Place]:
    """Attempts in the order of their beginning are numbered, then sorted for people."""
    began = pc.coalesce(*(rows[name] for name in MOMENTS))
    order = pc.sort_indices(
        pa.table({"began": began, "id": rows["attempt_id"].cast(pa.string())}),
        [("began", "ascending"), ("id", "ascending")],
    )
    keys = list(_pairs(rows, "cluster", "job_id", "workflow", "node_name"))
    whose = [_whose(placing, *key) for key in keys]
    kept = _kept(rows, whose)
    of_job: dict[Any, int] = {}
    of_node: dict[Any, int] = {}
    places = []
    for at in order.to_pylist():
        job, node = keys[at][:2], whose[at]
        of_job[job] = of_job.get(job, 0) + 1
        of_node[node] = of_node.get(node, 0) + 1
        places.append(Place(at, of_job[job], of_node[node], at in kept))
    return sorted(places, key=lambda place: (keys[place.at][3] or "", cluster_id(keys[place.at][1]), place.number))


def _whose(placing: Placing, cluster: str, job: str, workflow: str | None, node: str | None) -> tuple[str | None, ...]:
    """What the attempt is a try of: its node, without one its job. A name that DAGs declare is no node by itself."""
    is_node = node and not _is_ownerless(placing, cluster, workflow, node)
    return (cluster, workflow, node) if is_node else (cluster, job)


def _is_ownerless(placing: Placing, cluster: str, workflow: str | None, node: str | None) -> bool:
    """Has the job the name of a node that DAGs declare, and nothing says whose it is?"""
    return bool(node) and not workflow and placing.is_declared(cluster, node)


def cluster_id(job: str) -> int:
    """HTCondor's cluster of a job, 0 for what is none."""
    number = job.partition(".")[0]
    return int(number) if number.isdecimal() and len(number) < 19 else 0


def _kept(rows: pa.Table, whose: list[tuple[str | None, ...]]) -> set[int]:
    """The attempts whose result was kept: of each node the longest that ended with success (`metrics.workflows.tries`)."""
    kept: dict[Any, tuple[Any, Any, int]] = {}
    for at, (state, started, ended) in enumerate(_pairs(rows, "state", "started_at", "ended_at")):
        if state == "completed" and started is not None and ended is not None:
            tried = (started - ended, ended, at)  # the longest first, of equal ones the first to end
            kept[whose[at]] = min(kept.get(whose[at], tried), tried)
    return {at for _, _, at in kept.values()}
