"""A written file and its name: made of stable ids, the same on every filesystem."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

_RESERVED = re.compile(r"(index|con|prn|aux|nul|com\d|lpt\d)(\.|$)")
_LONGEST = 80


@dataclass(frozen=True)
class Output:
    """One file of the folder: its name, its format, and the block it shows (None: the whole document)."""

    name: str
    format: str
    block: str | None
    title: str
    bytes: int


def file_stem(id: str) -> str:
    """`id` as a file name without extension: small letters, digits, dashes and underscores; two ids never share one."""
    stem = re.sub(r"[^a-z0-9_]+", "-", id.lower()).strip("-")[:_LONGEST]
    if stem and stem == id and not _RESERVED.match(stem):
        return stem
    return f"{stem or 'block'}-{hashlib.sha256(id.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"


def save(content: bytes, folder: Path, stem: str, format: str, *, block: str | None, title: str) -> Output:
    """Writes `content` as `<stem>.<format>` whole or not at all: a reader never meets half a file."""
    target = folder / f"{stem}.{format}"
    draft = folder / f".{target.name}.{os.getpid()}"
    try:
        draft.write_bytes(content)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return Output(target.name, format, block, title, len(content))
