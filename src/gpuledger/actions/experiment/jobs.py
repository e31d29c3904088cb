"""What each job of a ledger is a try of, told once for all its attempts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.metrics.workflows.names import coded, distinct
from gpuledger.metrics.workflows.nodes import Node, Placing
from gpuledger.model.workflow import step_of

if TYPE_CHECKING:
    from gpuledger.metrics.events import Whole

NODE_COLUMNS = {"workflow": 0, "workflow_run": 1, "node_name": 2, "workflow_step": 3, "target_site": 4}
"""Columns of an attempt that its node tells, and where in a Node."""
NOWHERE = Node(None, None, None, None, None)
JobKey = tuple[str, str]
NodeKey = tuple[str, str | None, str | None]
"""Access point, workflow, node."""


@dataclass(frozen=True, eq=False)
class Jobs:
    """Jobs in the order of their first rows; a job whose attempts name several nodes is there once for each.

    `jobs` and `nodes` say which are the same job, and which are tries of the same node; `of_rows` whose each attempt is.
    """

    keys: Sequence[JobKey]
    named: Sequence[NodeKey]
    placed: Sequence[Node]
    is_ownerless: "np.ndarray[Any, np.dtype[np.bool_]]"
    """Has it the name of a node that DAGs declare, and nothing says whose it is? Then it counts for itself."""
    jobs: "Whole"
    nodes: "Whole"
    of_rows: "Whole"

    @classmethod
    def of(cls, rows: pa.Table, placing: Placing) -> "Jobs":
        """The jobs of attempts. A name that DAGs declare is no node by itself."""
        told, of_rows = _distinct(rows, "cluster", "job_id", "workflow", "node_name")
        placed = [placing.find(*job) or NOWHERE for job in told]
        named = [
            (cluster, dag if dag is not None else node.workflow, name if name is not None else node.name)
            for (cluster, _, dag, name), node in zip(told, placed, strict=True)
        ]
        keys = [job[:2] for job in told]
        ownerless = [bool(name) and not dag and placing.is_declared(cluster, name) for cluster, dag, name in named]
        whose = [
            node if node[2] and not alone else key for key, node, alone in zip(keys, named, ownerless, strict=True)
        ]
        return cls(keys, named, placed, np.array(ownerless, dtype=np.bool_), _codes(keys), _codes(whose), of_rows)

    def named_in(self, rows: pa.Table) -> pa.Table:
        """The attempts under the names of their nodes, where the ledger knows them."""
        jobs = pa.array(self.of_rows)
        for name, at in NODE_COLUMNS.items():
            told = pa.array([node[at] for node in self.placed], pa.string()).take(jobs)
            rows = _put(rows, name, pc.coalesce(rows[name], told))
        pairs, of_rows = _distinct(rows, "workflow_step", "node_name")
        steps = pa.array([step or (node and step_of(node)) for step, node in pairs], pa.string())
        return _put(rows, "workflow_step", steps.take(pa.array(of_rows)))


def _distinct(rows: pa.Table, *names: str) -> "tuple[list[Any], Whole]":
    """The different combinations of values in the order of their first rows, and which of them each row has."""
    columns = [coded(rows[name]) for name in names]
    first, of_rows = distinct(*(codes for codes, _ in columns))
    values = ([labels[code] for code in codes[first].tolist()] for codes, labels in columns)
    return list(zip(*values, strict=True)), of_rows


def _codes(keys: Sequence[Any]) -> "Whole":
    seen: dict[Any, int] = {}
    return np.array([seen.setdefault(key, len(seen)) for key in keys], dtype=np.int64)


def _put(rows: pa.Table, name: str, values: "pa.Array | pa.ChunkedArray") -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, values)
