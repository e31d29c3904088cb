"""The metrics of GPU states: declarations only.

A sum (`held`) is GPU-time over the time that readings cover, a `mean` the number of GPUs that gives when it is divided
by that time. Both count physical GPUs once, each in the first part of `facts.PARTS` that holds.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from gpuledger.metrics import Kind, Metric
from gpuledger.metrics.relation import one
from gpuledger.model.document import Better, Format

if TYPE_CHECKING:
    import ibis.expr.types as ir

TABLE = "gpu_states"
_COVERED = "Counted over the time that readings cover; nothing is extrapolated."

Expression = Callable[["ir.Table"], "ir.Value"]


def _part(*names: str) -> Expression:
    return lambda t: one(t.part.isin(names))


_COUNTED: tuple[tuple[str, str, str, Better, Expression], ...] = (
    ("present", "Present", "all physical GPUs that were reported", "neither", lambda t: one(t.cluster.notnull())),
    ("allocated", "Allocated", "GPUs claimed by a job of the primary side, draining ones included", "high", lambda t: one(t.is_claimed)),
    ("secondary", "Secondary", "GPUs on which only a secondary (backfill) job ran", "high", lambda t: one(t.is_lent)),
    ("drained", "Drained", "GPUs out of service (drained, down, in maintenance) on which no job ran", "low", _part("drained")),
    ("prevented", "Prevented", "GPUs in service that may not start work for a stated reason, and on which no job ran", "low", _part("prevented")),
    ("owner", "With their owner", "GPUs kept for their owner or by a reservation, on which no job ran", "neither", _part("owner")),
    ("idle", "Idle", "GPUs that were free", "low", _part("idle")),
    ("unknown", "State not known", "GPUs of which the reading does not say enough", "low", _part("unknown")),
    ("draining", "Draining", "GPUs that are drained while a job still runs on them; they count as allocated or secondary", "neither", lambda t: one(t.is_draining)),
    ("with_reason", "With a reason set", "GPUs without a job that have a reason set against new work, drained or not", "low", lambda t: one(t.is_reasoned)),
    ("both_sides", "On both sides", "GPUs claimed by a primary and a secondary job at once; they count as allocated", "low", lambda t: one(t.is_shared)),
    ("reason_told", "Reason collected", "GPUs whose reading tells whether a reason is set", "neither", lambda t: one(t.is_reason_told)),
)  # fmt: skip


_HOURS = {"idle": "free_gpu_hours"}
"""idle_gpu_hours are those that a job held and did not use."""


def _of_counted() -> Iterator[Metric]:
    for name, label, meaning, better, expression in _COUNTED:
        hours = _HOURS.get(name, f"{name}_gpu_hours")
        said = f"{meaning[0].upper()}{meaning[1:]}"
        yield _metric(
            hours, f"{label} (GPU-hours)", "gpu_hour", f"{said}, × hours. {_COVERED}", "held", better, expression
        )
        yield Metric(
            f"{name}_gpus", label, "gpu", f"Mean number of {meaning}. {_COVERED}", "mean", better=better,
            numerator=hours, table=TABLE,
        )  # fmt: skip


def _metric(  # noqa: PLR0913 - a declaration reads best in one call
    name: str, label: str, form: Format, meaning: str, kind: Kind, better: Better, expression: Expression
) -> Metric:
    return Metric(name, label, form, meaning, kind, expression, better, table=TABLE)


def _ratio(name: str, label: str, meaning: str, numerator: str, denominator: str) -> Metric:
    return Metric(
        name, label, "ratio", meaning, "ratio", better="high", numerator=numerator, denominator=denominator, table=TABLE
    )


METRICS: tuple[Metric, ...] = (
    *_of_counted(),
    _metric(
        "observed_gpu_hours", "Observed GPU-hours", "gpu_hour",
        f"GPU-hours of jobs on either side, as seen in readings of the GPUs' states. {_COVERED} Never added to gpu_hours,"
        " which come from the accounting of jobs.", "held", "high", lambda t: one(t.is_claimed | t.is_lent),
    ),
    _metric(
        "observed_primary_gpu_hours", "Primary GPU-hours", "gpu_hour",
        f"GPU-hours of jobs of the primary side, as seen in readings. {_COVERED}", "held", "high", lambda t: one(t.is_claimed),
    ),
    _metric(
        "observed_secondary_gpu_hours", "Secondary GPU-hours", "gpu_hour",
        f"GPU-hours of secondary (backfill) jobs on GPUs without a primary job, as seen in readings. {_COVERED}",
        "held", "high", lambda t: one(t.is_lent),
    ),
    _ratio(
        "allocated_ratio", "Allocated", "Allocated ÷ present GPU-time, the same GPUs in both.",
        "allocated_gpu_hours", "present_gpu_hours",
    ),
    _ratio(
        "secondary_ratio", "Secondary", "GPU-time of secondary jobs ÷ present GPU-time.",
        "secondary_gpu_hours", "present_gpu_hours",
    ),
    _ratio(
        "in_use_ratio", "In use", "GPU-time with a job of either side ÷ present GPU-time.",
        "observed_gpu_hours", "present_gpu_hours",
    ),
    _metric(
        "most_gpus", "Most at once", "gpu", "The largest number of GPUs with jobs of either side in any one reading.",
        "peak", "neither", lambda t: one(t.is_claimed | t.is_lent),
    ),
    _metric(
        "gpus_seen", "GPUs seen", "count", "Different GPUs (host and GPU) in any reading.", "distinct", "neither",
        lambda t: t.cluster.concat("/", t.host, "/", t.gpu),
    ),
    _metric(
        "hosts_seen", "Hosts seen", "count", "Different hosts with GPUs in any reading.", "distinct", "neither",
        lambda t: t.cluster.concat("/", t.host),
    ),
)  # fmt: skip
