"""One sentence for every name that is not there: what was asked, what is near, what there is."""

from collections.abc import Iterable
from difflib import get_close_matches


def unknown(kind: str, name: str, known: Iterable[str], listed: str = "") -> str:
    """ "There is no metric 'gpu_hour'; did you mean 'gpu_hours'?", or all that there are when none is near.

    `listed` says where all are listed, when they are too many for a sentence.
    """
    there = list(known)
    near = get_close_matches(name, there, n=3, cutoff=0.6)
    if near:
        return f"There is no {kind} {name!r}; did you mean {' or '.join(repr(n) for n in near)}?"
    if listed:
        return f"There is no {kind} {name!r}; {listed}."
    return (
        f"There is no {kind} {name!r}; there are: {', '.join(there)}."
        if there
        else f"There is no {kind} {name!r}, nor any other."
    )
