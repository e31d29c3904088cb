"""One job of Slurm's JSON, of any schema version, as rows of sacct's text columns: the job, then its steps.

Numbers are plain (openapi) or `{set, infinite, number}` (data_parser); states are words or lists of words.
"""

import re
from collections.abc import Iterator
from typing import Any

_GRES = re.compile(r"gpu(?::([\w.+-]+?))?:(\d+)(?=\(|,|$)")
_WANTED_GPU = re.compile(r"gres[/:]gpu(?::([A-Za-z][\w.+-]*))?(?:[:=](\d+))?(?=,|$)")
Row = dict[str, str]


def rows(job: dict[str, Any], number: int) -> list[Row]:
    """The job's row and its steps' rows; `line` is the record's number."""
    made = _from_controller(job) if "job_state" in job else _from_accounting(job)
    return [{**row, "line": str(number)} for row in made]


def number(value: Any) -> int | float | None:
    """The number, None when not set or infinite."""
    if isinstance(value, dict):
        return value.get("number") if value.get("set") and not value.get("infinite") else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def text(value: Any) -> str:
    """A number as text, '' for none; `0` for zero."""
    plain = number(value)
    return "" if plain is None or plain < 0 else str(int(plain))


def _state(value: Any) -> str:
    """The one state of a list of flags: a requeued record's own state is REQUEUED, else the base state comes first."""
    words = value if isinstance(value, list) else [value]
    return "REQUEUED" if "REQUEUED" in words else str(words[0] or "") if words else ""


def _from_accounting(job: dict[str, Any]) -> Iterator[Row]:
    time, steps = job["time"], job.get("steps") or []
    tres, who = job.get("tres") or {}, job.get("association") or {}
    raw = str(job["job_id"])
    yield {
        "JobIDRaw": raw,
        "JobID": _job_id(raw, job.get("array") or {}, job.get("het") or {}),
        "JobName": job.get("name") or "",
        "User": job.get("user") or who.get("user") or "",
        "Account": job.get("account") or who.get("account") or "",
        "QOS": job.get("qos") or "",
        "Partition": job.get("partition") or "",
        "Cluster": job.get("cluster") or who.get("cluster") or "",
        "State": _ended_by(_state(job["state"]["current"]), job.get("kill_request_user")),
        "Reason": job["state"].get("reason") or "",
        "Submit": text(time.get("submission")),
        "Eligible": text(time.get("eligible")),
        "Start": text(time.get("start")),
        "End": text(time.get("end")),
        "ElapsedRaw": text(time.get("elapsed")),
        "Suspended": _clock(number(time.get("suspended")) or 0),
        "TimelimitRaw": text(time.get("limit")),
        "TotalCPU": _processor_time([time, *(step.get("time") or {} for step in steps)]),
        "ExitCode": _exit(job.get("exit_code"), is_zero_told=_state(job["state"]["current"]) == "COMPLETED"),
        "DerivedExitCode": _exit(job.get("derived_exit_code"), is_zero_told=False),
        "NNodes": text(job.get("allocation_nodes")),
        "ReqCPUS": text((job.get("required") or {}).get("CPUs")),
        "ReqTRES": tres_text(tres.get("requested"), "M"),
        "AllocTRES": tres_text(tres.get("allocated"), "M"),
        "NodeList": job.get("nodes") or "",
        "Priority": text(job.get("priority")),
        "AdminComment": (job.get("comment") or {}).get("administrator") or "",
        "ConsumedEnergyRaw": _energy(tres.get("allocated")),
    }
    for step in steps:
        yield _step(raw, step)


def _step(raw: str, step: dict[str, Any]) -> Row:
    used = (step.get("tres") or {}).get("requested") or {}
    name = str((step.get("step") or {}).get("id", "")).rsplit(".", 1)[-1]
    peak = next((item["count"] for item in used.get("max") or [] if item["type"] == "mem"), None)
    return {
        "JobIDRaw": f"{raw}.{name}",
        "JobID": f"{raw}.{name}",
        "State": _state(step.get("state")),
        "ElapsedRaw": text((step.get("time") or {}).get("elapsed")),
        "TotalCPU": _printed(_micros((step.get("time") or {}).get("total") or {})),
        "NTasks": text((step.get("tasks") or {}).get("count")),
        "MaxRSS": text(peak),
        "AllocTRES": tres_text((step.get("tres") or {}).get("allocated"), "M"),
        "TRESUsageInTot": tres_text(used.get("total"), ""),
    }


def _job_id(raw: str, array: dict[str, Any], het: dict[str, Any]) -> str:
    if array_id := number(array.get("job_id")):
        task = number(array.get("task_id"))
        waiting = array.get("task") or ""
        return (
            f"{array_id}_{task}" if task is not None else f"{array_id}_[{str(waiting).strip('[]')}]" if waiting else raw
        )
    leader, offset = number(het.get("job_id")), number(het.get("job_offset"))
    return f"{leader}+{offset or 0}" if leader else raw


def _ended_by(state: str, user: Any) -> str:
    return f"{state} by {user}" if user and state == "CANCELLED" else state


def tres_text(items: Any, memory_unit: str) -> str:
    """TRES objects as sacct writes them; a count of null or below zero is not known."""
    parts = []
    for item in items or []:
        name = item["type"] + (f"/{item['name']}" if item.get("name") else "")
        count = number(item.get("count"))
        if count is not None and count >= 0 and item["type"] != "energy":
            parts.append(f"{name}={int(count)}{memory_unit if name == 'mem' else ''}")
    return ",".join(parts)


def _energy(items: Any) -> str:
    return next((text(item.get("count")) for item in items or [] if item["type"] == "energy"), "")


def _exit(value: Any, *, is_zero_told: bool = True) -> str:
    """`code:signal` from the openapi integer (a wait status) or the object.

    openapi/dbv0.0.38 writes SUCCESS and 0 for every exit code (22.05.8); its zero is believed only where
    `is_zero_told`, else the code is not known.
    """
    if isinstance(value, int):
        return f"{value >> 8}:{value & 127}"
    if not isinstance(value, dict):
        return ""
    if value.get("status") == "SUCCESS" and not is_zero_told:
        return ""
    signal = value.get("signal") or {}
    ended_by = number(signal.get("id", signal.get("signal_id")))
    return f"{number(value.get('return_code')) or 0}:{ended_by or 0}"


def _processor_time(times: list[dict[str, Any]]) -> str:
    """TotalCPU as sacct prints it: of the job, or where that is 0 (22.05) of its steps together."""
    micros = [_micros(time.get("total") or {}) for time in times]
    total = micros[0] or sum(micros[1:])
    return _printed(total) if total else ""


def _printed(micros: int) -> str:
    """Processor time as sacct prints it: to the millisecond below an hour, else to the second."""
    seconds, rest = divmod(micros, 1_000_000)
    if seconds >= 3600:
        return _clock(seconds)
    return f"{seconds // 60:02d}:{seconds % 60:02d}.{rest // 1000:03d}"


def _micros(time: dict[str, Any]) -> int:
    return int((number(time.get("seconds")) or 0) * 1_000_000 + (number(time.get("microseconds")) or 0))


def _clock(seconds: float) -> str:
    days, rest = divmod(int(seconds), 86400)
    clock = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days}-{clock}" if days else clock


def _from_controller(job: dict[str, Any]) -> Iterator[Row]:
    """A job as squeue and slurmrestd tell it: no steps, no use; start and end may be estimates of a waiting job."""
    raw = str(job["job_id"])
    nodes, tasks = number(job.get("node_count")) or 1, number(job.get("tasks")) or 1
    wanted = _wanted_gpus(job, nodes, tasks)
    held = _detailed_gpus(job.get("gres_detail")) or wanted
    requested, allocated = str(job.get("tres_req_str") or ""), str(job.get("tres_alloc_str") or "")
    states = job["job_state"] if isinstance(job["job_state"], list) else [job["job_state"]]
    yield {
        "JobIDRaw": raw,
        "JobID": _controller_id(raw, job),
        "JobName": job.get("name") or "",
        "User": job.get("user_name") or "",
        "UID": text(job.get("user_id")),
        "Account": job.get("account") or "",
        "QOS": job.get("qos") or "",
        "Partition": job.get("partition") or "",
        "Cluster": job.get("cluster") or "",
        "State": str(states[0] if states else ""),
        "Reason": job.get("state_reason") or "",
        "Submit": text(job.get("submit_time")),
        "Eligible": text(job.get("eligible_time")),
        "Start": text(job.get("start_time")),
        "End": text(job.get("end_time")),
        "TimelimitRaw": text(job.get("time_limit")),
        "ExitCode": _exit(job.get("exit_code")),
        "DerivedExitCode": _exit(job.get("derived_exit_code")),
        "NNodes": text(job.get("node_count")),
        "NCPUS": text(job.get("cpus")),
        "ReqTRES": _with_gpus(requested, wanted),
        "AllocTRES": _with_gpus(allocated, held),
        "NodeList": job.get("nodes") or "",
        "Priority": text(job.get("priority")),
        "AdminComment": job.get("admin_comment") or "",
    }


def _controller_id(raw: str, job: dict[str, Any]) -> str:
    array = {
        "job_id": job.get("array_job_id"),
        "task_id": job.get("array_task_id"),
        "task": job.get("array_task_string"),
    }
    return _job_id(raw, array, {"job_id": job.get("het_job_id"), "job_offset": job.get("het_job_offset")})


def _with_gpus(tres: str, gpus: list[tuple[str, int]]) -> str:
    """The TRES list with the GPUs another field tells, where it has none itself (gres/gpu not in AccountingStorageTRES)."""
    if not tres or "gres/gpu" in tres or not gpus:
        return tres
    typed: dict[str, int] = {}
    for kind, count in gpus:
        typed[kind] = typed.get(kind, 0) + count
    named = [f"gres/gpu:{kind}={count}" for kind, count in typed.items() if kind]
    return ",".join([tres, *named, f"gres/gpu={sum(typed.values())}"])


def _detailed_gpus(details: Any) -> list[tuple[str, int]]:
    """`gpu:h100:2(IDX:0-1)`, one for each machine."""
    found = [match for detail in details or [] for match in _GRES.finditer(detail)]
    return [(match[1] or "", int(match[2])) for match in found]


def _wanted_gpus(job: dict[str, Any], nodes: float, tasks: float) -> list[tuple[str, int]]:
    """GPUs asked for per job, machine or task; per socket the machines' sockets are not told, so one is counted."""
    for field, times in (
        ("tres_per_job", 1),
        ("tres_per_node", nodes),
        ("tres_per_task", tasks),
        ("tres_per_socket", nodes),
    ):
        found = list(_WANTED_GPU.finditer(str(job.get(field) or "")))
        if found:
            return [(match[1] or "", int(int(match[2] or 1) * times)) for match in found]
    return []
