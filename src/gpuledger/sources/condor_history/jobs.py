"""One job ad → its last attempt, its GPUs, and how much came before."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gpuledger.model.devices import gpu_model
from gpuledger.model.secrets import without_secret
from gpuledger.model.sites import site_by, site_of
from gpuledger.model.workflow import step_of
from gpuledger.sources.condor_history.before import Before
from gpuledger.sources.condor_history.classad import Expression, nested

MIB, KIB = 2.0**20, 2.0**10
EARLIEST, LATEST = 0, 4_102_444_800
"""A moment outside 1970 to 2100 is none; 0 stands for never."""
IDLE, RUNNING, REMOVED, COMPLETED, HELD, SENDING, SUSPENDED = range(1, 8)
_GLOBAL = re.compile(r"(.+)#(\d+)\.(\d+)#(\d+)")
_DAG = re.compile(r"(.+)\.dag\+\d+")
_ANNEX = re.compile(r"[-_]annex$", re.I)
LONGEST_TEXT = 500


class Refused(ValueError):
    """An ad that cannot be believed; the message is the problem's reason."""


@dataclass(frozen=True)
class Job:
    """One ad's attributes, typed on demand. An expression is no value."""

    told: Mapping[str, Any]

    def text(self, *names: str) -> str | None:
        found = next((self.told[name] for name in names if isinstance(self.told.get(name), str)), None)
        return None if found is None or isinstance(found, Expression) or found.startswith("/Expr(") else found

    def number(self, *names: str) -> float | None:
        """The first of these that is a number that is not negative."""
        for name in names:
            value = self.told.get(name)
            if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < float("inf"):
                return float(value)
        return None

    def whole(self, *names: str) -> int | None:
        value = next((self.told[name] for name in names if type(self.told.get(name)) in (int, float)), None)
        return int(value) if value is not None and abs(value) < 2**63 and value == int(value) else None

    def flag(self, name: str) -> bool | None:
        value = self.told.get(name)
        return value if isinstance(value, bool) else None

    def moment(self, *names: str) -> float | None:
        """Epoch seconds of the first of these that is a moment; 0 is none."""
        for name in names:
            value = self.number(name)
            if value is not None and EARLIEST < value < LATEST:
                return value
        return None


@dataclass(frozen=True)
class Setting:
    """What every ad of an input shares."""

    cluster: str | None
    reported_by: str
    checkpoint_codes: Sequence[int]
    step_pattern: str
    sites: Mapping[str, str]


@dataclass(frozen=True)
class Span:
    """The last attempt in epoch seconds; `is_over` also where its end is not told."""

    matched: float | None
    started: float | None
    ended: float | None
    is_over: bool


NO_ACCESS_POINT = "condor"
"""The access point's name where neither ad nor person said one; event logs without one are kept under it too."""


def attempt(job: Job, setting: Setting, before: Before) -> dict[str, Any]:
    """Columns of job_attempts. Raises Refused."""
    cluster, job_id, submitted = _identity(job, setting, before)
    span = _span(job)
    if span.started is not None and span.ended is not None and span.ended < span.started:
        raise Refused("it ends before it starts")
    _count(job, span, before)
    first = next((t for t in (span.matched, span.started, submitted, span.ended) if t is not None), None)
    if first is None:
        raise Refused("no moment of it is known")
    observed = span.ended if span.is_over else job.moment("servertime", "lastjobleaserenewal", "enteredcurrentstatus")
    shown = observed or span.started or first
    return {
        "cluster": cluster,
        "attempt_id": f"{cluster}#{job_id}#{first:.0f}",
        "job_id": job_id,
        **_work(job, setting),
        **_place(job, setting.sites),
        "submitted_at": _instant(submitted),
        "matched_at": _instant(span.matched),
        "started_at": _instant(span.started),
        "ended_at": _instant(span.ended),
        "time_limit_seconds": job.number("allowedexecuteduration", "allowedjobduration"),
        "suspended_seconds": job.number("cumulativesuspensiontime") if _starts(job) == 1 else None,
        **_outcome(job, span, setting),
        "priority": job.told["jobprio"] if type(job.told.get("jobprio")) is int else None,
        **_resources(job),
        **_used(job, span),
        **_data(job),
        "reported_by": None if span.is_over else setting.reported_by,
        "observed_at": _instant(shown),
        "usage_observed_at": _instant(span.ended),
    }


def _identity(job: Job, setting: Setting, before: Before) -> tuple[str, str, float | None]:
    """(access point, cluster.proc, when submitted)."""
    found = _GLOBAL.fullmatch(job.text("globaljobid") or "")
    number, proc = job.whole("clusterid"), job.whole("procid")
    if found is None and (number is None or proc is None):
        raise Refused("it has neither ClusterId and ProcId nor GlobalJobId")
    job_id = (
        f"{number}.{proc}" if number is not None and proc is not None else found and f"{int(found[2])}.{int(found[3])}"
    )
    if found is None and setting.cluster is None:
        before.nameless += 1
    cluster = (found and found[1]) or setting.cluster or NO_ACCESS_POINT
    return cluster, str(job_id), job.moment("qdate") or (float(found[4]) if found else None)


def _starts(job: Job) -> int | None:
    return job.whole("numjobstarts", "numshadowstarts", "jobruncount")


def _span(job: Job) -> Span:
    """When the last attempt was matched, began and ended, as far as the ad tells it."""
    starts = _starts(job)
    status = job.whole("jobstatus")
    if starts == 0:
        ended = job.moment("enteredcurrentstatus") if status in (REMOVED, COMPLETED) else None
        return Span(None, None, ended, status in (REMOVED, COMPLETED))
    birth = job.moment("jobcurrentstartdate") or (job.moment("jobstartdate") if starts in (1, None) else None)
    started = job.moment("jobcurrentstartexecutingdate") or birth
    matched = job.moment("jobcurrentstarttransferinputdate") or birth
    is_over = status not in (RUNNING, SENDING, SUSPENDED) and not (status is None and not job.moment("completiondate"))
    return Span(matched, started, _ended(job, status, birth) if is_over else None, is_over)


def _ended(job: Job, status: int | None, birth: float | None) -> float | None:
    """Completed jobs tell it. A job that was removed or held ended then only if it was running just before."""
    if completed := job.moment("completiondate"):
        return completed
    lasted = job.number("lastremotewallclocktime")
    if birth is not None and lasted:
        return birth + lasted
    was_running = job.whole("lastjobstatus") in (RUNNING, SENDING, SUSPENDED)
    return job.moment("enteredcurrentstatus") if was_running or status == COMPLETED else None


def _count(job: Job, span: Span, before: Before) -> None:
    starts = _starts(job)
    if starts is None:
        before.uncounted += 1
    if span.is_over and span.ended is None and span.started is not None:
        before.endless += 1
    if starts is None or starts < 2:
        return
    before.jobs += 1
    before.attempts += starts - 1
    total = job.number("remotewallclocktime")
    begun, ended = span.matched or span.started, span.ended
    if total is None or begun is None or ended is None:
        before.is_hours_known = False
    else:
        before.hours += max(0.0, total - (ended - begun)) / 3600


def _work(job: Job, setting: Setting) -> dict[str, Any]:
    node, batch = job.text("dagnodename"), job.text("jobbatchname")
    dag = _DAG.fullmatch(batch or "")
    return {
        "job_name": batch,
        "kind": "dag_node" if node else "batch",
        "workflow": dag[1] if dag else None,
        "node_name": node,
        "workflow_step": node and step_of(node, setting.step_pattern),
        "user_name": job.text("owner"),
        "account": job.text("projectname", "acctgroup", "accountinggroup"),
    }


def _place(job: Job, sites: Mapping[str, str]) -> dict[str, Any]:
    slot = job.text("remotehost", "lastremotehost", "startdname")
    machine = (slot or "").rpartition("@")[2] or None
    resource = job.text("match_exp_jobglidein_resourcename", "machineattrglidein_resourcename0", "glidein_resourcename")
    target = job.text("targetannexname")
    target = target and _ANNEX.sub("", target)
    return {
        "site": site_by(sites, machine or "", resource or "", slot or "")
        or site_of(machine, resource, slot, target)
        or job.text("institution_name"),
        "resource_name": resource,
        "target_site": target,
        "slot_name": slot if slot and "@" in slot else None,
        "host_names": [machine] if machine else None,
    }


def _outcome(job: Job, span: Span, setting: Setting) -> dict[str, Any]:
    status, code, signal = job.whole("jobstatus"), job.whole("exitcode"), None
    if job.flag("exitbysignal"):
        code, signal = None, job.whole("exitsignal")
    elif code is not None:
        signal = 0
    is_terminated = status == COMPLETED or (status is None and span.ended is not None)
    state, reason = _ended_as(code, signal, setting) if is_terminated else _stopped_as(job, status, span)
    held = status == HELD
    return {
        "state": state,
        "state_raw": None if status is None else _STATUS.get(status, str(status)),
        "exit_code": code if is_terminated else None,
        "signal": signal if is_terminated else None,
        "end_code": job.whole("holdreasoncode") if held else job.whole("vacatereasoncode") if status == IDLE else None,
        "end_subcode": job.whole("holdreasonsubcode") if held else None,
        "end_reason": reason and without_secret(reason)[:LONGEST_TEXT],
    }


_STATUS = {IDLE: "idle", RUNNING: "running", REMOVED: "removed", COMPLETED: "completed", HELD: "held",
           SENDING: "transferring output", SUSPENDED: "suspended"}  # fmt: skip


def _ended_as(code: int | None, signal: int | None, setting: Setting) -> tuple[str, str | None]:
    if code is None:
        return ("failed", f"killed by signal {signal}") if signal is not None else ("other", None)
    reason = f"exit code {code}"
    if code in setting.checkpoint_codes:
        return "requeued", reason
    return ("completed" if code == 0 else "failed"), reason


def _stopped_as(job: Job, status: int | None, span: Span) -> tuple[str, str | None]:
    match status:
        case 3:
            return "removed", job.text("removereason")
        case 5:
            return "held", job.text("holdreason")
        case 7:
            return "suspended", None
        case 2 | 6:
            return "running", None
        case 1:
            return ("pending", None) if span.started is None else ("preempted", job.text("vacatereason"))
    return "other", None


def _resources(job: Job) -> dict[str, Any]:
    gpus = gpu_ads(job)
    models = {gpu_model(name).name for name, _ in gpus.values() if name}
    sizes = {size for _, size in gpus.values() if size}
    memory, disk = job.number("memoryprovisioned"), job.number("diskprovisioned")
    wanted_memory, wanted_disk = job.number("requestmemory"), job.number("requestdisk")
    return {
        "node_count": job.number("currenthosts", "maxhosts") or None,
        "cpu_count": job.number("cpusprovisioned"),
        "gpu_count": job.number("gpusprovisioned") if "gpusprovisioned" in job.told else float(len(gpus)) or None,
        "memory_bytes": memory and memory * MIB,
        "disk_bytes": disk and disk * KIB,
        "gpu_model": models.pop() if len(models) == 1 else None,
        "gpu_memory_bytes": sizes.pop() * MIB if len(sizes) == 1 else None,
        "requested_cpu_count": job.number("requestcpus"),
        "requested_gpu_count": job.number("requestgpus"),
        "requested_memory_bytes": wanted_memory and wanted_memory * MIB,
        "requested_disk_bytes": wanted_disk and wanted_disk * KIB,
    }


def _used(job: Job, span: Span) -> dict[str, Any]:
    """Use of an attempt that is over; while it runs it still grows."""
    names = ("used_cpu_seconds", "used_cpu_count", "used_memory_bytes", "used_disk_bytes", "gpu_busy_ratio", "gpu_busy_source",
             "used_gpu_memory_bytes")  # fmt: skip
    if span.ended is None or span.started is None:
        return dict.fromkeys(names)
    user, system = job.number("remoteusercpu"), job.number("remotesyscpu")
    memory, resident = job.number("memoryusage"), job.number("residentsetsize", "residentsetsize_raw")
    disk, gpu_memory = job.number("diskusage_raw", "diskusage"), job.number("gpusmemoryusage")
    busy, gpus = job.number("gpususage"), job.number("gpusprovisioned")
    ratio = min(busy / gpus, 1.0) if busy is not None and gpus else None
    peak = memory * MIB if memory is not None else resident * KIB if resident else None
    return {
        "used_cpu_seconds": None if user is None and system is None else (user or 0.0) + (system or 0.0),
        "used_cpu_count": job.number("cpususage"),
        "used_memory_bytes": peak,
        "used_disk_bytes": disk and disk * KIB,
        "gpu_busy_ratio": ratio,
        "gpu_busy_source": None if ratio is None else "htcondor",
        "used_gpu_memory_bytes": gpu_memory and gpu_memory * MIB,
    }


def _data(job: Job) -> dict[str, Any]:
    """Bytes are told of all attempts together: of this one only where there was no other."""
    is_only = _starts(job) == 1
    return {
        "sent_bytes": job.number("bytesrecvd") if is_only else None,
        "received_bytes": job.number("bytessent") if is_only else None,
        "transfer_in_seconds": _between(job, "jobcurrentstarttransferinputdate", "jobcurrentfinishtransferinputdate"),
        "transfer_out_seconds": _between(
            job, "jobcurrentstarttransferoutputdate", "jobcurrentfinishtransferoutputdate"
        ),
    }


def _between(job: Job, begin: str, end: str) -> float | None:
    first, last = job.moment(begin), job.moment(end)
    return last - first if first is not None and last is not None and last >= first else None


def gpu_ads(job: Job) -> dict[str, tuple[str | None, float | None]]:
    """Model and memory in MB of each GPU that was assigned, by its name."""
    assigned = job.text("assignedgpus") or ""
    names = [name.strip() for name in assigned.split(",") if name.strip()]
    model = job.text("machineattrgpus_devicename0", "gpus_devicename", "cudadevicename")
    size = job.number("machineattrgpus_globalmemorymb0", "gpus_globalmemorymb", "cudaglobalmemorymb")
    return {name: _described(job, name, model, size) for name in names}


def _described(job: Job, name: str, model: str | None, size: float | None) -> tuple[str | None, float | None]:
    own = Job(gpu_ad(job, name))
    return own.text("devicename") or model, own.number("globalmemorymb") or size


def gpu_ad(job: Job, name: str) -> dict[str, Any]:
    """The nested ad of one GPU: `GPUs_GPU_0058af55 = [ … ]`."""
    return nested(job.told.get(f"gpus_{name.replace('-', '_')}".lower()))


def gpu_rows(row: dict[str, Any], job: Job) -> list[dict[str, Any]]:
    """Rows of attempt_gpus: the GPUs that were assigned."""
    return [_gpu_row(row, job, name, *about) for name, about in gpu_ads(job).items()]


def _gpu_row(row: dict[str, Any], job: Job, name: str, model: str | None, size: float | None) -> dict[str, Any]:
    own = Job(gpu_ad(job, name))
    capability = own.number("capability") or job.number("machineattrgpus_capability0", "gpus_capability")
    cuda = own.number("driverversion") or job.number("gpus_driverversion")
    return {
        "cluster": row["cluster"],
        "attempt_id": row["attempt_id"],
        "host": (row["host_names"] or [""])[0],
        "gpu": f"GPU-{name.removeprefix('GPU-')[:8]}" if name.startswith("GPU-") and "MIG" not in name else name,
        "gpu_model": model and gpu_model(model).name,
        "gpu_memory_bytes": size and size * MIB,
        "capability": None if capability is None else str(capability),
        "cuda_version": None if cuda is None else str(cuda),
        "driver_version": own.text("nvidiadriver"),
        "is_ecc_enabled": own.flag("eccenabled"),
        "gpu_uuid": own.text("deviceuuid"),
        "bus_id": own.text("devicepcibusid"),
        "share_ratio": 1.0,
        "started_at": row["started_at"],
        "ended_at": row["ended_at"],
        "observed_at": row["observed_at"],
    }


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
