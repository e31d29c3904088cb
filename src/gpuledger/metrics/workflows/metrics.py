"""The metrics of workflows: declarations only. Each is one of the totals that the report of an experiment is made of
(`totals`), so that a question and the report cannot disagree."""

from gpuledger.metrics import Metric
from gpuledger.model.document import Better, Format

TABLE = "workflow_nodes"
_OF_PERIOD = "Of the period are attempts that ended in it, and those without an end that were there in it."
_HOURS = "Hours inside the period of attempts that are over."
_DECIDED = "Null where attempts are and none tells how it ended."
_OPEN = "Attempts that had no end when their log ended; they are in no other sum of hours."


def _total(name: str, label: str, shown: Format, meaning: str, field: str, better: Better = "neither") -> Metric:
    """A count or sum: the total of that name, null where it is not told."""
    return Metric(name, label, shown, meaning, "workflow", lambda totals: getattr(totals, field), better, table=TABLE)


def _ratio(name: str, label: str, meaning: str, parts: tuple[str, str]) -> Metric:
    return Metric(
        name, label, "ratio", meaning, "ratio", better="high", numerator=parts[0], denominator=parts[1], table=TABLE
    )


METRICS: tuple[Metric, ...] = (
    _total(
        "workflow_attempts", "Attempts of workflows", "count",
        f"Matches of jobs of workflows with a slot, executed or not; a job never matched is one. {_OF_PERIOD}", "attempts",
    ),
    _total("workflow_attempts_executed", "Attempts that executed", "count", f"Those that started. {_OF_PERIOD}", "executed"),
    _total(
        "workflow_attempts_succeeded", "Attempts that succeeded", "count", f"Those that ended with exit code 0. {_OF_PERIOD} {_DECIDED}",
        "succeeded_or_none", "high",
    ),
    _total(
        "nodes_submitted", "Nodes submitted", "count",
        "Different (workflow, node) with an attempt of the period; by a dimension, with an attempt there, so that its rows do not add up.",
        "nodes",
    ),
    _total(
        "nodes_succeeded", "Nodes that succeeded", "count",
        "Different (workflow, node) whose kept attempt, the longest that ended with exit code 0, is of the period. " + _DECIDED, "nodes_done_or_none", "high",
    ),
    _total(
        "epochs_completed", "Epochs completed", "count",
        "Nodes with a step in their name or variables that succeeded, each once, under the attempt that did the work: the longest"
        " success, or the longest checkpoint where a short resume only finished it. Where no node has a step every node counts. " + _DECIDED,
        "epochs_or_none", "high",
    ),
    _total("workflow_wall_hours", "Wall hours of workflows", "hour", f"Start to end, one an attempt. {_HOURS}", "wall"),
    _total("workflow_gpu_hours", "GPU-hours of workflows", "gpu_hour", f"Start to end × GPUs. {_HOURS}", "gpu_or_none"),
    _total("workflow_good_hours", "Good wall hours", "hour", f"Of the one attempt of each node whose result was kept: the longest that ended with exit code 0. {_HOURS} {_DECIDED}", "good_wall_or_none", "high"),
    _total("workflow_good_gpu_hours", "Good GPU-hours of workflows", "gpu_hour", f"The same × GPUs. {_HOURS}", "good_gpu_or_none", "high"),
    _total(
        "workflow_checkpoint_hours", "Wall hours of checkpoints used", "hour",
        f"Of attempts that stopped themselves and whose node succeeded afterwards. {_HOURS} {_DECIDED}", "checkpoint_wall_or_none",
    ),
    _total("workflow_useful_hours", "Useful wall hours", "hour", f"Good hours and those of checkpoints used. {_HOURS} {_DECIDED}", "useful_wall_or_none", "high"),
    _total("workflow_lost_hours", "Lost wall hours", "hour", f"All others whose outcome is told; by cause it tells why. Useful, lost and untold hours are all hours. {_HOURS} {_DECIDED}", "lost_wall_or_none", "low"),
    _total("workflow_lost_gpu_hours", "Lost GPU-hours of workflows", "gpu_hour", f"The same × GPUs. {_HOURS}", "lost_gpu_or_none", "low"),
    _total("workflow_attempts_told", "Attempts that tell how they ended", "count", f"Those that executed, without those whose outcome is not told. {_OF_PERIOD}", "executed_told"),
    _total("nodes_told", "Nodes whose outcome is told", "count", f"Nodes submitted, without those that have no success and an attempt whose outcome is not told. {_OF_PERIOD}", "nodes_told"),
    _total("workflow_told_hours", "Wall hours whose outcome is told", "hour", f"Useful and lost hours. {_HOURS}", "told_wall"),
    _total("workflow_untold_hours", "Wall hours whose outcome is not told", "hour", f"Of attempts that are over, where nothing tells how they ended: neither useful nor lost. {_HOURS}", "untold_wall"),
    _total("attempts_without_end", "Attempts without an end", "count", _OPEN, "open_count"),
    _total("workflow_open_hours", "Hours so far of attempts without an end", "hour", f"Start to the end of the log. {_OPEN}", "open_wall"),
    _ratio(
        "workflow_success_ratio", "Attempt success in workflows",
        "Attempts that ended with exit code 0 ÷ attempts that executed and whose outcome is told, those without an end among them.",
        ("workflow_attempts_succeeded", "workflow_attempts_told"),
    ),
    _ratio(
        "node_success_ratio", "Node success", "Different nodes with a success ÷ different nodes submitted whose outcome is told; never above 1.",
        ("nodes_succeeded", "nodes_told"),
    ),
    _ratio(
        "workflow_useful_ratio", "Useful share of wall hours", "Good hours and those of checkpoints used ÷ all wall hours whose outcome is told.",
        ("workflow_useful_hours", "workflow_told_hours"),
    ),
)  # fmt: skip
