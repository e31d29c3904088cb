"""Nodes and tries as rows of workflow_nodes, and what the files of a DAG disagree about."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gpuledger.model.workflow import step_of
from gpuledger.sources.dagman.graph import Graph, Node
from gpuledger.sources.dagman.progress import Progress
from gpuledger.sources.dagman.rescue import Metrics, Rescue

if TYPE_CHECKING:
    from gpuledger.sources.dagman import Dagman


@dataclass
class Told:
    """All that the files of one DAG tell."""

    name: str
    cluster: str
    graph: Graph
    progress: Progress
    rescues: list[Rescue] = field(default_factory=list)
    metrics: Metrics | None = None

    @property
    def workflow(self) -> str:
        """The DAG's name without folder and `.dag`."""
        return workflow_name(self.name)

    @property
    def newest(self) -> Rescue | None:
        """The rescue file with the highest number."""
        return max(self.rescues, key=lambda one: one.number, default=None)

    @property
    def observed_at(self) -> datetime | None:
        """The last moment that any of the files tells; None for a DAG alone, which gives way to every other reading."""
        moments = [
            self.progress.last,
            self.metrics and self.metrics.ended_at,
            *(one.created_at for one in self.rescues),
        ]
        return max((moment for moment in moments if moment), default=None)


@lru_cache(maxsize=64)
def workflow_name(file: str) -> str:
    """`global_pretraining` of `/home/ann/global_pretraining.dag`."""
    return PurePosixPath(file).name.removesuffix(".dag") or file


def node_rows(told: Told, source: "Dagman") -> Iterator[dict[str, Any]]:
    """One row for each declared node."""
    newest, observed = told.newest, told.observed_at
    for node in told.graph.nodes.values():
        last = told.progress.last_try.get(node.name)
        is_done = None if newest is None else node.name in newest.done
        state, reason = _node_state(node, told, is_done)
        yield {
            **_about(told, node, source),
            "node_name": node.name,
            "try_number": 0,
            "retry_limit": _retries(node, newest),
            "is_done_in_rescue": is_done,
            "job_id": last and last.job_id,
            "state": state,
            "end_reason": reason,
            "observed_at": observed,
        }


def try_rows(told: Told, source: "Dagman") -> Iterator[dict[str, Any]]:
    """One row for each try that dagman.out tells of; of a node that no DAG declares too."""
    observed = told.observed_at if told.graph.nodes else None
    for one in told.progress.tries.values():
        node = told.graph.nodes.get(one.node)
        yield {
            **_about(told, node or Node(one.node, ""), source),
            "node_name": one.node,
            "try_number": one.cluster,
            "job_id": one.job_id,
            "retry_limit": node and node.retry_limit,
            "state": one.state,
            "end_reason": one.end_reason,
            "observed_at": observed,
        }


def _about(told: Told, node: Node, source: "Dagman") -> dict[str, Any]:
    values = node.variables
    stepped = next((values[name] for name in source.step_variables if values.get(name)), None)
    return {
        "cluster": told.cluster,
        "workflow": told.workflow,
        "workflow_run": values.get(source.run_variable) or told.workflow,
        "node_kind": node.kind or None,
        "workflow_step": step_of(node.name, source.step_pattern) or stepped,
        "target_site": node.target(source.target_variable),
    }


def _retries(node: Node, newest: Rescue | None) -> int | None:
    return node.retry_limit if node.retry_limit is not None or newest is None else newest.retries.get(node.name)


def _node_state(node: Node, told: Told, is_done: bool | None) -> tuple[str, str | None]:
    """How the node stands by the strongest word: done in a rescue or the DAG, all done by the metrics, its last try."""
    if is_done:
        return "completed", "done in the rescue file"
    if node.is_counted and told.metrics and told.metrics.is_all_done:
        return "completed", "all nodes succeeded by the metrics"
    post, last = told.progress.post.get(node.name), told.progress.last_try.get(node.name)
    if post is not None:
        return ("completed" if post.startswith("completed") else "failed"), f"POST script {post}"
    if last is not None:
        return last.state, last.end_reason
    if node.is_done:
        return "completed", "done in the DAG"
    return ("pending" if told.progress.line_count else "other"), None


def disagreements(told: Told) -> Iterator[str]:
    """Sentences on totals that do not agree, for people."""
    counted = sum(node.is_counted for node in told.graph.nodes.values())
    claims = [("dagman.out", told.progress.total), ("the metrics", told.metrics and told.metrics.nodes)]
    if told.newest:
        claims.append((told.newest.name, told.newest.total))
    for who, total in claims:
        if total is not None and told.graph.nodes and total != counted:
            yield f"{told.name} declares {counted:,} nodes, {who} counts {total:,}: it was another version of the DAG, or a file is missing."
    yield from _about_rescue(told)
    if told.metrics and told.metrics.succeeded is not None and told.progress.tries and told.graph.nodes:
        done = sum(state == "completed" for state, _ in _states(told))
        apart = len(told.graph.nodes) - counted  # HTCondor 23 counts service nodes among those that succeeded
        if not done <= told.metrics.succeeded <= done + apart:
            yield f"The metrics of {told.name} count {told.metrics.succeeded:,} nodes that succeeded, its other files show {done:,}."


def _states(told: Told) -> Iterator[tuple[str, str | None]]:
    newest = told.newest
    for node in told.graph.nodes.values():
        if node.is_counted:
            yield _node_state(node, told, newest is not None and node.name in newest.done)


def _about_rescue(told: Told) -> Iterator[str]:
    newest = told.newest
    if newest is None:
        return
    if newest.premarked is not None and newest.premarked != len(newest.done):
        yield f"{newest.name} says {newest.premarked:,} nodes are done and names {len(newest.done):,}: it was cut off or changed."
    if told.graph.nodes and (strange := newest.done - told.graph.nodes.keys()):
        yield f"{newest.name} marks {len(strange):,} nodes done that {told.name} does not declare."
