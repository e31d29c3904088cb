"""Step rows folded into their job as measured use: a step says what was used, the job row what was held."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.sources.slurm.sheet import Sheet
from gpuledger.sources.slurm.tres import tres
from gpuledger.sources.slurm.values import Flags, Floats, durations, floats, numbers, sizes, whole

Owners = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Family:
    """A chunk's job rows, their step rows, which job each step belongs to, and steps whose job is not there."""

    jobs: Sheet
    steps: Sheet
    owners: Owners
    orphans: Sheet

    @property
    def step_counts(self) -> Any:
        return np.bincount(self.owners, minlength=len(self.jobs))


def families(sheet: Sheet) -> Family:
    """Tells jobs from steps: a step's id is its job's with a dot and a name, and it follows its job's row."""
    identity = sheet.text("JobIDRaw" if sheet.has("JobIDRaw") else "JobID")
    is_step = np.asarray(pc.match_substring(identity, "."))
    jobs = sheet.where(~is_step)
    if not is_step.any():
        return Family(jobs, sheet.where(is_step), np.zeros(0, np.int64), sheet.where(is_step))
    owners = (np.cumsum(~is_step) - 1)[is_step]
    steps = sheet.where(is_step)
    mine = _follows(identity.filter(pa.array(is_step)), identity.filter(pa.array(~is_step)), owners)
    return Family(jobs, steps.where(mine), owners[mine], steps.where(~mine))


def _follows(step_ids: Any, job_ids: Any, owners: Owners) -> Flags:
    parents = pc.list_element(pc.split_pattern(step_ids, ".", max_splits=1), 0)
    if not len(job_ids):
        return np.zeros(len(step_ids), bool)
    mine = pc.equal(parents, job_ids.take(pa.array(np.maximum(owners, 0))))
    return np.asarray(mine) & (owners >= 0)


@dataclass(frozen=True)
class Use:
    """Measured use of each job; NaN where nothing was measured."""

    cpu_seconds: Floats
    memory_bytes: Floats
    gpu_busy_ratio: Floats
    gpu_memory_bytes: Floats


def use(family: Family) -> Use:
    """What the steps used. Without step rows (`sacct -X`) a TotalCPU of zero is "not measured"."""
    count = len(family.jobs)
    memory, gpu_memory, gpu_percent = _sampled(family.steps)
    tasks = numbers(family.steps, "NTasks").values
    peak = sizes(family.steps.text("MaxRSS"))
    peak = np.where(np.isnan(peak) | ((tasks > 1) & ~np.isnan(memory)), memory, peak)
    weights, weighted = _busy_weights(family.steps, gpu_percent, gpu_memory)
    with np.errstate(invalid="ignore", divide="ignore"):
        busy = _sums(family.owners, weighted, count) / _sums(family.owners, weights, count)
    return Use(
        _cpu_seconds(family),
        _peaks(family.owners, peak, count),
        np.minimum(busy, 1.0),
        _peaks(family.owners, gpu_memory, count),
    )


def _cpu_seconds(family: Family) -> Floats:
    total, per_step = _processor_time(family.jobs), _processor_time(family.steps)
    of_steps = _sums(family.owners, per_step, len(total))
    has_measured_step = np.bincount(family.owners[~np.isnan(per_step)], minlength=len(total)) > 0
    return np.where(total > 0, total, np.where(has_measured_step, of_steps, np.nan))


def _processor_time(sheet: Sheet) -> Floats:
    if sheet.has("TotalCPU"):
        return durations(sheet, "TotalCPU").values
    return durations(sheet, "UserCPU").values + durations(sheet, "SystemCPU").values


def _sampled(steps: Sheet) -> tuple[Floats, Floats, Floats]:
    """(memory, GPU memory, GPU per cent summed over the step's GPUs) of each step, NaN where not told."""
    column = steps.text("TRESUsageInTot" if steps.has("TRESUsageInTot") else "TRESUsageInAve")
    memory, gpu_memory, gpu_percent = (
        sizes(
            pc.struct_field(
                pc.extract_regex(column, pattern=rf"(?:^|,){name}=(?P<used>\d+(?:\.\d+)?[KMGTPE]?)"), "used"
            )
        )
        for name in ("mem", "gres/gpumem", "gres/gpuutil")
    )
    return memory, gpu_memory, gpu_percent


def _busy_weights(steps: Sheet, percent: Floats, gpu_memory: Floats) -> tuple[Floats, Floats]:
    """GPU-seconds of each sampled step, and those times its busy share.

    A step with neither load nor GPU memory was not sampled: Slurm prints 0 without NVML, on MIG and on other vendors.
    """
    gpus = np.nan_to_num(floats(steps.map("AllocTRES", _gpus, pa.float64())))
    seconds = floats(pc.cast(_elapsed(steps), pa.float64()))
    is_sampled = ((percent > 0) | (gpu_memory > 0)) & ~np.isnan(percent) & (gpus > 0) & (seconds > 0)
    weights = np.where(is_sampled, gpus * seconds, 0.0)
    return weights, np.where(is_sampled, weights * np.nan_to_num(percent) / 100 / np.maximum(gpus, 1e-9), 0.0)


def _elapsed(steps: Sheet) -> Any:
    if steps.has("ElapsedRaw"):
        return pa.array(whole(steps, "ElapsedRaw").values)
    return pa.array(durations(steps, "Elapsed").values)


def _gpus(text: str) -> float | None:
    try:
        held = tres(text)
    except ValueError:
        return None
    return held.gpu if held else None


def _sums(owners: Owners, values: Floats, count: int) -> Floats:
    return np.asarray(np.bincount(owners, weights=np.nan_to_num(values), minlength=count), np.float64)


def _peaks(owners: Owners, values: Floats, count: int) -> Floats:
    """The largest positive value of each job's steps, NaN without one."""
    peaks = np.zeros(count)
    np.maximum.at(peaks, owners, np.nan_to_num(values))
    return np.where(peaks > 0, peaks, np.nan)
