"""TRES lists: `billing=48,cpu=8,gres/gpu:a100=2,gres/gpu=2,mem=32G,node=1`."""

import re
from dataclasses import dataclass
from functools import lru_cache

UNKNOWN_FROM = 2.0**63
"""Counts this large are Slurm's ways to say unknown (2^64-2, the per-CPU flag)."""
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([KMGTPE]?)")
_POWER = {unit: 1024.0**power for power, unit in enumerate(["", "K", "M", "G", "T", "P", "E"])}
_MEGABYTES_UNKNOWN = 2.0**31
"""Slurm before 21.08 printed the per-CPU flag as if it were part of the number: 2147486448Mn."""


@dataclass(frozen=True, slots=True)
class Tres:
    """One list. `gpu` is the untyped count, which is the total, else the sum of the typed ones, else 0."""

    cpu: float | None = None
    memory: float | None = None
    node: float | None = None
    billing: float | None = None
    energy: float | None = None
    gpu: float = 0.0
    typed: tuple[tuple[str, float], ...] = ()

    @property
    def is_mixed(self) -> bool:
        """More than one kind of GPU, counting those without a type as one."""
        return len(self.typed) > 1 or (bool(self.typed) and sum(n for _, n in self.typed) != self.gpu)


@lru_cache(maxsize=2**16)
def tres(text: str) -> Tres | None:
    """A TRES list, None for an empty one. Raises ValueError for what is not one."""
    if not text:
        return None
    counts = dict(_entry(part) for part in text.split(","))
    typed = tuple((key.removeprefix("gres/gpu:"), n) for key, n in counts.items() if key.startswith("gres/gpu:") and n)
    gpu = counts.get("gres/gpu") or sum(n or 0.0 for _, n in typed)
    return Tres(
        counts.get("cpu"), counts.get("mem") or None, counts.get("node"), counts.get("billing"), counts.get("energy"),
        float(gpu), tuple(sorted((name, float(n)) for name, n in typed if n)),
    )  # fmt: skip


def _entry(part: str) -> tuple[str, float | None]:
    key, is_there, value = part.partition("=")
    if not is_there:
        raise ValueError(part)
    return key, amount(value)


def amount(text: str) -> float | None:
    """A number with an optional binary unit (`32G`); None for what Slurm prints when it does not know."""
    match = _SIZE.fullmatch(text)
    if not match:
        if text.startswith("-"):
            return None
        raise ValueError(text)
    number = float(match[1]) * _POWER[match[2]]
    return number if number < UNKNOWN_FROM else None


@lru_cache(maxsize=2**16)
def requested_memory(text: str) -> tuple[float, str] | None:
    """ReqMem as (bytes, '' for all, 'n' for each node, 'c' for each CPU); None for 0, unknown and overflows."""
    per = text[-1:] if text[-1:] in ("n", "c") else ""
    number = amount(text.removesuffix(per) or "0")
    if not number or number >= _MEGABYTES_UNKNOWN * _POWER["M"]:
        return None
    return (number if text.removesuffix(per)[-1:].isalpha() else number * _POWER["M"]), per
