"""`JS1:` in AdminComment: what Princeton's jobstats measured, as base64 of gzipped JSON."""

import base64
import binascii
import gzip
import json
import zlib
from functools import lru_cache
from typing import Any, NamedTuple

PREFIX = "JS1:"
MOST_BYTES = 8 * 2**20
"""A longer summary is damaged (or a decompression bomb)."""


class Measured(NamedTuple):
    """Mean share of time its GPUs had work, and bytes of GPU memory used at the peak."""

    gpu_busy_ratio: float | None
    gpu_memory_bytes: float | None


@lru_cache(maxsize=4096)
def measured(admin_comment: str) -> Measured | None:
    """The GPU numbers of a summary; None when there is no (readable) summary in the comment."""
    if not admin_comment.startswith(PREFIX):
        return None
    try:
        packed = base64.b64decode(admin_comment.removeprefix(PREFIX), validate=True)
        unpacked = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(packed, MOST_BYTES)
        nodes = list(json.loads(unpacked)["nodes"].values())
        return Measured(_mean(_values(nodes, "gpu_utilization")), _sum(_values(nodes, "gpu_used_memory")))
    except (binascii.Error, zlib.error, gzip.BadGzipFile, ValueError, KeyError, AttributeError, TypeError):
        return None


def _values(nodes: list[dict[str, Any]], name: str) -> list[float]:
    return [float(value) for node in nodes for value in node.get(name, {}).values()]


def _mean(percents: list[float]) -> float | None:
    return min(sum(percents) / len(percents) / 100, 1.0) if percents else None


def _sum(sizes: list[float]) -> float | None:
    return sum(sizes) if sizes else None
