"""Names of GPUs as slots tell them: `GPU-0667ce7c,MIG-…`, `{ GPUs_GPU_0667ce7c }`, `CUDA0`."""

import re
from functools import lru_cache
from typing import Any

_UUID = re.compile(r"GPU-([0-9a-f]{8})(-[0-9a-f-]*)?", re.I)
_INDEX = re.compile(r"(?:CUDA|OCL|HIP)(\d+)", re.I)
_BETWEEN = re.compile(r"[\s,{}\[\]\"']+")
_UNSAID = ("", "undefined", "error")


def named(told: Any) -> tuple[str, ...]:
    """The GPUs of a list, a text or a list of references, each once and in their order."""
    each = told if isinstance(told, list) else [told]
    return tuple(dict.fromkeys(gpu(name) for one in each for name in _names(one)))


def _names(told: Any) -> list[str]:
    """Names in a text; of a nested ad its Id."""
    if isinstance(told, dict):
        told = next((each for name, each in told.items() if name.lower() == "id"), None)
    if not isinstance(told, str):
        return []
    return [name for name in _BETWEEN.split(told) if name.lower() not in _UNSAID]


@lru_cache(maxsize=65_536)
def gpu(name: str) -> str:
    """`GPU-` and 8 hex, `MIG-` and its uuid, `index:N`; any other name as it is."""
    bare = name[5:].replace("_", "-") if name.lower().startswith("gpus_") else name
    if match := _UUID.fullmatch(bare):
        return f"GPU-{match[1].lower()}"
    if match := _INDEX.fullmatch(bare):
        return f"index:{match[1]}"
    return bare


@lru_cache(maxsize=65_536)
def referred(name: str) -> str:
    """A GPU's name as far as the name of its attribute (`GPUs_…`) tells it."""
    return re.sub(r"\W", "_", name).lower()
