"""Jobs of the queue as rows of sacct's columns, so that one reading of the values serves both."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gpuledger.sources.slurm.json_jobs import rows as rows_of_json
from gpuledger.sources.slurm.json_jobs import text
from gpuledger.sources.slurm.states import LIVE, state

READ = (
    "job_id", "array_job_id", "array_task_id", "array_task_string", "het_job_id", "het_job_offset", "name", "user_name",
    "user_id", "account", "qos", "partition", "cluster", "job_state", "state_reason", "submit_time", "eligible_time",
    "start_time", "end_time", "time_limit", "node_count", "cpus", "tasks", "tres_req_str", "tres_alloc_str", "gres_detail",
    "tres_per_job", "tres_per_node", "tres_per_task", "tres_per_socket", "nodes", "priority",
)  # fmt: skip
"""What is read of a job's JSON; the rest may be large, or nobody's business (scripts, environments)."""
_ENDING = frozenset({"COMPLETING", "SPECIAL_EXIT"})
_NO_TIME = frozenset({"N/A", "Unknown", "None", "NONE"})


def kept(job: Mapping[str, Any]) -> dict[str, Any] | None:
    """What is read of a job that runs or waits; None for one that has ended: accounting tells it whole."""
    words = job.get("job_state")
    words = words if isinstance(words, list) else [words]
    return {name: job[name] for name in READ if name in job} if is_told(*map(str, words)) else None


def is_told(*words: str) -> bool:
    """Whether a job of this state runs or waits. One that is ending has its end in the accounting."""
    return bool(words) and state(words[0]) in LIVE and not _ENDING & {*words}


def rows(jobs: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, str]]:
    """A row for each job; `line` is its number from 1. Raises what a record of another shape raises."""
    for number, job in enumerate(jobs, 1):
        yield of_job(job, number)


def of_job(job: Mapping[str, Any], number: int) -> dict[str, str]:
    """The job's row."""
    if "job_state" in job:
        [row] = rows_of_json(dict(job), number)
        return row
    return {**_of_text(job), "line": str(number)}


def waiting_ids(jobs: Iterable[Mapping[str, Any]]) -> list[str]:
    """`<raw id>@<submit>` of the jobs that wait."""
    found = []
    for job in jobs:
        words = job.get("job_state", job.get("State"))
        word = str(words[0] if isinstance(words, list) and words else words)
        if state(word) == "pending":
            found.append(identity(job))
    return found


def identity(job: Mapping[str, Any]) -> str:
    """The attempt's id, by the same rule as accounting's."""
    if "job_state" in job:
        return f"{job['job_id']}@{text(job.get('submit_time'))}"
    return f"{job['JobIDRaw']}@{job['Submit']}"


def _of_text(job: Mapping[str, Any]) -> dict[str, str]:
    """squeue's text has one list of TRES: what is held, of a waiting job what is asked for."""
    names = ("JobIDRaw", "JobID", "User", "UID", "Account", "QOS", "Partition", "State", "Reason", "NNodes", "NCPUS",
             "NodeList", "Priority", "JobName")  # fmt: skip
    row = {name: str(job.get(name, "")) for name in names}
    row |= {
        name: "" if job.get(name) in _NO_TIME else str(job.get(name, "")) for name in ("Submit", "Eligible", "Start")
    }
    row["Timelimit"] = (
        ""
        if str(job.get("Timelimit", "")).upper() in ("N/A", "UNLIMITED", "INVALID", "NOT_SET")
        else str(job["Timelimit"])
    )
    row["JobID"] = _het(job) or row["JobID"]
    is_waiting = state(row["State"]) == "pending"
    return {**row, "ReqTRES" if is_waiting else "AllocTRES": str(job.get("TRES", ""))}


def _het(job: Mapping[str, Any]) -> str:
    leader, offset = str(job.get("HetID", "")), str(job.get("HetOffset", ""))
    return f"{leader}+{offset}" if leader.isdigit() and leader != "0" and offset.isdigit() else ""
