"""The executive summary: cards, and what happened in a few sentences."""

from collections.abc import Iterator

import numpy as np

from gpuledger.model.document import Measured, Number, Numbers
from gpuledger.reports import _words as words
from gpuledger.reports._experiment.scene import Scene

_EVERYTHING = "all attempts of the experiment"


def cards(scene: Scene) -> Numbers:
    """Six numbers, each with what it is counted of."""
    whole = scene.whole
    return Numbers(
        "numbers",
        "Numbers",
        (
            Number(
                "epochs", f"{scene.step_word.capitalize()}s completed", whole.epochs, "count",
                "Different nodes of a workflow that succeeded, each once, however often it was tried.",
                better="high", reason=f"of {words.count(whole.nodes)} nodes submitted",
            ),
            Number(
                "node-success", "Nodes that succeeded", whole.node_success, "ratio",
                "Different (workflow, node) with an attempt that ended with exit code 0 ÷ nodes submitted.", better="high",
                reason=f"{words.count(whole.nodes_done)} of {words.count(whole.nodes)}",
            ),
            Number(
                "attempt-success", "Attempts that succeeded", whole.attempt_success, "ratio",
                "Attempts that ended with exit code 0 ÷ attempts that executed.", better="high",
                reason=f"{words.count(whole.succeeded)} of {words.count(whole.executed)} that executed"
                if whole.executed else "no attempt executed",
            ),
            Number(
                "wall-hours", "Wall hours", whole.wall, "hour",
                "Start to end of every attempt that is over.",
                reason=_parts((whole.good_wall, whole.checkpoint_wall, whole.lost_wall), whole.open_count, " h"),
            ),
            Number(
                "gpu-hours", "GPU-hours", whole.gpu_or_none, "gpu_hour",
                "Wall hours × GPUs of the attempt.",
                reason="no attempt tells its GPUs" if whole.gpu_or_none is None
                else _parts((whole.good_gpu, whole.checkpoint_gpu, whole.lost_gpu), whole.open_count, ""),
            ),
            _busy(scene),
        ),
    )  # fmt: skip


def _parts(hours: tuple[float, float, float], still: int, unit: str) -> str:
    """What a sum of hours is made of, and how many attempts it leaves out because they have no end."""
    good, checkpoints, lost = (f"{words.amount(part)}{unit}" for part in hours)
    said = [f"{good} good", *[f"{checkpoints} checkpoints"] * bool(hours[1]), f"{lost} lost"]
    return ", ".join(said) + (
        f"; without {words.count(still)} that {'has' if still == 1 else 'have'} no end" if still else ""
    )


def _busy(scene: Scene) -> Number:
    ratio, measured = busy(scene)
    return Number(
        "gpu-busy", "GPU busy while held", ratio, "ratio",
        "Share of GPU time with work on the device, weighted by GPU-hours, of the attempts that reported it.",
        better="high", measured=None if measured is None else Measured(measured, "HTCondor"),
        reason="no attempt reported how busy its GPUs were" if ratio is None else "Usage ÷ Allocated of the job's table",
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
    yield (
        f"{words.plural(whole.nodes_done, 'node')} of {words.count(whole.nodes)} succeeded in"
        f" {words.plural(whole.attempts, 'attempt')}, {words.count(whole.succeeded)} of which ended with exit code 0."
    )
    if whole.wall:
        gpus = "" if whole.gpu_or_none is None else f" and {words.amount(whole.gpu)} GPU-hours"
        lost = whole.lost_wall / whole.wall
        yield (
            f"{words.amount(whole.wall)} wall hours{gpus} were used; {words.percent(lost)} of the wall time was lost."
        )
