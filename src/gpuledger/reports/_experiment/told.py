"""Whether the ledger tells of experiments at all, and what measured how busy their GPUs were."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gpuledger.metrics import Ask
from gpuledger.metrics.workflows.facts import of_htcondor
from gpuledger.model.errors import NoData
from gpuledger.model.schema import unbound
from gpuledger.model.tables import JOB_ATTEMPTS

if TYPE_CHECKING:
    import ibis.expr.types as ir

_NAMES = {"htcondor": "HTCondor", "slurm gpuutil": "Slurm"}


def require_experiment(ask: Ask) -> None:
    """Raises NoData where no attempt is of a workflow or of HTCondor: another scheduler's jobs are no experiment."""
    if not ask.rows(_any(is_ours=True)).num_rows and ask.rows(_any(is_ours=False)).num_rows:
        raise NoData(
            "The ledger holds no workflow and no attempt of HTCondor, which this report is about; try `gpuledger report usage`."
        )


def _any(*, is_ours: bool) -> "ir.Table":
    told = unbound(JOB_ATTEMPTS)
    return (told.filter(of_htcondor(told)) if is_ours else told).select("cluster").limit(1)


def measured_by(ask: Ask, clusters: Sequence[str]) -> str:
    """What told how busy the GPUs of these clusters' attempts were, in words."""
    told = unbound(JOB_ATTEMPTS)
    measured = told.filter(told.gpu_busy_ratio.notnull() & told.gpu_busy_source.notnull() & told.cluster.isin(clusters))
    rows = ask.rows(measured.select("gpu_busy_source").distinct().order_by("gpu_busy_source"))
    return " and ".join(_NAMES.get(name, name) for name in rows["gpu_busy_source"].to_pylist())
