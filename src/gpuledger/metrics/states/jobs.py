"""Jobs as readings of GPUs saw them, with the command that a queue told of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gpuledger.metrics import Filter
from gpuledger.metrics.relation import MICRO
from gpuledger.metrics.states.ask import StateAsk
from gpuledger.metrics.states.held import held
from gpuledger.model.schema import unbound
from gpuledger.model.tables import PENDING

if TYPE_CHECKING:
    from gpuledger.metrics import Ask


def commands_known(ask: "Ask") -> bool:
    """Whether any queue told the command of any job."""
    rows = unbound(PENDING)
    return bool(ask.rows(rows.filter(rows.command.notnull()).select("job_id").limit(1)).num_rows)


def long_jobs(states: StateAsk, where: Sequence[Filter], least_seconds: float) -> list[dict[str, Any]]:
    """Primary jobs seen for so long within the period, whose command is known.

    cluster, job_id, user, command, since_us, until_us, gpus (different ones), gpu_hours, hosts; most GPU-hours first.
    """
    rows = held(states, where)
    rows = rows.filter(rows.part == "primary", rows.primary_job_id.notnull())
    jobs = rows.group_by(["cluster", "primary_job_id"]).agg(
        user=rows.primary_user.max(),
        since_us=rows.since_us.min(),
        until_us=rows.until_us.max(),
        gpus=rows.host.concat("/", rows.gpu).nunique(),
        gpu_hours=rows.weight_us.cast("float64").sum() / (3600 * MICRO),
        host=rows.host.min(),
    )
    jobs = jobs.filter(jobs.until_us - jobs.since_us >= round(least_seconds * MICRO))
    queued = unbound(PENDING)
    queued = queued.filter(queued.command.notnull())
    told = queued.group_by(["cluster", "job_id"]).agg(command=queued.command.max())
    told = told.select(q_cluster="cluster", job_id="job_id", command="command")
    both = jobs.inner_join(told, [jobs.cluster == told.q_cluster, jobs.primary_job_id == told.job_id])
    found: list[dict[str, Any]] = states.fetch(both.drop("q_cluster", "primary_job_id")).to_pylist()
    return sorted(found, key=lambda row: (-row["gpu_hours"], row["job_id"]))
