"""What `sacct --allusers --parsable2 --duplicates --noconvert` would print of the simulated site, steps and all."""

from collections.abc import Iterator
from datetime import UTC, datetime

from gpuledger.demo.machines import CLUSTER
from gpuledger.demo.scheduler import Attempt
from gpuledger.demo.site import Site

FIELDS = (
    "JobIDRaw", "JobID", "Cluster", "User", "UID", "Account", "QOS", "Partition", "State", "Submit", "Eligible", "Start", "End",
    "ElapsedRaw", "TimelimitRaw", "Suspended", "ExitCode", "DerivedExitCode", "NNodes", "ReqCPUS", "NCPUS", "ReqMem",
    "ReqTRES", "AllocTRES", "CPUTimeRAW", "TotalCPU", "MaxRSS", "NTasks", "TRESUsageInTot", "TRESUsageInAve",
    "TRESUsageInMax", "NodeList", "Priority", "Reason", "JobName",
)  # fmt: skip
DELIMITER = "|"
_GIB = 1 << 30
_CUT_AFTER = (900, 21_000)
"""Lines after which half a line stands: real exports have some, and they become problems."""


def sacct_text(site: Site) -> bytes:
    """The whole export, header first. Half lines stand beside the whole ones, so nothing is lost by them."""
    lines = [DELIMITER.join(FIELDS)]
    for attempt in site.attempts:
        lines += [DELIMITER.join(str(row.get(name, "")) for name in FIELDS) for row in _rows(attempt, site.now)]
    for number in reversed(_CUT_AFTER):
        if number < len(lines):
            lines.insert(number + 1, lines[number][:40])
    return ("\n".join(lines) + "\n").encode()


def _rows(attempt: Attempt, now: int) -> Iterator[dict[str, object]]:
    """The record's row, then its steps when it ran."""
    allocation = _allocation(attempt, now)
    yield allocation
    if attempt.start is not None:
        yield from _steps(attempt, allocation)


def _allocation(attempt: Attempt, now: int) -> dict[str, object]:
    job, habit = attempt.job, attempt.job.habit
    elapsed = 0 if attempt.start is None else (attempt.end or now) - attempt.start
    cpus = job.nodes * job.cpus_a_node
    started = attempt.start is not None
    return {
        "JobIDRaw": job.raw_id, "JobID": job.shown_id, "Cluster": CLUSTER,
        "User": job.person.name, "UID": job.person.uid, "Account": job.person.account, "QOS": habit.qos, "Partition": habit.queue,
        "State": attempt.state, "Submit": _stamp(attempt.submit), "Eligible": _stamp(attempt.eligible),
        "Start": _start(attempt), "End": _stamp(attempt.end), "ElapsedRaw": elapsed, "TimelimitRaw": job.limit_minutes,
        "Suspended": "00:00:00", "ExitCode": attempt.exit_code, "DerivedExitCode": "0:0",
        "NNodes": job.nodes, "ReqCPUS": cpus, "NCPUS": cpus, "ReqMem": f"{job.nodes * job.memory_mb_a_node}M",
        "ReqTRES": _tres(attempt, is_typed=job.is_typed or habit.mixed), "AllocTRES": _tres(attempt, is_typed=True) if started else "",
        "CPUTimeRAW": elapsed * cpus, "TotalCPU": _hms(_cpu_seconds(attempt)),
        "NodeList": ",".join(attempt.nodes) or "None assigned", "Priority": 1000 + job.raw_id % 977,
        "Reason": "None" if started or attempt.end is not None else "Resources", "JobName": habit.name,
    }  # fmt: skip


def _start(attempt: Attempt) -> str:
    return "None" if attempt.start is None and attempt.end is not None else _stamp(attempt.start)


def _tres(attempt: Attempt, *, is_typed: bool) -> str:
    """`billing=…,cpu=…,gres/gpu:a100=2,gres/gpu=2,mem=…M,node=1`: the untyped entry is the total."""
    job = attempt.job
    cpus, memory = job.nodes * job.cpus_a_node, job.nodes * job.memory_mb_a_node
    parts = [f"billing={cpus}", f"cpu={cpus}"]
    if is_typed:
        parts += [f"gres/gpu:{kind}={count * job.nodes}" for kind, count in job.gpus.items()]
    if job.gpus:
        parts.append(f"gres/gpu={job.gpus_a_node * job.nodes}")
    return ",".join([*parts, f"mem={memory}M", f"node={job.nodes}"])


def _steps(attempt: Attempt, allocation: dict[str, object]) -> Iterator[dict[str, object]]:
    """`.extern` on every node, and the step that does the work: `.batch`, or `.0` over several nodes."""
    inherited = (
        "Cluster",
        "Account",
        "Submit",
        "Eligible",
        "Start",
        "End",
        "ElapsedRaw",
        "NNodes",
        "NCPUS",
        "CPUTimeRAW",
        "NodeList",
    )
    shared = {name: allocation[name] for name in inherited} | {
        "Eligible": allocation["Start"],
        "Submit": allocation["Start"],
    }
    shared |= {"AllocTRES": str(allocation["AllocTRES"]).partition(",")[2], "ExitCode": attempt.exit_code}
    names = ("batch", "extern") if attempt.job.nodes == 1 else ("batch", "extern", "0")
    worker = "batch" if attempt.job.nodes == 1 else "0"
    for name in names:
        ids = {key: f"{allocation[key]}.{name}" for key in ("JobIDRaw", "JobID")}
        use = _use(attempt) if name == worker and attempt.end is not None else {}
        label = "python" if name == "0" else name
        yield shared | ids | {"State": _step_state(attempt, name), "JobName": label, "NTasks": attempt.job.nodes} | use


def _step_state(attempt: Attempt, name: str) -> str:
    """A step of a job that hit its limit is cancelled, `.extern` completes."""
    if name == "extern" and attempt.end is not None:
        return "COMPLETED"
    return "CANCELLED" if attempt.state == "TIMEOUT" else attempt.state.partition(" ")[0]


def _use(attempt: Attempt) -> dict[str, object]:
    """Measured use, summed over the step's tasks (one a node)."""
    job, fate = attempt.job, attempt.job.fate
    cpu = _cpu_seconds(attempt)
    rss = int(job.memory_mb_a_node * (1 << 20) * fate.memory_ratio) & ~4095
    gpu = {}
    if fate.busy_ratio is not None and job.gpus:
        gpu = {"gres/gpumem": job.gpus_a_node * int(_GIB * (2 + 60 * fate.busy_ratio)),
               "gres/gpuutil": round(100 * job.gpus_a_node * fate.busy_ratio)}  # fmt: skip
    each = {"cpu": cpu // job.nodes, "energy": 0, "fs/disk": 11_000, **gpu, "mem": rss, "pages": 0, "vmem": rss + _GIB}
    in_all = {name: value * job.nodes for name, value in each.items()}
    ave, tot = (_list(use) for use in (each, in_all))
    return {"TotalCPU": _hms(cpu), "MaxRSS": rss, "TRESUsageInTot": tot, "TRESUsageInAve": ave, "TRESUsageInMax": ave}


def _cpu_seconds(attempt: Attempt) -> int:
    """CPU time used; Slurm knows it when the steps have ended."""
    if attempt.start is None or attempt.end is None:
        return 0
    job = attempt.job
    return int((attempt.end - attempt.start) * job.nodes * job.cpus_a_node * job.fate.cpu_ratio)


def _list(use: dict[str, int]) -> str:
    return ",".join(f"{name}={_hms(value) if name == 'cpu' else value}" for name, value in use.items())


def _stamp(moment: int | None) -> str:
    return "Unknown" if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _hms(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    clock = f"{rest // 3600:02d}:{rest % 3600 // 60:02d}:{rest % 60:02d}"
    return f"{days}-{clock}" if days else clock
