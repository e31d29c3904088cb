"""`gpu:a100:2(IDX:0-1),gpu:h200:1(IDX:4)`: GPUs of a machine or of a job on a machine, with their index where told."""

import re
from dataclasses import dataclass

_GPU = re.compile(r"\bgpu(?::([A-Za-z_][^:(),=]*))?[:=](\d+)(?:\(([^()]*)\))?")
_PIECE = re.compile(r"(\d+)(?:-(\d+))?")
MOST = 1024
"""No machine has more; a larger number is damage."""


@dataclass(frozen=True)
class Gpus:
    """GPUs of one kind; `indices` None where they are not told."""

    kind: str
    count: int
    indices: tuple[int, ...] | None = None


def gpus(text: str) -> tuple[Gpus, ...]:
    """The GPUs of a list of generic resources; other resources are left out."""
    found = (Gpus(match[1] or "", min(int(match[2]), MOST), _indices(match[3] or "")) for match in _GPU.finditer(text))
    return tuple(one for one in found if one.count)


def _indices(note: str) -> tuple[int, ...] | None:
    """`IDX:0-1,3`; sockets (`S:0-1`) and `IDX:N/A` tell none."""
    if not note.startswith("IDX:"):
        return None
    found: list[int] = []
    for match in _PIECE.finditer(note[4:]):
        low, high = int(match[1]), int(match[2] or match[1])
        found.extend(range(low, min(high, low + MOST) + 1))
    return tuple(found) or None
