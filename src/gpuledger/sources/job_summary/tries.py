"""Tries of nodes: the attempts of one HTCondor cluster together are one try of its node."""

from dataclasses import dataclass, field
from typing import Any

from gpuledger.sources.job_summary.attempts import Read

Key = tuple[str, str, str, str, int]
"""Access point, DAG, run, node, HTCondor cluster (0: the node itself)."""


@dataclass
class Tries:
    """The last attempt of each try and of each declared node so far, and the declared nodes that were never tried."""

    last: dict[Key, Read] = field(default_factory=dict)
    others: list[dict[str, Any]] = field(default_factory=list)

    def add(self, found: Read) -> None:
        told = found.attempt
        self.others += [{**other, "try_number": 0, "attempt_id": None} for other in found.others]
        number = told["job_id"].partition(".")[0]
        if not (told["workflow"] and told["node_name"] and number.isdigit()):
            return
        run = told["workflow_run"] or told["workflow"]
        node = (told["cluster"], told["workflow"], run, told["node_name"])
        self._put((*node, int(number)), found)
        if found.is_declared:
            self._put((*node, 0), found)

    def _put(self, key: Key, found: Read) -> None:
        """Of several jobs of a node the last one counts, of several attempts of a job too."""
        before = self.last.get(key)
        if before is None or _age(before) <= _age(found):
            self.last[key] = found

    def rows(self) -> list[dict[str, Any]]:
        """One row of workflow_nodes for each try; for each declared node one with the number 0."""
        return [*(_row(key, found) for key, found in self.last.items()), *self.others]


def _age(found: Read) -> tuple[int, int]:
    number = found.attempt["job_id"].partition(".")[0]
    return int(number), found.sequence


def _row(key: Key, found: Read) -> dict[str, Any]:
    cluster, workflow, run, node, number = key
    return {
        "cluster": cluster,
        "workflow": workflow,
        "workflow_run": run,
        "node_name": node,
        "try_number": number,
        "workflow_step": found.attempt["workflow_step"],
        "target_site": found.attempt.get("target_site"),
        "job_id": found.attempt["job_id"],
        "attempt_id": found.attempt["attempt_id"],
        "retry_limit": found.retry_limit,
        "is_done_in_rescue": found.is_done_in_rescue,
        "state": found.attempt["state"],
        "end_reason": found.attempt.get("end_reason"),
    }
