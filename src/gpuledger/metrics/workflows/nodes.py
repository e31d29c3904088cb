"""Which node of which workflow an attempt is a try of."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from gpuledger.metrics.workflows.names import coded

if TYPE_CHECKING:
    import pyarrow as pa

NO_ACCESS_POINT = "condor"
"""Under which nodes are kept when no file of a DAG names its access point; their jobs may be any one's."""
SERVICES = ("service",)
"""Kinds of nodes that run beside a workflow and are none of its work."""
ROWS_AT_ONCE = 4096


class Node(NamedTuple):
    """A node as the ledger knows it."""

    workflow: str | None
    run: str | None
    name: str | None
    step: str | None
    target: str | None


@dataclass(frozen=True)
class Placing:
    """Nodes by job and by name. Names repeat across DAGs: a name that several declare places nothing, and none places a
    job in a DAG of which DAGMan told the jobs. One that it did not tell is of another DAG, or from before or after what
    its files tell: a name cannot say which.
    """

    by_job: Mapping[tuple[str, str], Node]
    """By access point and HTCondor cluster: all jobs of one submission are of one node."""
    by_name: Mapping[tuple[str, str], Node | None]
    by_workflow: Mapping[tuple[str, str | None, str | None], tuple[Node, bool]]
    """With whether a rescue file says that it is done."""
    told: Collection[tuple[str, str | None]]
    """Workflows of which DAGMan told jobs, by access point."""

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> "Placing":
        by_job: dict[tuple[str, str], Node] = {}
        by_name: dict[tuple[str, str], Node | None] = {}
        by_workflow: dict[tuple[str, str | None, str | None], tuple[Node, bool]] = {}
        known: dict[Node, Node] = {}  # its tries share a node's one object
        told: set[tuple[str, str | None]] = set()
        for row in rows:
            if row["node_kind"] in SERVICES:
                continue
            node = Node(
                row["workflow"], row["workflow_run"], row["node_name"], row["workflow_step"], row["target_site"]
            )
            node = known.setdefault(node, node)
            if row["try_number"] > 0 and row["job_id"]:
                by_job[row["cluster"], submission(row["job_id"])] = node
                told.add((row["cluster"], node.workflow))
            if row["try_number"] == 0:
                by_workflow[row["cluster"], node.workflow, node.name] = node, bool(row["is_done_in_rescue"])
                name = row["cluster"], row["node_name"]
                by_name[name] = node if by_name.get(name, node) is node else None
        return cls(by_job, by_name, by_workflow, told)

    @cached_property
    def done(self) -> Mapping[tuple[str | None, str | None], tuple[int, int]]:
        """Of each (workflow, run) how many nodes its DAG declares, and how many a rescue file says are done."""
        done: dict[tuple[str | None, str | None], tuple[int, int]] = {}
        for node, is_done in self.by_workflow.values():
            count, of_them = done.get((node.workflow, node.run), (0, 0))
            done[node.workflow, node.run] = count + 1, of_them + is_done
        return done

    @property
    def declared(self) -> int:
        """Nodes that DAGs declare."""
        return sum(count for count, _ in self.done.values())

    def is_declared(self, cluster: str, name: str | None) -> bool:
        """Does a DAG declare a node of this name? Then the name alone does not say that an unplaced job is of that node."""
        return any((at, name) in self.by_name for at in (cluster, NO_ACCESS_POINT))

    def find(self, cluster: str, job_id: str, workflow: str | None, name: str | None) -> Node | None:
        """The node of a job: by DAGMan's own word, else by the name its log gives; None where that is not known."""
        number = submission(job_id)
        if found := self.by_job.get((cluster, number)) or self.by_job.get((NO_ACCESS_POINT, number)):
            return found
        if name is None:
            return None
        if workflow:
            places = ((at, workflow, name) for at in (cluster, NO_ACCESS_POINT))
            return next((self.by_workflow[place][0] for place in places if place in self.by_workflow), None)
        return self._named(cluster, name)

    def _named(self, cluster: str, name: str) -> Node | None:
        """The only node of this name, of the access point or of a DAG that names none, unless DAGMan told its DAG's jobs."""
        places = (cluster, NO_ACCESS_POINT)
        declared = {self.by_name[at, name] for at in places if (at, name) in self.by_name}
        named = declared.pop() if len(declared) == 1 else None
        return named if named and not any((at, named.workflow) in self.told for at in places) else None


def submission(job_id: str) -> str:
    """HTCondor's cluster of a job (`100.0` is of 100); '' for a job of another scheduler."""
    return job_id.rpartition(".")[0]


def texts_of(column: "pa.ChunkedArray") -> list[Any]:
    """The values of a column; equal ones are one object in memory."""
    codes, values = coded(column)
    return [values[code] for code in codes.tolist()]


def records(rows: "pa.Table") -> Iterator[dict[str, Any]]:
    """Rows as mappings, one at a time; equal texts of those that stand together are one object."""
    names = rows.column_names  # Arrow makes the list anew whenever it is asked for it
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        some = rows.slice(begin, ROWS_AT_ONCE)
        for values in zip(*(texts_of(column) for column in some.columns), strict=True):
            yield dict(zip(names, values, strict=True))
