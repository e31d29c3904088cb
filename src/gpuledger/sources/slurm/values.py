"""Columns of text to numbers: NaN is "not known"; what cannot be read is marked, never guessed."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.sources.slurm.sheet import Sheet
from gpuledger.sources.slurm.tres import amount

Floats = np.ndarray[Any, np.dtype[np.float64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

WORDS = frozenset(
    {"", "Unknown", "None", "N/A", "INVALID", "Partition_Limit", "UNLIMITED", "NOT_SET", "(null)", "4294967295"}
)
"""What Slurm prints for "no such value"."""
_DURATION = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")


class Numbers(NamedTuple):
    """A column of numbers and where its text could not be read."""

    values: Floats
    is_bad: Flags


def numbers(sheet: Sheet, name: str, meaning: Callable[[str], float | None] = amount) -> Numbers:
    """A column by its distinct values; `meaning` raises ValueError for what it cannot read."""
    codes, texts = sheet.coded(name)
    values, bad = np.full(len(texts), np.nan), np.zeros(len(texts), bool)
    for i, text in enumerate(texts):
        if text not in WORDS:
            try:
                number = meaning(text)
                values[i] = np.nan if number is None else number
            except ValueError:
                bad[i] = True
    return Numbers(values[codes], bad[codes])


def whole(sheet: Sheet, name: str) -> Numbers:
    """A column of many distinct whole numbers, '' where there is none."""
    column = sheet.text(name)
    try:
        cast = pc.cast(pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column), pa.int64())
    except pa.ArrowInvalid:
        return numbers(sheet, name)
    return Numbers(floats(cast), np.zeros(len(sheet), bool))


def sizes(column: Any) -> Floats:
    """Amounts with an optional binary unit (`3192K`), NaN for '' and for what is no amount."""
    is_size = pc.match_substring_regex(column, r"^\d+(\.\d+)?[KMGTPE]?$")
    known = pc.if_else(pc.fill_null(is_size, False), column, pa.scalar(None, pa.string()))
    unit = pc.index_in(pc.utf8_slice_codeunits(known, -1), pa.array(list("KMGTPE")))
    power = np.asarray(pc.fill_null(unit, -1)) + 1
    return np.asarray(floats(pc.cast(pc.ascii_rtrim(known, "KMGTPE"), pa.float64())) * 1024.0**power, np.float64)


def floats(column: Any) -> Floats:
    """An Arrow array of numbers as doubles, NaN for null."""
    return np.asarray(pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


@lru_cache(maxsize=2**16)
def duration(text: str) -> float:
    """`MM:SS.mmm`, `HH:MM:SS` or `D-HH:MM:SS` as seconds."""
    match = _DURATION.fullmatch(text)
    if not match:
        raise ValueError(text)
    days, hours, minutes, seconds = match.groups(default="0")
    return int(days) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)


_SHAPES: dict[int, tuple[str, tuple[tuple[int, float], ...]]] = {
    8: ("00:00:00", ((0, 36000), (1, 3600), (3, 600), (4, 60), (6, 10), (7, 1))),
    9: ("00:00.000", ((0, 600), (1, 60), (3, 10), (4, 1), (6, 0.1), (7, 0.01), (8, 0.001))),
    10: ("0-00:00:00", ((0, 86400), (2, 36000), (3, 3600), (5, 600), (6, 60), (8, 10), (9, 1))),
    11: ("00-00:00:00", ((0, 864000), (1, 86400), (3, 36000), (4, 3600), (6, 600), (7, 60), (9, 10), (10, 1))),
}
"""Length of a duration's text → its template and what each digit weighs in seconds."""


def durations(sheet: Sheet, name: str) -> Numbers:
    """A column of many distinct durations, read by their shape; odd shapes one by one."""
    column = sheet.text(name)
    lengths = np.asarray(pc.fill_null(pc.binary_length(column), 0))
    values, bad = np.full(len(sheet), np.nan), np.zeros(len(sheet), bool)
    left = lengths > 0
    for length, (template, weights) in _SHAPES.items():
        at = np.flatnonzero(lengths == length)
        if len(at):
            fits, seconds = _by_shape(column.take(pa.array(at)), template, weights)
            values[at[fits]] = seconds[fits]
            left[at[fits]] = False
    for i in np.flatnonzero(left):
        values[i], bad[i] = _one(column[i].as_py())
    return Numbers(values, bad)


def _one(text: str) -> tuple[float, bool]:
    if text in WORDS:
        return np.nan, False
    try:
        return duration(text), False
    except ValueError:
        return np.nan, True


def _by_shape(column: Any, template: str, weights: tuple[tuple[int, float], ...]) -> tuple[Flags, Floats]:
    """Which texts follow the template, and their seconds."""
    offsets = np.frombuffer(column.buffers()[1], np.int32)[column.offset : column.offset + len(column) + 1]
    letters = np.frombuffer(column.buffers()[2], np.uint8)[offsets[0] : offsets[-1]].reshape(len(column), len(template))
    digits = letters - np.uint8(ord("0"))
    fits = np.ones(len(column), bool)
    for i, letter in enumerate(template):
        fits &= (digits[:, i] < 10) if letter == "0" else (letters[:, i] == ord(letter))
    thousandths = sum(digits[:, i].astype(np.int64) * round(weight * 1000) for i, weight in weights)
    return fits, np.asarray(thousandths, np.float64) / 1000
