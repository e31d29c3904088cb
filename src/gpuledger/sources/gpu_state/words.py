"""What single cells of a slot mean: names of GPUs and hosts, lists."""

import re
from functools import lru_cache

NOT_SAID = ("", "undefined", "error")
"""What a ClassAd attribute without a value was written as."""
_UUID = re.compile(r"GPU-([0-9a-f]{8})(-[0-9a-f-]*)?", re.I)
_INDEX = re.compile(r"(?:GPUs_)?CUDA(\d+)", re.I)
_BETWEEN = re.compile(r"[,\s]+")


def said(word: str) -> str | None:
    """The cell's text, None where it says nothing."""
    text = word.strip()
    return None if text.lower() in NOT_SAID else text


@lru_cache(maxsize=65_536)
def gpus(word: str) -> tuple[str, ...]:
    """The GPUs of a list: `GPU-0667ce7c,MIG-…` as the collector wrote it, or `{GPUs_GPU_0667ce7c}` as the slot says it."""
    names = _BETWEEN.split(re.sub(r"[{}\[\]\"']", " ", word))
    return tuple(dict.fromkeys(gpu(name) for name in names if said(name)))


def gpu(name: str) -> str:
    """`GPU-` and 8 hex, `MIG-` and its uuid, `index:N`; any other name as it is."""
    bare = name.strip()
    if bare.lower().startswith("gpus_"):
        bare = bare[5:].replace("_", "-")
    if match := _UUID.fullmatch(bare):
        return f"GPU-{match[1].lower()}"
    if match := _INDEX.fullmatch(bare):
        return f"index:{match[1]}"
    return bare


def host(name: str) -> str | None:
    """The machine in a slot's name: what stands after its last `@`."""
    return said(name.rpartition("@")[2]) if "@" in name else None


def listed(word: str) -> str | None:
    """A list in one spelling, `A, B`; '' is an empty one (open capacity, no GPU left), None not known."""
    if word.strip().lower() in NOT_SAID[1:]:
        return None
    return ", ".join(part for each in word.split(",") if (part := each.strip()))
