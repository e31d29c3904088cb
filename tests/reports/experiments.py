"""Small experiments built from rows: nodes of one DAG and their attempts."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from gpuledger.metrics import Filter
from gpuledger.metrics.ask import StoreAsk
from gpuledger.metrics.workflows.read import read
from gpuledger.model.document import Document
from gpuledger.model.period import Period
from gpuledger.reports._experiment.scene import Scene
from gpuledger.reports.experiment import ExperimentParameters, build
from gpuledger.store.lake import Lake
from tests.reports.ledgers import END, MAY, attempt, hour, ledger

GIB = 2.0**30


def trial(number: int, node: str = "", *, begin: float = 1.0, hours: float = 2.0, **said: Any) -> dict[str, Any]:
    """One attempt of a node (a node of its own unless named) at OSPool: it began and ran so many hours, and succeeded."""
    row = {
        "workflow": "train", "workflow_run": "r0", "node_name": node or f"run0-train_epoch{number}", "kind": "dag_node",
        "site": "ospool", "state": "completed", "exit_code": 0, "submitted_at": hour(begin - 0.5),
        "started_at": hour(begin), "ended_at": hour(begin + hours), "host_names": ["gpu01"],
    }  # fmt: skip
    return attempt(number, **{**row, **said})


def failed(number: int, node: str = "", **said: Any) -> dict[str, Any]:
    """The same, ended with exit code 1."""
    return trial(number, node, **{"state": "failed", "exit_code": 1, **said})


def evicted(number: int, code: int, subcode: int = 0, **said: Any) -> dict[str, Any]:
    """The same, evicted with a code of HTCondor."""
    return trial(number, **{"state": "preempted", "exit_code": None, "end_code": code, "end_subcode": subcode, **said})


def scene(root: Path, attempts: Iterable[Mapping[str, Any]], gpus: Iterable[Mapping[str, Any]] = ()) -> Scene:
    """The attempts as sections are given them."""
    ask = StoreAsk(ledger(root, attempts, gpus=gpus), MAY, END)
    return Scene(ask, read(ask), 30)


def made(store: Lake, *where: Filter, period: Period = MAY, **chosen: Any) -> Document:
    """The report's Document."""
    return build(StoreAsk(store, period, END, period.zone, where), ExperimentParameters(**chosen))


def days(first: int, last: int) -> Period:
    """Days of the period, counted from 0."""
    return Period(MAY.start + timedelta(days=first), MAY.start + timedelta(days=last))
