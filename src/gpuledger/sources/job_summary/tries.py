"""Tries of nodes: the attempts of one HTCondor cluster together are one try of its node."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from sys import intern
from typing import Any, NamedTuple

from gpuledger.sources.job_summary.attempts import Read

Key = tuple[str, str, str, str, int]
"""Access point, DAG, run, node, HTCondor cluster (0: the node itself)."""


TOLD = ("workflow_step", "target_site", "job_id", "attempt_id", "state", "end_reason")
"""Columns that a try has of its attempt."""


class _Last(NamedTuple):
    """What a try needs of its last attempt: all that is told of every attempt would not fit into memory."""

    age: tuple[int, int]
    values: tuple[Any, ...]
    retry_limit: int | None
    is_done_in_rescue: bool | None


@dataclass
class Tries:
    """The last attempt of each try and of each declared node so far, and the declared nodes that were never tried."""

    last: dict[Key, _Last] = field(default_factory=dict)
    others: list[dict[str, Any]] = field(default_factory=list)

    def add(self, found: Read) -> None:
        told = found.attempt
        self.others += [{**other, "try_number": 0, "attempt_id": None} for other in found.others]
        number = told["job_id"].partition(".")[0]
        if not (told["workflow"] and told["node_name"] and number.isdigit()):
            return
        run = told["workflow_run"] or told["workflow"]
        node = (_one(told["cluster"]), _one(told["workflow"]), _one(run), _one(told["node_name"]))
        self._put((*node, int(number)), found)
        if found.is_declared:
            self._put((*node, 0), found)

    def _put(self, key: Key, found: Read) -> None:
        """Of several jobs of a node the last one counts, of several attempts of a job too."""
        before = self.last.get(key)
        age = _age(found)
        if before is None or before.age <= age:
            self.last[key] = _last(age, found)

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row of workflow_nodes for each try; for each declared node one with the number 0."""
        yield from (_row(key, last) for key, last in self.last.items())
        yield from self.others


def _age(found: Read) -> tuple[int, int]:
    number = found.attempt["job_id"].partition(".")[0]
    return int(number), found.sequence


def _last(age: tuple[int, int], found: Read) -> _Last:
    values = tuple(_one(found.attempt.get(name)) for name in TOLD)
    return _Last(age, values, found.retry_limit, found.is_done_in_rescue)


def _one(text: Any) -> Any:
    """Equal texts as one object: names stand in thousands of rows."""
    return intern(text) if type(text) is str else text


def _row(key: Key, last: _Last) -> dict[str, Any]:
    names = ("cluster", "workflow", "workflow_run", "node_name", "try_number", *TOLD)
    row = dict(zip(names, (*key, *last.values), strict=True))
    return {**row, "retry_limit": last.retry_limit, "is_done_in_rescue": last.is_done_in_rescue}
