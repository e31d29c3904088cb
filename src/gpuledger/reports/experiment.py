"""What an experiment took: epochs, time, good and lost, GPUs, transfers, and what to do better."""

from pydantic import Field

from gpuledger.metrics import NOT_KNOWN, Ask, Filter
from gpuledger.metrics.filters import require_values
from gpuledger.metrics.newest import attempts_where
from gpuledger.metrics.workflows.facts import of_htcondor
from gpuledger.metrics.workflows.read import Patterns, read
from gpuledger.model.document import Document, Section
from gpuledger.model.errors import NoData
from gpuledger.reports import Parameters, Report
from gpuledger.reports import _words as words
from gpuledger.reports._experiment import (
    advice,
    failures,
    gpus,
    inputs,
    method,
    over_time,
    requested_used,
    success,
    summary,
    time,
    transfers,
    waits,
)
from gpuledger.reports._experiment.scene import Scene
from gpuledger.reports._experiment.told import require_experiment
from gpuledger.reports._ingests import OF_ATTEMPTS
from gpuledger.reports._quality import coverage, quality_of

_TABLES = (*OF_ATTEMPTS, "attempt_events", "workflow_nodes")


class ExperimentParameters(Parameters):
    """What may be chosen beside period and filters."""

    rows: int = Field(30, ge=1, le=1_000_000, description="Most rows of a table; the rest is said below it.")
    slow_seconds: float = Field(600.0, gt=0, description="Input transfers longer than this are listed.")
    step_pattern: str | None = Field(
        None, description="Regular expression whose first group is the step (epoch) in a node's name."
    )
    type_pattern: str | None = Field(
        None, description="Regular expression whose first group is a node's type; else its name without numbers."
    )


def build(ask: Ask, parameters: ExperimentParameters) -> Document:
    """Raises NoData when the ledger holds no attempt of the period, or no experiment at all."""
    require_experiment(ask)
    scene = Scene(
        ask, read(ask, Patterns(parameters.step_pattern, parameters.type_pattern, ask.sites)), parameters.rows
    )
    _require_data(scene)
    return Document(
        name="experiment",
        title=_title(scene),
        finding=summary.finding(scene),
        period=ask.period,
        parameters={**parameters.model_dump(), "where": _filters(ask.where)},
        generated_at=ask.now,
        display_zone=ask.display_zone,
        coverage=coverage(scene.coverage),
        sections=_sections(scene, parameters.slow_seconds),
        ranks=scene.ranks,
    )


def _sections(scene: Scene, slow_seconds: float) -> tuple[Section, ...]:
    return (
        Section(
            "summary",
            "Summary",
            (summary.cards(scene), *summary.untold(scene), *time.checked(scene), *success.notes(scene)),
        ),
        Section("recommendations", "Recommendations", advice.notes(scene)),
        Section("success", "Success", tuple(success.blocks(scene))),
        Section("time", "Time", tuple(time.blocks(scene))),
        Section("over-time", "Over time", tuple(over_time.blocks(scene))),
        Section("gpus", "GPUs", tuple(gpus.blocks(scene))),
        Section("requested-used", "Requested and used", tuple(requested_used.blocks(scene))),
        Section("waits", "Queue and hold", tuple(waits.blocks(scene))),
        Section("transfers", "Transfers", tuple(transfers.blocks(scene, slow_seconds))),
        Section("failures", "Failures", tuple(failures.blocks(scene))),
        quality_of(scene.ask, scene.coverage, _TABLES, inputs=inputs.table(scene.ask, scene.rows)),
        method.definitions(),
    )


def _require_data(scene: Scene) -> None:
    if scene.whole.attempts or scene.whole.wall:
        return
    require_values(scene.ask, "workflow_nodes")
    if not len(scene.tries) and scene.ask.where:
        raise NoData(f"No attempt is {' and '.join(_filters(scene.ask.where))}; leave one of them out.")
    if not len(scene.tries):
        raise NoData("The ledger holds no attempt that was asked for; read logs with `gpuledger ingest FILE`.")
    raise NoData(f"No attempt ran in {scene.ask.period}; `--last all` asks for everything.")


def _title(scene: Scene) -> str:
    workflow = scene.tries.names["workflow"]
    workflows = [
        name for name, n in zip(workflow.labels, workflow.sums(scene.inside), strict=True) if n and name != NOT_KNOWN
    ]
    what = workflows[0] if len(workflows) == 1 else f"{len(workflows)} workflows" if workflows else "jobs"
    only = "".join(f" where {text}" for text in _filters(scene.ask.where)[:2])
    return f"Experiment: {what}{only}, {words.of_period(scene.ask.period)}"


def _filters(where: tuple[Filter, ...]) -> tuple[str, ...]:
    return tuple(f"{f.column}{f.op}{','.join(v or 'not known' for v in f.values)}" for f in where)


REPORT = Report(
    name="experiment",
    title="Experiment",
    audience="Researchers who ran a workflow over many sites: what it took, what was lost and why, what to do better.",
    parameters=ExperimentParameters,
    build=build,
    default_last="all",
    subject=attempts_where(of_htcondor),
)
