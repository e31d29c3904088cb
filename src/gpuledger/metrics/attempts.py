"""The metrics of attempts and jobs: declarations only.

`held` expressions are rates (what an attempt holds while it runs); the engine multiplies them by the time inside the
period. A rate is null where the source does not say: null is not zero, and such an attempt is left out of that number.
"""

from typing import TYPE_CHECKING

from gpuledger.metrics import Metric
from gpuledger.metrics.relation import is_start_told, one, run, seconds, wait

if TYPE_CHECKING:
    import ibis.expr.types as ir

GIB = 2.0**30
KEPT = ("completed",)
UNDECIDED = ("pending", "running", "suspended", "resizing", "held", "stopped", "other")
"""States of an attempt whose result is neither kept nor lost: not yet, or not told (as is that of no state at all)."""


def _if(condition: "ir.BooleanValue", amount: "ir.NumericValue") -> "ir.NumericValue":
    """The amount where the condition holds, else 0; null where the amount is not known."""
    return amount * one(condition)


def _wait(t: "ir.Table") -> "ir.FloatingValue":
    return wait(t, t.submitted_at)


def _eligible_wait(t: "ir.Table") -> "ir.FloatingValue":
    return wait(t, t.eligible_at.coalesce(t.submitted_at))


def _executed(t: "ir.Table") -> "ir.BooleanValue":
    """A record that ended resizing is a part of an attempt that went on."""
    return t.started_at.notnull() & (t.state != "resizing").fill_null(True)


def _decided(t: "ir.Table") -> "ir.BooleanValue":
    return t.started_at.notnull() & t.state.notin(UNDECIDED)


def _everything(t: "ir.Table") -> "ir.BooleanValue":
    """Whatever holds something has begun: of no other column is more known, nor read for this."""
    return t.started_at.notnull()


HELD = (
    Metric(
        "gpu_hours", "GPU-hours", "gpu_hour",
        "GPUs held × hours inside the period. 2 GPUs for 30 minutes are 1 GPU-hour; a job over the edge counts on each"
        " side by its overlap.",
        "held", lambda t: t.gpu_count,
    ),
    Metric(
        "cpu_hours", "CPU-hours", "hour", "CPUs held × hours inside the period.", "held", lambda t: t.cpu_count
    ),
    Metric(
        "memory_gib_hours", "Memory GiB-hours", "hour", "Memory held in GiB × hours inside the period.",
        "held", lambda t: t.memory_bytes / GIB,
    ),
    Metric(
        "node_hours", "Node-hours", "hour", "Machines held (whole or in part) × hours inside the period.",
        "held", lambda t: t.node_count,
    ),
    Metric(
        "attempt_hours", "Wall hours", "hour", "Hours inside the period that attempts held resources, one per attempt.",
        "held", lambda t: one(_everything(t)),
    ),
    Metric(
        "requested_gpu_hours", "Requested GPU-hours", "gpu_hour",
        "GPUs asked for × hours held inside the period; beside gpu_hours it shows what was given differently.",
        "held", lambda t: t.requested_gpu_count,
    ),
    Metric(
        "requested_cpu_hours", "Requested CPU-hours", "hour", "CPUs asked for × hours held inside the period.",
        "held", lambda t: t.requested_cpu_count,
    ),
    Metric(
        "good_gpu_hours", "Good GPU-hours", "gpu_hour", "GPU-hours of attempts that completed: their result was kept.",
        "held", lambda t: _if(t.state.isin(KEPT), t.gpu_count), "high",
    ),
    Metric(
        "lost_gpu_hours", "Lost GPU-hours", "gpu_hour",
        "GPU-hours of attempts that ended in any way but completed; by state it tells the cause.",
        "held", lambda t: _if(t.state.notin((*KEPT, *UNDECIDED)), t.gpu_count), "low",
    ),
    Metric(
        "open_gpu_hours", "Undecided GPU-hours", "gpu_hour",
        "GPU-hours of attempts that have not ended, or whose outcome was not told: good, lost and undecided add up to"
        " all GPU-hours.",
        "held", lambda t: _if(t.state.isin(UNDECIDED) | t.state.isnull(), t.gpu_count),
    ),
    Metric(
        "busy_gpu_hours", "Busy GPU-hours", "gpu_hour",
        "Measured busy ratio × GPU-hours, of the attempts that reported it.",
        "held", lambda t: t.gpu_busy_ratio * t.gpu_count, "high",
    ),
    Metric(
        "measured_gpu_hours", "Measured GPU-hours", "gpu_hour",
        "GPU-hours of the attempts that reported how busy their GPUs were.",
        "held", lambda t: _if(t.gpu_busy_ratio.notnull(), t.gpu_count), "high",
    ),
    Metric(
        "unmeasured_gpu_hours", "Unmeasured GPU-hours", "gpu_hour",
        "GPU-hours of attempts that did not report how busy their GPUs were: neither used nor wasted, not known.",
        "held", lambda t: _if(t.gpu_busy_ratio.isnull(), t.gpu_count), "low",
    ),
    Metric(
        "idle_gpu_hours", "Idle GPU-hours", "gpu_hour",
        "GPU-hours of attempts whose GPUs were at 0 % for the whole attempt; only attempts that were measured.",
        "held", lambda t: _if(t.gpu_busy_ratio == 0, t.gpu_count) + t.gpu_busy_ratio * 0, "low",
    ),
    Metric(
        "unused_gpu_hours", "Unused GPU-hours", "gpu_hour",
        "(1 − busy ratio) × GPU-hours, of the attempts that were measured; idle GPU-hours are part of it.",
        "held", lambda t: (1 - t.gpu_busy_ratio) * t.gpu_count, "low",
    ),
)  # fmt: skip

COUNTS = (
    Metric(
        "attempts", "Attempts", "count",
        "Attempts that held resources at some moment of the period.", "active", _everything,
    ),
    Metric(
        "gpu_attempts", "GPU attempts", "count",
        "Attempts with a GPU (or part of one) that held it at some moment of the period.",
        "active", lambda t: t.gpu_count > 0,
    ),
    Metric(
        "jobs", "Jobs", "count",
        "Jobs with an attempt that held resources in the period. Tries of one job after a requeue, preemption, node"
        " failure or resize are one job; a recycled id is a new one.",
        "jobs", _everything,
    ),
    Metric(
        "gpu_jobs", "GPU jobs", "count", "The same of jobs with GPUs.", "jobs", lambda t: t.gpu_count > 0
    ),
    Metric(
        "users", "Users", "count", "Different people with an attempt that held resources in the period.",
        "distinct", lambda t: t.user_name,
    ),
    Metric(
        "accounts", "Accounts", "count", "Different accounts with an attempt that held resources in the period.",
        "distinct", lambda t: t.account,
    ),
)  # fmt: skip

SUBMITTED = (
    Metric(
        "attempts_submitted", "Submitted", "count", "Attempts handed to the scheduler in the period.",
        "submitted", lambda t: t.count(),
    ),
)  # fmt: skip

STARTED = (
    Metric(
        "attempts_started", "Started", "count",
        "Attempts that began to hold resources in the period, where their start is told.",
        "started", lambda t: t.count(where=is_start_told(t)),
    ),
    Metric(
        "attempts_of_turned_clocks", "Started before submitted", "count",
        "Attempts of the period that by their records started before they were submitted: a clock was set back; their"
        " wait is not known.",
        "started", lambda t: t.count(where=is_start_told(t) & (seconds(t.submitted_at, t.started_at) < 0)), "low",
    ),
    Metric(
        "gpu_wait_seconds_median", "Median wait of GPU attempts", "second",
        "From submission to start, of attempts with a GPU (or part of one) started in the period: half waited longer.",
        "started", lambda t: _wait(t).quantile(0.5, where=t.gpu_count > 0), "low",
    ),
    Metric(
        "wait_seconds_median", "Median wait of all attempts", "second",
        "From submission to start, of all attempts started in the period, with GPUs or without: half waited longer.",
        "started", lambda t: _wait(t).quantile(0.5), "low",
    ),
    Metric(
        "wait_seconds_p90", "90th percentile of wait", "second",
        "From submission to start, of attempts started in the period: one in ten waited longer.",
        "started", lambda t: _wait(t).quantile(0.9), "low",
    ),
    Metric(
        "wait_seconds_mean", "Mean wait", "second",
        "From submission to start, of attempts started in the period: all waits together ÷ their number.",
        "started", lambda t: _wait(t).mean(), "low",
    ),
    Metric(
        "wait_seconds_max", "Longest wait", "second",
        "From submission to start, of attempts started in the period: nobody waited longer.",
        "started", lambda t: _wait(t).max(), "low",
    ),
    Metric(
        "eligible_wait_seconds_median", "Median wait once eligible", "second",
        "From the moment nothing but resources kept it waiting (else submission) to start; leaves out dependencies and"
        " holds.",
        "started", lambda t: _eligible_wait(t).quantile(0.5), "low",
    ),
    Metric(
        "eligible_wait_seconds_p90", "90th percentile of wait once eligible", "second",
        "The same: one in ten waited longer.", "started", lambda t: _eligible_wait(t).quantile(0.9), "low",
    ),
)  # fmt: skip

ENDED = (
    Metric(
        "attempts_ended", "Ended", "count",
        "Attempts that ended in the period, also those cancelled before they started.", "ended", lambda t: t.count(),
    ),
    Metric(
        "attempts_executed", "Executed", "count",
        "Attempts that ended in the period and had started; one that was resized goes on.",
        "ended", lambda t: t.count(where=_executed(t)),
    ),
    Metric(
        "attempts_decided", "Executed with a known outcome", "count",
        "Attempts that ended in the period, had started, and of which it is told how they ended.",
        "ended", lambda t: t.count(where=_decided(t)),
    ),
    Metric(
        "attempts_never_started", "Never started", "count",
        "Attempts that ended in the period without having started, for example cancelled while they waited.",
        "ended", lambda t: t.count(where=t.started_at.isnull()),
    ),
    Metric(
        "attempts_succeeded", "Succeeded", "count",
        "Attempts that ended in the period, had started and completed with exit code 0.",
        "ended", lambda t: t.count(where=t.started_at.notnull() & t.state.isin(KEPT)), "high",
    ),
    Metric(
        "duration_seconds_median", "Median run", "second",
        "From start to end, of attempts that ended in the period: half ran longer.",
        "ended", lambda t: run(t).quantile(0.5),
    ),
    Metric(
        "duration_seconds_p90", "90th percentile of run", "second",
        "From start to end, of attempts that ended in the period: one in ten ran longer.",
        "ended", lambda t: run(t).quantile(0.9),
    ),
    Metric(
        "duration_seconds_mean", "Mean run", "second", "From start to end, of attempts that ended in the period.",
        "ended", lambda t: run(t).mean(),
    ),
    Metric(
        "run_hours", "Hours run", "hour",
        "Whole time from start to end of the attempts that ended in the period and whose wait is known.",
        "ended", lambda t: run(t).sum(where=_wait(t).notnull()) / 3600,
    ),
    Metric(
        "turnaround_hours", "Hours from submission to end", "hour",
        "Wait and run together, of the attempts that started and ended in the period.",
        "ended", lambda t: (_wait(t) + run(t)).sum() / 3600, "low",
    ),
    Metric(
        "used_cpu_hours", "Used CPU-hours", "hour",
        "CPU time really used by the attempts that ended in the period and measured it.",
        "ended", lambda t: t.used_cpu_seconds.sum(where=(t.cpu_count * run(t)).notnull()) / 3600,
    ),
    Metric(
        "measured_cpu_hours", "Measured CPU-hours", "hour",
        "CPUs held × whole time of the attempts that ended in the period and measured their CPU time.",
        "ended", lambda t: (t.cpu_count * run(t)).sum(where=t.used_cpu_seconds.notnull()) / 3600,
    ),
    Metric(
        "used_memory_gib_hours", "Used memory GiB-hours", "hour",
        "Peak memory × whole time of the attempts that ended in the period and measured it.",
        "ended", lambda t: (t.used_memory_bytes * run(t)).sum(where=t.memory_bytes.notnull()) / GIB / 3600,
    ),
    Metric(
        "measured_memory_gib_hours", "Measured memory GiB-hours", "hour",
        "Memory held × whole time of the attempts that ended in the period and measured their peak memory.",
        "ended", lambda t: (t.memory_bytes * run(t)).sum(where=t.used_memory_bytes.notnull()) / GIB / 3600,
    ),
    Metric(
        "energy_kwh", "Energy in kWh", "gpu",
        "Energy of the attempts that ended in the period and reported it.",
        "ended", lambda t: t.energy_joules.sum() / 3.6e6, "low",
    ),
)  # fmt: skip

RATIOS = (
    Metric(
        "attempt_success_ratio", "Success ratio", "ratio",
        "Attempts that completed with exit code 0 ÷ attempts that executed and whose outcome is told, of those that"
        " ended in the period.",
        "ratio", better="high", numerator="attempts_succeeded", denominator="attempts_decided",
    ),
    Metric(
        "lost_gpu_ratio", "Lost share", "ratio", "Lost GPU-hours ÷ all GPU-hours.",
        "ratio", better="low", numerator="lost_gpu_hours", denominator="gpu_hours",
    ),
    Metric(
        "gpu_busy_ratio", "GPU busy", "ratio",
        "Share of GPU time with work on the device, weighted by GPU-hours held, only over attempts that reported it;"
        " read it beside its measured share.",
        "ratio", better="high", numerator="busy_gpu_hours", denominator="measured_gpu_hours",
    ),
    Metric(
        "gpu_busy_measured_ratio", "GPU time measured", "ratio",
        "GPU-hours of attempts that reported how busy their GPUs were ÷ all GPU-hours.",
        "ratio", better="high", numerator="measured_gpu_hours", denominator="gpu_hours",
    ),
    Metric(
        "cpu_used_ratio", "CPU time used", "ratio",
        "CPU time really used ÷ CPUs held × time, of the attempts that ended in the period and measured it.",
        "ratio", better="high", numerator="used_cpu_hours", denominator="measured_cpu_hours",
    ),
    Metric(
        "memory_used_ratio", "Memory used", "ratio",
        "Peak memory ÷ memory held, weighted by memory and time, of the attempts that ended in the period and"
        " measured it.",
        "ratio", better="high", numerator="used_memory_gib_hours", denominator="measured_memory_gib_hours",
    ),
    Metric(
        "expansion_factor", "Expansion factor", "gpu",
        "(wait + run) ÷ run, both summed over the attempts that ended in the period; 1 means no waiting.",
        "ratio", better="low", numerator="turnaround_hours", denominator="run_hours",
    ),
)  # fmt: skip

IN_USE = (
    Metric(
        "mean_gpus", "Mean GPUs in use", "gpu", "GPU-hours held while the period was observed ÷ the observed hours.",
        "mean", numerator="gpu_hours",
    ),
    Metric(
        "mean_cpus", "Mean CPUs in use", "gpu", "CPU-hours held while the period was observed ÷ the observed hours.",
        "mean", numerator="cpu_hours",
    ),
    Metric(
        "mean_memory_gib", "Mean memory in use", "gib", "Memory GiB-hours held while the period was observed ÷ the observed hours.",
        "mean", numerator="memory_gib_hours",
    ),
    Metric(
        "mean_attempts", "Mean attempts running", "gpu", "Wall hours held while the period was observed ÷ the observed hours.",
        "mean", numerator="attempt_hours",
    ),
    Metric(
        "peak_gpus", "Peak GPUs in use", "gpu", "Most GPUs held at any one moment of the period.",
        "peak", lambda t: t.gpu_count,
    ),
    Metric(
        "peak_cpus", "Peak CPUs in use", "gpu", "Most CPUs held at any one moment of the period.",
        "peak", lambda t: t.cpu_count,
    ),
    Metric(
        "peak_memory_gib", "Peak memory in use", "gib", "Most memory held at any one moment of the period.",
        "peak", lambda t: t.memory_bytes / GIB,
    ),
    Metric(
        "peak_attempts", "Peak attempts running", "count", "Most attempts running at any one moment of the period.",
        "peak", lambda t: one(_everything(t)),
    ),
)  # fmt: skip

METRICS: tuple[Metric, ...] = (*HELD, *COUNTS, *SUBMITTED, *STARTED, *ENDED, *RATIOS, *IN_USE)
