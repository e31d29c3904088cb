"""What every number can be told apart by."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import ibis

from gpuledger.metrics import NO_GPU, Dimension, Filter
from gpuledger.metrics.relation import wait

if TYPE_CHECKING:
    import ibis.expr.types as ir

WAIT_CLASSES = (
    "under 1 min", "1 to 5 min", "5 to 15 min", "15 to 60 min", "1 to 4 h", "4 to 12 h", "12 to 24 h", "1 to 3 d",
    "3 d or more",
)  # fmt: skip
"""Values of the dimension `wait`, shortest first; null where the wait is not known."""
_WAIT_LIMITS = (60, 300, 900, 3600, 14_400, 43_200, 86_400, 259_200)

STATES = (
    "pending", "running", "suspended", "completed", "failed", "cancelled", "timeout", "out_of_memory", "node_fail",
    "preempted", "requeued", "boot_fail", "deadline", "revoked", "resizing", "removed", "held", "stopped", "other",
)  # fmt: skip
"""Every state an attempt may have."""

DIMENSIONS: tuple[Dimension, ...] = (
    Dimension(
        "user",
        "User",
        "Person the work is for; of a GPU the user of the job that counts on it, `nobody` where there is none.",
        "user_name",
        state_column="occupant",
    ),
    Dimension(
        "account", "Account", "Project or accounting group that is charged.", "account", state_column="occupant_account"
    ),
    Dimension("queue", "Queue", "Partition or queue.", "queue"),
    Dimension("qos", "QoS", "Quality of service.", "qos"),
    Dimension("cluster", "Cluster", "Scheduler or pool.", "cluster", state_column="cluster", event_column="cluster"),
    Dimension("site", "Site", "Place with machines: a data centre or a provider.", "site", event_column="site"),
    Dimension(
        "gpu_model",
        "GPU model",
        "Model of the GPUs held, `no GPU` where none was. An attempt with several models is split by their number; in"
        " counts it is under each.",
        "model_held",
        values=(NO_GPU,),
        state_column="gpu_model",
    ),
    Dimension("gpus", "GPUs per attempt", "GPUs one attempt held; `shared` for parts of a GPU.", "gpus_text"),
    Dimension(
        "uses_gpu",
        "Uses GPUs",
        "yes when the attempt held a GPU or a part of one, else no.",
        "uses_gpu",
        values=("yes", "no"),
    ),
    Dimension("state", "State", "How the attempt ended, or where it stands.", "state", values=STATES),
    Dimension("kind", "Kind", "batch, interactive, array, session, application, model …", "kind"),
    Dimension("workflow", "Workflow", "Workflow (DAG) the job belongs to.", "workflow"),
    Dimension("workflow_run", "Run", "One execution of a workflow.", "workflow_run"),
    Dimension("target_site", "Target", "Site the workflow asked for.", "target_site"),
    Dimension("job_name", "Job name", "Name given by the user.", "job_name"),
    Dimension(
        "wait",
        "Wait",
        "How long the attempt waited from submission to start, in classes.",
        "wait_class",
        values=WAIT_CLASSES,
    ),
    Dimension("hour", "Hour", "Hour of the display zone; the repeated hour of a DST night is two.", calendar="hour"),
    Dimension("day", "Day", "Day of the display zone, 23 or 25 hours on a DST change.", calendar="day"),
    Dimension("week", "Week", "ISO week (from Monday) of the display zone.", calendar="week"),
    Dimension("month", "Month", "Month of the display zone.", calendar="month"),
    Dimension("quarter", "Quarter", "Quarter of the display zone.", calendar="quarter"),
    Dimension("year", "Year", "Year of the display zone.", calendar="year"),
)
BY_NAME: Mapping[str, Dimension] = {dimension.name: dimension for dimension in DIMENSIONS}


def column_of(rows: "ir.Table", dimension: Dimension) -> "ir.StringValue":
    """The dimension's value of each row: a column, or what is told from some."""
    return _TOLD[dimension.column](rows) if dimension.column in _TOLD else rows[dimension.column]


def _gpus(rows: "ir.Table") -> "ir.StringValue":
    is_whole = rows.gpu_count == rows.gpu_count.floor()
    return ibis.cases(
        (rows.gpu_count.isnull(), ibis.null("string")),
        (is_whole, rows.gpu_count.cast("int64").cast("string")),
        else_="shared",
    )


def _uses_gpu(rows: "ir.Table") -> "ir.StringValue":
    return ibis.cases((rows.gpu_count.isnull(), ibis.null("string")), (rows.gpu_count > 0, "yes"), else_="no")


def _wait_class(rows: "ir.Table") -> "ir.StringValue":
    waited = wait(rows, rows.submitted_at)
    shorter = [(waited < limit, name) for limit, name in zip(_WAIT_LIMITS, WAIT_CLASSES, strict=False)]
    return ibis.cases((waited.isnull(), ibis.null("string")), *shorter, else_=WAIT_CLASSES[-1])


def _model(rows: "ir.Table") -> "ir.StringValue":
    has_none = rows.gpu_model.isnull() & (rows.gpu_count == 0)
    return has_none.ifelse(ibis.literal(NO_GPU), rows.gpu_model)


_TOLD: "Mapping[str, Callable[[ir.Table], ir.StringValue]]" = {
    "gpus_text": _gpus,
    "uses_gpu": _uses_gpu,
    "model_held": _model,
    "wait_class": _wait_class,
}


def keeps(rows: "ir.Table", dimension: Dimension, wanted: Filter) -> "ir.BooleanValue":
    """The filter as a condition that is never null."""
    return is_one_of(column_of(rows, dimension), wanted)


def is_one_of(column: "ir.StringValue", wanted: Filter) -> "ir.BooleanValue":
    """The filter on a column as a condition that is never null."""
    known = [value for value in wanted.values if value is not None]
    is_one = column.isin(known).fill_null(False) if known else ibis.literal(False)
    if None in wanted.values:
        is_one = is_one | column.isnull()
    return is_one if wanted.op == "=" else ~is_one
