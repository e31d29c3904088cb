"""The executive summary: cards, and what happened in a few sentences."""

from collections.abc import Iterator

import numpy as np

from gpuledger.metrics.workflows.totals import Totals
from gpuledger.model.document import Measured, Note, Number, Numbers
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.scene import Scene
from gpuledger.reports._experiment.told import measured_by

_EVERYTHING = "all attempts of the experiment"


def cards(scene: Scene) -> Numbers:
    """Six numbers, each with what it is counted of."""
    whole = scene.whole
    return Numbers(
        "numbers",
        "Numbers",
        (
            Number(
                "epochs", f"{scene.step_word.capitalize()}s completed", whole.epochs_or_none, "count",
                "Different nodes of a workflow that succeeded, each once, however often it was tried.",
                better="high", reason=_not_told(whole) or f"of {words.plural(whole.step_nodes, 'node')} {'with a step' if scene.counted.has_steps else 'submitted'}",
            ),
            Number(
                "node-success", "Nodes that succeeded", whole.node_success, "ratio",
                "Different (workflow, node) with an attempt that ended with exit code 0 ÷ nodes submitted whose outcome is told.", better="high",
                reason=_not_told(whole) or f"{words.count(whole.nodes_done)} of {words.count(whole.nodes_told)}",
            ),
            Number(
                "attempt-success", "Attempts that succeeded", whole.attempt_success, "ratio",
                "Attempts that ended with exit code 0 ÷ attempts that executed and tell how they ended.", better="high",
                reason=_not_told(whole) or (
                    f"{words.count(whole.succeeded)} of {words.count(whole.executed_told)} that executed"
                    if whole.executed_told else "no attempt executed"
                ),
            ),
            Number(
                "wall-hours", "Wall hours", whole.wall, "hour",
                "Start to end of every attempt that is over.",
                reason=_parts(whole, "wall", " h"),
            ),
            Number(
                "gpu-hours", "GPU-hours", whole.gpu_or_none, "gpu_hour",
                "Wall hours × GPUs of the attempt.",
                reason="no attempt tells its GPUs" if whole.gpu_or_none is None
                else _parts(whole, "gpu", ""),
            ),
            _busy(scene),
        ),
    )  # fmt: skip


def _not_told(whole: Totals) -> str:
    """Why nothing is said of outcomes, where no attempt tells its own."""
    return "" if whole.told or not whole.untold else "no attempt tells how it ended"


def _parts(whole: Totals, what: str, unit: str) -> str:
    """What a sum of hours is made of, and how many attempts it leaves out because they have no end."""
    hours = {fate: float(getattr(whole, f"{fate}_{what}")) for fate in ("good", "checkpoint", "lost", "untold")}
    names = {"good": "good", "checkpoint": "checkpoints", "lost": "lost", "untold": "outcome not told"}
    always = () if _not_told(whole) else ("good", "lost")
    said = [
        f"{words.amount(hours[fate])}{unit} {name}" for fate, name in names.items() if hours[fate] or fate in always
    ]
    still = whole.open_count
    return ", ".join(said) + (
        f"; without {words.count(still)} that {'has' if still == 1 else 'have'} no end" if still else ""
    )


def _busy(scene: Scene) -> Number:
    ratio, measured = busy(scene)
    source = measured_by(scene.ask, scene.tries.names["cluster"].labels)
    told = "Usage ÷ Allocated of the job's table" if source == "HTCondor" else "as told of each job"
    return Number(
        "gpu-busy", "GPU busy while held", ratio, "ratio",
        "Share of GPU time with work on the device, weighted by GPU-hours, of the attempts that reported it.",
        better="high", measured=Measured(measured, source) if measured and source else None,
        reason="no attempt reported how busy its GPUs were" if ratio is None else told,
    )  # fmt: skip


def busy(scene: Scene) -> tuple[float | None, float | None]:
    """(mean busy share of the measured GPU-hours, share of GPU-hours measured)."""
    tries = scene.tries
    ratio, hours = tries["gpu_busy_ratio"], np.nan_to_num(tries.gpu_hours)
    measured = hours[~np.isnan(ratio)].sum()
    if not hours.sum():
        return None, None
    share = float(measured / hours.sum())
    return (float(np.nansum(ratio * hours) / measured) if measured else None), share


def finding(scene: Scene) -> str:
    """The report in a few sentences."""
    return " ".join(_sentences(scene))


def _sentences(scene: Scene) -> Iterator[str]:
    whole = scene.whole
    if said := _not_told(whole):
        yield f"{said.capitalize()}, of {words.count(whole.attempts)}: what succeeded is not known."
    else:
        yield (
            f"{words.plural(whole.nodes_done, 'node')} of {words.count(whole.nodes)} succeeded in"
            f" {words.plural(whole.attempts, 'attempt')}, {words.count(whole.succeeded)} of which ended with exit code 0."
        )
    if whole.wall:
        gpus = "" if whole.gpu_or_none is None else f" and {words.amount(whole.gpu)} GPU-hours"
        lost = f"{words.percent(whole.lost_wall / whole.wall)} of the wall time was lost"
        untold = f"{words.percent(whole.untold_wall / whole.wall)} tells no outcome" if whole.untold_wall else ""
        said = "; ".join(filter(None, ("" if _not_told(whole) else lost, untold)))
        yield f"{words.amount(whole.wall)} wall hours{gpus} were used; {said}."


def untold(scene: Scene) -> Iterator[Note]:
    """How many attempts are neither good nor lost, because nothing tells how they ended."""
    whole = scene.whole
    if whole.untold:
        one = whole.untold == 1
        yield Note(
            "outcome-not-told", "warning", "outcome not told",
            f"{words.count(whole.untold)} of {words.plural(whole.told + whole.untold, 'attempt')} {'does' if one else 'do'} not tell how {'it' if one else 'they'} ended"
            f" (no exit code, signal or state), {words.amount(whole.untold_wall)} wall hours: neither good nor lost, and in no share of success."
            " Read the event logs of these jobs, or advertisements with ExitCode and JobStatus.",
            "time-by-site",
        )  # fmt: skip
