"""What an HTCondor slot says of its GPUs by its name and its state: one rule for a live pool and for files of one."""

ADMIN = ("none", "other", "preempting", "owner", "draining", "drained")
"""What may stand over a GPU, from the weakest to the strongest."""
STATES = {
    "claimed": "none", "unclaimed": "none", "matched": "none", "backfill": "none", "preempting": "preempting",
    "owner": "owner", "drained": "drained", "draining": "draining",
}  # fmt: skip
"""What each state says stands over a GPU; any other state is `other`."""


def kind(name: str) -> str:
    """`slot1_3` of `slot1_3@gpu2003.example.edu`, in small letters."""
    return name.partition("@")[0].lower()


def is_secondary(kind: str) -> bool:
    """Does it lend GPUs to jobs that give way to the primary ones?"""
    return "backfill" in kind


def is_interactive(kind: str) -> bool:
    """Is it a primary slot for people at a terminal?"""
    return "interactive" in kind and not is_secondary(kind)


def is_dynamic(kind: str) -> bool:
    """Was it made for a job? Then it offers nothing itself."""
    return "_" in kind
