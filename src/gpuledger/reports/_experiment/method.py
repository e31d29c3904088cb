"""The definitions in force."""

from gpuledger.model.document import Definitions, Section

_TERMS = (
    ("Attempt", "", "One match of a job to a slot: from the start of its input transfer (or its start) to its end. A job that was never matched is one attempt that only waited."),
    ("Executed", "", "An attempt that has a start."),
    ("Node", "", "One (workflow, node name) of one access point; a job outside a workflow is a node of its own."),
    ("Attempt success", "%", "Attempts that ended with exit code 0 ÷ attempts that executed and tell how they ended, those still open among them."),
    ("Node success", "%", "Different nodes with a success ÷ nodes submitted whose outcome is told. Neither share can exceed 100 %."),
    ("Epoch completed", "", "A node with a step in its name or variables that succeeded, once, for the site of the attempt that did the work: the longest success, or the longest checkpoint where a short resume (under a quarter of its time) only finished it."),
    ("Wall hours", "h", "Start to end of attempts that are over, inside the period. An attempt of which no end is told is counted apart, with its hours to the end of its log, and is in no sum."),
    ("GPU-hours", "GPU-h", "Wall hours × GPUs held."),
    ("Good", "h", "Wall time of attempts that ended with exit code 0. Of each node the longest is kept; further successes of the same node are told beside it."),
    ("Checkpoint used", "h", "Wall time of attempts that stopped themselves (exit code 85) and whose node succeeded afterwards."),
    ("Lost", "h", "Wall time of every other attempt that is over, by what ended it."),
    ("Outcome not told", "h", "Wall time of attempts that are over where no exit code, signal or state tells how. Good + checkpoints + lost + not told = wall hours."),
    ("Queue", "time", "Idle before a match: since submission, release, or the end of the attempt before."),
    ("Hold", "time", "Hold to release, counted with the attempt before it."),
    ("Input transfer", "time", "Of attempts that went on to execute; in vain where they did not."),
    ("Bytes", "B", "Run bytes of each attempt, also of those that were evicted; never totals of a job."),
    ("GPU busy", "%", "Usage ÷ Allocated of the table in the end event, with how many attempts have it."),
    ("GPU memory", "%", "Peak GPU memory ÷ memory of one GPU."),
    ("Failed", "", "Lost, but not removed by a person or DAG, not held by a policy, not for a disk quota."),
)  # fmt: skip


def definitions() -> Section:
    """What each number means."""
    return Section("definitions", "Definitions", (Definitions("terms", "Definitions in force", _TERMS),))
