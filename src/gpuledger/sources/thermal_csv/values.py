"""Cells of a batch as values: names of hosts and GPUs, temperatures, kinds of events."""

import re
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gpuledger.model.devices import gpu_name
from gpuledger.sources.thermal_csv.reasons import kind_of

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MISSING = ("", "-", "–", "n/a", "na", "nan", "null", "none", "unknown")
"""How files write what they do not know, in small letters."""
COLDEST, HOTTEST = -50.0, 200.0
"""No GPU that answers was ever colder or hotter: what is beyond is a broken sensor's or another unit's."""
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def trimmed(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Text without blanks at its ends; null where the file does not know it."""
    plain = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    text = pc.utf8_trim_whitespace(plain)
    is_missing = pc.is_in(pc.utf8_lower(text), pa.array(MISSING))
    return pc.if_else(is_missing, pa.scalar(None, pa.string()), text)


def each(column: pa.Array, read: Callable[[str], str | None]) -> pa.Array:
    """What `read` makes of every text, made once for each that there is."""
    coded = column.dictionary_encode()
    made = pa.array([read(word) for word in coded.dictionary.to_pylist()], pa.string())
    return made.take(coded.indices)


def gpus(column: pa.Array) -> pa.Array:
    """GPUs by the ledger's one rule; a name that is neither uuid nor number is that of a place in the host."""
    return each(column, gpu_name)


def kinds(column: pa.Array, more: Mapping[str, str]) -> pa.Array:
    """Kinds of events, null for a reason that nobody explained."""
    return each(column, lambda reason: kind_of(reason, more))


def temperatures(column: pa.Array) -> tuple[pa.Array, Flags, Flags]:
    """Degrees Celsius (null: not told; 0 is 0), the cells that are no number, and those that no GPU can have."""
    coded = column.dictionary_encode()
    read = np.array([_number(word) for word in coded.dictionary.to_pylist()] + [np.nan], np.float64)
    codes = np.asarray(pc.fill_null(coded.indices, len(read) - 1).to_numpy(zero_copy_only=False), np.int64)
    is_told = np.asarray(column.is_valid().to_numpy(zero_copy_only=False), bool)
    values = read[codes]
    is_bad = is_told & np.isnan(values)
    is_far = is_told & ~is_bad & ~((values >= COLDEST) & (values <= HOTTEST))
    return pa.array(values, pa.float64(), mask=~is_told | is_bad | is_far), is_bad, is_far


def _number(word: str) -> float:
    """Not a number for a text that is none; a comma may stand for the decimal point."""
    try:
        return float(word.replace(",", ".") if _DECIMAL_COMMA.fullmatch(word) else word)
    except ValueError:
        return np.nan


def identities(*columns: pa.Array) -> pa.Array:
    """What tells events of one GPU, moment and kind apart: their temperatures, as short as they can be written."""
    return pc.binary_join_element_wise(*map(_written, columns), "/")


def _written(column: pa.Array) -> pa.Array:
    coded = column.dictionary_encode()
    made = pa.array([repr(value) for value in coded.dictionary.to_pylist()], pa.string())
    return pc.fill_null(made.take(coded.indices), "")
