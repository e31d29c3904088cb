"""Machines that take no new work: which and why, and what still runs on those that are draining."""

from typing import Any

from gpuledger.metrics.now import draining, machines
from gpuledger.model.chart import Axis, Chart, Lines, Series
from gpuledger.model.document import Block, Column, Section, Table
from gpuledger.reports import _words as words
from gpuledger.reports._rolling.scene import TabScene
from gpuledger.reports._scene import as_utc

_OUT = ("DRAIN", "DOWN", "FAIL", "MAINT")
_MOST_POINTS = 2000
"""More readings are thinned evenly: a line does not show them."""


def out_of_service(scene: TabScene) -> Section | None:
    """Of the whole cluster, whatever the tab; None where nobody tells of machines or all are in service."""
    rows = scene.ask.rows(machines(scene.at, scene.ask.where)).to_pylist()
    out = [row for row in rows if any(word in (row["host_state"] or "").upper() for word in _OUT)]
    course = scene.ask.rows(draining(scene.ask.period, scene.ask.where)).to_pylist()
    blocks: list[Block] = [_table(scene, rows, out)] if out else []
    if any(row["cpus"] for row in course):
        blocks.append(_course(scene, course))
    return Section("machines", "Machines out of service", tuple(blocks)) if blocks else None


def _table(scene: TabScene, rows: list[dict[str, Any]], out: list[dict[str, Any]]) -> Table:
    busy = sorted(out, key=lambda row: (-(row["allocated_cpu_count"] or 0), row["host"]))
    shown = busy[: scene.rows]
    names = (
        "host",
        "host_state",
        "reason",
        "allocated_cpu_count",
        "allocated_gpu_count",
        "total_cpu_count",
        "total_gpu_count",
    )
    return Table(
        id="machines-out",
        title="Machines out of service now",
        columns=(
            Column("host", "Machine"), Column("state", "State"), Column("reason", "Reason", rank=1),
            Column("cpus_held", "CPUs still held", "count"), Column("gpus_held", "GPUs still held", "count"),
            Column("cpus", "CPUs", "count"), Column("gpus", "GPUs", "count"),
        ),
        rows=tuple(tuple(row[name] for name in names) for row in shown),
        totals=("All of them", None, None, *(sum(row[name] or 0 for row in out) for name in names[3:])),
        finding=f"{words.plural(len(out), 'machine')} of {words.count(len(rows))} take no new work.",
        foot=f"As of {scene.stamp}; of the whole cluster.",
        left_out=f"{len(busy) - len(shown)} more." if len(busy) > len(shown) else "",
    )  # fmt: skip


def _course(scene: TabScene, course: list[dict[str, Any]]) -> Chart:
    kept = course[:: -(-len(course) // _MOST_POINTS)]
    kept += course[-1:] if kept[-1] is not course[-1] else []
    left = course[-1]["cpus"] or 0.0
    return Chart(
        id="cpus-to-drain",
        title="CPUs that jobs still hold on draining machines",
        finding=f"{words.count(left)} CPUs are still to drain." if left else "Every draining machine is empty now.",
        x=Axis("", kind="time", values=tuple(as_utc(row["time"]) for row in kept), zone=scene.ask.display_zone),  # type: ignore[misc]
        y=Axis("CPUs", unit="count"),
        shape=Lines("line", False, (Series("cpus", "CPUs", tuple(row["cpus"] for row in kept)),)),
        foot=f"At each reading of the machines · {scene.foot}",
    )
