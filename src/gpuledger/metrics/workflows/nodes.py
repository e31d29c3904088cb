"""Which node of which workflow an attempt is a try of."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

NO_ACCESS_POINT = "condor"
"""Under which nodes are kept when no file of a DAG names its access point; their jobs may be any one's."""
SERVICES = ("service",)
"""Kinds of nodes that run beside a workflow and are none of its work."""


class Node(NamedTuple):
    """A node as the ledger knows it."""

    workflow: str | None
    run: str | None
    name: str | None
    step: str | None
    target: str | None


@dataclass(frozen=True)
class Placing:
    """Nodes by job and by name. Names repeat across DAGs: a name that several declare places nothing."""

    by_job: Mapping[tuple[str, str], Node]
    by_name: Mapping[tuple[str, str], Node | None]
    by_workflow: Mapping[tuple[str, str, str], Node]
    declared: int
    never_submitted: int
    done_in_rescue: int

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> "Placing":
        by_job: dict[tuple[str, str], Node] = {}
        known: dict[Node, Node] = {}  # its tries share a node's one object
        named: dict[tuple[str, str], set[Node]] = defaultdict(set)
        declared: dict[tuple[str, str | None, str | None], tuple[bool, bool]] = {}
        for row in rows:
            if row["node_kind"] in SERVICES:
                continue
            node = Node(
                row["workflow"], row["workflow_run"], row["node_name"], row["workflow_step"], row["target_site"]
            )
            node = known.setdefault(node, node)
            if row["try_number"] > 0 and row["job_id"]:
                by_job[row["cluster"], row["job_id"]] = node
            if row["try_number"] == 0:
                is_pending = row["state"] in ("pending", "other") and not row["job_id"]
                declared[row["cluster"], node.workflow, node.name] = is_pending, bool(row["is_done_in_rescue"])
                named[row["cluster"], row["node_name"]].add(node)
        by_name = {key: next(iter(those)) if len(those) == 1 else None for key, those in named.items()}
        by_workflow = {
            (cluster, node.workflow or "", name): node for (cluster, name), those in named.items() for node in those
        }
        pending = sum(is_pending for is_pending, _ in declared.values())
        done = sum(is_done for _, is_done in declared.values())
        return cls(by_job, by_name, by_workflow, len(declared), pending, done)

    def is_shared(self, cluster: str, name: str | None) -> bool:
        """Do several DAGs declare a node of this name? Then the name alone does not say whose a job is."""
        known = ((at, name or "") for at in (cluster, NO_ACCESS_POINT))
        return any(key in self.by_name and self.by_name[key] is None for key in known)

    def find(self, cluster: str, job_id: str, workflow: str | None, name: str | None) -> Node | None:
        """The node of a job: by DAGMan's own word, else by the name its log gives; None where that is not known."""
        if found := self.by_job.get((cluster, job_id)) or self.by_job.get((NO_ACCESS_POINT, job_id)):
            return found
        if name is None:
            return None
        if workflow and (
            found := self.by_workflow.get((cluster, workflow, name))
            or self.by_workflow.get((NO_ACCESS_POINT, workflow, name))
        ):
            return found
        if workflow:
            return None
        return self.by_name.get((cluster, name)) or self.by_name.get((NO_ACCESS_POINT, name))
