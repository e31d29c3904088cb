"""Tries of nodes: the attempts of one HTCondor cluster together are one try of its node."""

from dataclasses import dataclass, field
from typing import Any

from gpuledger.sources.job_summary.attempts import Read

Key = tuple[str, str, str, str, int]
"""Access point, DAG, run, node, HTCondor cluster."""


@dataclass
class Tries:
    """The last attempt of each try so far."""

    last: dict[Key, Read] = field(default_factory=dict)

    def add(self, found: Read) -> None:
        told = found.attempt
        number = told["job_id"].partition(".")[0]
        if not (told["workflow"] and told["node_name"] and number.isdigit()):
            return
        run = told["workflow_run"] or told["workflow"]
        key = (told["cluster"], told["workflow"], run, told["node_name"], int(number))
        if key not in self.last or self.last[key].sequence <= found.sequence:
            self.last[key] = found

    def rows(self) -> list[dict[str, Any]]:
        """One row of workflow_nodes for each try."""
        return [_row(key, found) for key, found in self.last.items()]


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
