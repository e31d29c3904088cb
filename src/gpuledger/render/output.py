"""A written file and its name: made of stable ids, the same on every filesystem."""

import hashlib
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from gpuledger.model.chart import Chart

_RESERVED = re.compile(r"(index|con|prn|aux|nul|com\d|lpt\d)(\.|$)")
_LONGEST = 80


@dataclass(frozen=True)
class Output:
    """One file of the folder: its name, its format (a key of RENDERERS), and its block (None: the whole document)."""

    name: str
    format: str
    block: str | None
    title: str
    bytes: int


def file_stem(name: str) -> str:
    """`name` as that of a file without extension: small letters, digits, dashes and underscores; no two share one."""
    stem = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")[:_LONGEST]
    if stem and stem == name and not _RESERVED.match(stem):
        return stem
    return f"{stem or 'block'}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def save(content: bytes, folder: Path, stem: str, extension: str, *, block: str | None, title: str) -> Output:
    """Writes `content` as `<stem>.<extension>` whole or not at all: a reader never meets half a file."""
    target = folder / f"{stem}.{extension}"
    draft = folder / f".{target.name}.{os.getpid()}"
    try:
        draft.write_bytes(content)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return Output(target.name, extension, block, title, len(content))


def save_each(charts: Iterable[Chart], folder: Path, extension: str, drawn: Callable[[Chart], bytes]) -> list[Output]:
    """Writes each chart as `<chart id>.<extension>`."""
    return [
        save(drawn(chart), folder, file_stem(chart.id), extension, block=chart.id, title=chart.title)
        for chart in charts
    ]
