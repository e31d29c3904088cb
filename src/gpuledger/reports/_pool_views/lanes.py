"""State lanes: GPUs × time, grouped by model."""

from collections.abc import Iterable, Mapping
from typing import Any

from gpuledger.metrics.states.lanes import ABSENT, NO_DATA, SHOWN, Lane, Lanes
from gpuledger.model.capacity import CLASSES
from gpuledger.model.chart import Axis, Chart, Grid, GridGroup, GridRow
from gpuledger.reports import _words as words
from gpuledger.reports._charts import STEPS, bin_step
from gpuledger.reports._pool_views.view import View
from gpuledger.reports._scene import named

MOST_COLUMNS = 500
STATES: Mapping[str, str] = {
    "primary": "P", "secondary": "S", "idle": "I", "owner": "O", "drained": "D", "prevented": "V", NO_DATA: "N",
}  # fmt: skip
"""States of the theme and their codes, in the order of drawing."""
_HOURS = {
    "primary": "allocated_gpu_hours", "secondary": "secondary_gpu_hours", "idle": "free_gpu_hours", "owner": "owner_gpu_hours",
    "drained": "drained_gpu_hours", "prevented": "prevented_gpu_hours",
}  # fmt: skip
PART_HOURS = ("present_gpu_hours", *_HOURS.values(), "gpus_seen")
"""What the head of a group is made of."""
_CODES = "".join({**STATES, "unknown": "N", ABSENT: " "}[name] for name in SHOWN)


def lane_step(view: View) -> float:
    """Width of a column: at most 500 of them, none narrower than the time between readings."""
    step = bin_step(view.ask.period.seconds, MOST_COLUMNS)
    reading = max((source.period_seconds or 0.0 for source in view.covered.sources), default=0.0)
    return next((width for width in STEPS if width >= max(step, reading)), step)


def grid(view: View, found: Lanes, title: str, finding: str, groups: Iterable[GridGroup] = ()) -> Chart:
    """The lanes under their model, hosts and GPUs by name."""
    lanes = sorted(found.lanes, key=lambda lane: (named(lane.model), lane.host, lane.gpu))
    rows = tuple(
        GridRow(f"{lane.host} / {lane.gpu}", named(lane.model), codes=codes(lane), category=CLASSES[lane.capacity])
        for lane in lanes
    )
    return Chart(
        id="lanes",
        title=f"{title}, state held longest in {words.duration(lane_step(view))}",
        finding=finding,
        x=Axis("", kind="time", values=found.edges[:-1], zone=view.ask.display_zone),
        y=Axis("GPUs", kind="category"),
        shape=Grid(rows, tuple(STATES), tuple(groups), "GPU model", "Class"),
        foot=f"One lane a GPU; an empty piece is a GPU that readings did not find · {view.foot}",
        gaps=view.gaps,
    )


def codes(lane: Lane) -> str:
    """One letter a column."""
    return "".join(_CODES[place] for place in lane.shown.tolist())


def group(model: str, hosts: int, row: Mapping[str, Any]) -> GridGroup:
    """What stands beside a model's name: its size and how long its GPUs were what. `row` holds `PART_HOURS`."""
    present = row["present_gpu_hours"]
    shares = ((state, row[_HOURS[state]] / present) for state in STATES if state != NO_DATA and present)
    return GridGroup(model, f"{words.plural(hosts, 'host')}, {words.plural(row['gpus_seen'], 'GPU')}", tuple(shares))
