"""Columns of sacct text → rows of job_attempts and attempt_gpus, with every refused row as a problem."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.model.batch import Batch
from gpuledger.model.devices import gpu_model
from gpuledger.model.problems import Problem
from gpuledger.model.tables import ATTEMPT_GPUS, JOB_ATTEMPTS
from gpuledger.sources.slurm import fold, held
from gpuledger.sources.slurm.hostlist import hosts
from gpuledger.sources.slurm.jobids import Place, place
from gpuledger.sources.slurm.jobstats import Measured, measured
from gpuledger.sources.slurm.sheet import Sheet
from gpuledger.sources.slurm.stamps import NONE, Seconds
from gpuledger.sources.slurm.states import end_reason, state
from gpuledger.sources.slurm.tally import NO_CLUSTER, Tally
from gpuledger.sources.slurm.times import Times, flags, times
from gpuledger.sources.slurm.tres import amount, tres
from gpuledger.sources.slurm.values import Flags, Floats, duration, numbers, whole

INSTANT = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True)
class Setting:
    """What every row of an input shares. `zone` is that of local stamps, `cluster` names rows that do not."""

    reported_by: str
    zone: str | None = None
    cluster: str | None = None


def attempts(sheet: Sheet, setting: Setting, tally: Tally, row: Callable[[int], str]) -> Iterator[Batch | Problem]:
    """The chunk's attempts. Each input row is counted once: in a batch's `input_rows` or in a problem."""
    family = fold.families(sheet)
    for line in family.orphans.lines:
        yield Problem(int(line), "a step without its job's row before it", row(int(line)))
    if not len(family.jobs):
        return
    known = times(family.jobs, setting.zone or "UTC")
    refused = _refusals(family.jobs, known)
    reasons = np.array([reason for _, reason in refused] + [""])
    first = np.argmax(np.vstack([mask for mask, _ in refused] + [np.ones(len(family.jobs), bool)]), axis=0)
    is_good = first == len(refused)
    counts = family.step_counts + 1
    for at in np.flatnonzero(~is_good):
        line = int(family.jobs.lines[at])
        yield Problem(line, str(reasons[first[at]]), row(line), int(counts[at]))
    yield from _batches(family, known, is_good, setting, tally)


def _refusals(jobs: Sheet, known: Times) -> list[tuple[Flags, str]]:
    no_id = np.asarray(pc.equal(pc.fill_null(_job_id(jobs), ""), ""))
    no_state = flags(jobs.map("State", lambda text: not text, pa.bool_()))
    limits = (numbers(jobs, "TimelimitRaw", _minutes).is_bad, "TimelimitRaw is not a time limit")
    return [(no_id, "it has no job id"), (no_state, "it has no state"), *known.refused, *held.misread(jobs), limits]


def _job_id(jobs: Sheet) -> Any:
    return jobs.text("JobIDRaw" if jobs.has("JobIDRaw") else "JobID")


def _batches(family: fold.Family, known: Times, is_good: Flags, setting: Setting, tally: Tally) -> Iterator[Batch]:
    if not is_good.any():
        return
    table = pa.table(_columns(family, known, setting))
    counts = pa.array(family.step_counts + 1)
    is_mixed = is_good & held.mixed(family.jobs) & (known.started != NONE)
    told = table.append_column("running_until", _instant(known.running_until))
    if not is_good.all():
        told, counts = told.filter(pa.array(is_good)), counts.filter(pa.array(is_good))
    is_task_unsure = not family.jobs.has("JobIDRaw") and told["array_id"].null_count < len(told)
    is_nameless, unsure = "" in family.jobs.coded("Cluster")[1], int((is_good & known.unsure).sum())
    tally.add(told, known, unsure=unsure, nameless=is_nameless, array_without_raw=is_task_unsure)
    yield Batch(JOB_ATTEMPTS, told.drop_columns("running_until"), counts)
    if is_mixed.any():
        gpus = _gpus_of_mixed(family.jobs.where(is_mixed), table.filter(pa.array(is_mixed)))
        yield Batch(ATTEMPT_GPUS, gpus, pa.array(np.zeros(len(gpus), np.int64)))


def _columns(family: fold.Family, known: Times, setting: Setting) -> dict[str, Any]:
    jobs = family.jobs
    is_ended = known.ended != NONE
    return {
        **_identity(jobs, known, setting),
        **_people(jobs),
        **_when(jobs, known),
        **_outcome(jobs, is_ended),
        **held.held(jobs, known.started != NONE),
        **held.requested(jobs),
        **_used(family, is_ended, known.ended),
        "host_names": _hosts(jobs),
        "reported_by": pc.if_else(pa.array(is_ended), pa.scalar(None, pa.string()), setting.reported_by),
        "observed_at": _instant(known.observed),
        "partition_month": _month(known.first_known),
    }


def _hosts(jobs: Sheet) -> Any:
    if not jobs.has("NodeList"):
        return pa.nulls(len(jobs), pa.list_(pa.string()))
    return jobs.map("NodeList", hosts, pa.list_(pa.string()))


def _identity(jobs: Sheet, known: Times, setting: Setting) -> dict[str, Any]:
    cluster = jobs.map("Cluster", lambda text: text or setting.cluster or NO_CLUSTER, pa.string())
    columns = {"cluster": cluster, "job_id": _job_id(jobs), "attempt_id": _attempt_id(jobs, known)}
    columns |= {"job_name": jobs.text("JobName"), **_places(jobs.text("JobID"))}
    is_array = pc.is_valid(columns["array_id"])
    is_interactive = pc.fill_null(pc.equal(columns["job_name"], "interactive"), False)
    columns["kind"] = pc.if_else(
        is_array, "array", pc.if_else(is_interactive, "interactive", pa.scalar(None, pa.string()))
    )
    return columns


def _attempt_id(jobs: Sheet, known: Times) -> Any:
    """`<raw id>@<epoch of submit>`; without a submit time the raw id and a hash of what else never changes."""
    raw = _job_id(jobs)
    identity = pc.binary_join_element_wise(raw, pc.cast(pa.array(known.submitted), pa.string()), "@")
    without = np.flatnonzero(known.submitted == NONE)
    if not len(without):
        return identity
    users, first = jobs.text("User"), _lasting(known)
    hashed = [f"{raw[i].as_py()}#{_digest(raw[i].as_py(), users[i].as_py(), int(first[i]))}" for i in without.tolist()]
    return pc.replace_with_mask(identity, pa.array(known.submitted == NONE), pa.array(hashed, pa.string()))


def _lasting(known: Times) -> Seconds:
    """The first known of eligible, started, ended: what a later reading of the same record tells again."""
    first = np.where(known.eligible != NONE, known.eligible, known.started)
    return np.where(first != NONE, first, known.ended)


def _digest(*facts: object) -> str:
    return hashlib.sha256("\0".join(str(fact) for fact in facts).encode()).hexdigest()[:16]


def _places(job_ids: Any) -> dict[str, Any]:
    """Array and heterogeneous parts. Plain tasks (`18_3`) are cut as columns, the few other parts one by one."""
    codes, parts = _other_parts(job_ids)
    index = pa.array(codes, mask=codes < 0)
    parted = pc.if_else(pc.match_substring(job_ids, "_"), job_ids, pa.scalar(None, pa.string()))
    task = pc.extract_regex(parted, pattern=r"^(?P<array>\d+)_(?P<task>\d{1,18})$")
    kinds = {"array_id": pa.string(), "het_id": pa.string(), "het_index": pa.int64()}
    columns = {
        name: pa.array([getattr(part, name) for part in parts], kind).take(index) for name, kind in kinds.items()
    }
    columns["array_id"] = pc.coalesce(columns["array_id"], pc.struct_field(task, "array"))
    columns["array_index"] = pc.cast(pc.struct_field(task, "task"), pa.int64())
    counts = np.ones(len(job_ids))
    counts[codes >= 0] = [np.nan if part.task_count is None else part.task_count for part in parts]
    return columns | {"task_count": _number(counts)}


def _other_parts(job_ids: Any) -> tuple[Any, list[Place]]:
    """Waiting arrays and heterogeneous jobs: the number of each row's place, -1 for all other jobs."""
    is_other = np.asarray(pc.fill_null(pc.match_substring_regex(job_ids, r"_\[|\+"), False))
    codes = np.full(len(job_ids), -1, np.int64)
    codes[is_other] = np.arange(int(is_other.sum()))
    return codes, [place(text) for text in job_ids.filter(pa.array(is_other)).to_pylist()]


def _people(jobs: Sheet) -> dict[str, Any]:
    names = {"user_name": "User", "user_id": "UID", "account": "Account", "queue": "Partition", "qos": "QOS"}
    return {ours: jobs.text(theirs) for ours, theirs in names.items()}


def _when(jobs: Sheet, known: Times) -> dict[str, Any]:
    is_pending = flags(jobs.map("State", lambda text: state(text) == "pending", pa.bool_()))
    limit = numbers(jobs, "TimelimitRaw", _minutes).values
    limit = limit if jobs.has("TimelimitRaw") else numbers(jobs, "Timelimit", duration).values
    return {
        "submitted_at": _instant(known.submitted),
        "eligible_at": _instant(known.eligible),
        "started_at": _instant(known.started),
        "ended_at": _instant(known.ended),
        "is_start_known": pa.array(np.full(len(jobs), jobs.has("Start")), mask=is_pending),
        "suspended_seconds": _number(numbers(jobs, "Suspended", duration).values),
        "time_limit_seconds": _number(limit),
    }


def _minutes(text: str) -> float | None:
    minutes = amount(text)
    return None if minutes is None else minutes * 60


def _outcome(jobs: Sheet, is_ended: Flags) -> dict[str, Any]:
    def ended(column: Any) -> Any:
        return pc.if_else(pa.array(is_ended), column, pa.scalar(None, column.type))

    return {
        "state": jobs.map("State", state, pa.string()),
        "state_raw": jobs.text("State"),
        "end_reason": jobs.map("State", end_reason, pa.string()),
        "exit_code": ended(jobs.map("ExitCode", lambda text: _code(text, 0), pa.int64())),
        "signal": ended(jobs.map("ExitCode", lambda text: _code(text, 1), pa.int64())),
        "derived_exit_code": ended(jobs.map("DerivedExitCode", lambda text: _code(text, 0), pa.int64())),
        "wait_reason": jobs.map("Reason", lambda text: None if text == "None" else text, pa.string())
        if jobs.has("Reason")
        else jobs.text("Reason"),
        "priority": _number(whole(jobs, "Priority").values),
    }


def _code(text: str, part: int) -> int | None:
    """Exit code (part 0) or signal (part 1) of `3:0`."""
    parts = text.split(":")
    return int(parts[part]) if len(parts) == 2 and parts[part].isdigit() else None


def _used(family: fold.Family, is_ended: Flags, ended: Seconds) -> dict[str, Any]:
    """Measured use; it grows while a job runs, so it stays null until the end."""
    use, jobs = fold.use(family), family.jobs
    told_busy, told_memory = _told_by_jobstats(jobs)
    busy = np.where(np.isnan(told_busy), use.gpu_busy_ratio, told_busy)
    energy = numbers(jobs, "ConsumedEnergyRaw").values
    columns = {
        "used_cpu_seconds": use.cpu_seconds,
        "used_memory_bytes": use.memory_bytes,
        "gpu_busy_ratio": busy,
        "used_gpu_memory_bytes": np.where(np.isnan(told_memory), use.gpu_memory_bytes, told_memory),
        "energy_joules": np.where(energy > 0, energy, np.nan),
    }
    measured_any = is_ended & ~np.all(np.isnan(np.vstack(list(columns.values()))), axis=0)
    source = pc.if_else(pa.array(np.isnan(told_busy)), "slurm gpuutil", "jobstats")
    is_busy_known = pa.array(is_ended & ~np.isnan(busy))
    return {
        **{name: pa.array(values, mask=~is_ended | np.isnan(values)) for name, values in columns.items()},
        "gpu_busy_source": pc.if_else(is_busy_known, source, pa.scalar(None, pa.string())),
        "usage_observed_at": _instant(np.where(measured_any, ended, NONE)),
    }


def _told_by_jobstats(jobs: Sheet) -> tuple[Floats, Floats]:
    """(GPU busy share, GPU memory) of each job whose AdminComment holds a summary."""
    codes, texts = jobs.coded("AdminComment")
    nothing = Measured(None, None)
    summaries = np.array([measured(text) or nothing for text in texts], np.float64).reshape(-1, 2)[codes]
    return summaries[:, 0], summaries[:, 1]


def _gpus_of_mixed(jobs: Sheet, rows: Any) -> Any:
    """One row for each GPU of an attempt that held several models; those without a type have no model."""
    owners, names, models, sizes = [], [], [], []
    codes, texts = jobs.coded("AllocTRES")
    for owner, code in enumerate(codes.tolist()):
        for kind, number in _kinds(texts[code]):
            model = gpu_model(kind) if kind else None
            owners.append(owner)
            names.append(f"slot:{kind or 'untyped'}:{number}")
            models.append(model and model.name)
            sizes.append(model and model.memory_bytes)
    columns = ["cluster", "attempt_id", "started_at", "ended_at", "observed_at", "partition_month"]
    table = rows.select(columns).take(pa.array(owners))
    count = len(owners)
    return (
        table.append_column("host", pa.array([""] * count))
        .append_column("gpu", pa.array(names))
        .append_column("gpu_model", pa.array(models, pa.string()))
        .append_column("gpu_memory_bytes", pa.array(sizes, pa.float64()))
        .append_column("share_ratio", pa.array(np.ones(count)))
    )


def _kinds(text: str) -> Iterator[tuple[str, int]]:
    got = tres(text)
    if got is None:
        return
    for kind, count in got.typed:
        yield from ((kind, number) for number in range(int(count)))
    yield from (("", number) for number in range(int(got.gpu - sum(count for _, count in got.typed))))


def _instant(seconds: Seconds) -> Any:
    return pc.cast(pa.array(seconds * 1_000_000, pa.int64(), mask=seconds == NONE), INSTANT)


def _month(seconds: Seconds) -> Any:
    days = np.where(seconds == NONE, 0, seconds) // 86400
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    distinct, codes = np.unique(months, return_inverse=True)
    names = pa.array([*(str(month) for month in distinct), "unknown"], pa.string())
    return names.take(pa.array(np.where(seconds == NONE, len(distinct), codes)))


def _number(values: Floats) -> Any:
    return pa.array(values, mask=np.isnan(values))
