"""How delimited text is laid out, as far as it can be told from its beginning: delimiter and header."""

import csv
import io
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from gpuledger.model.errors import SourceError

Lines = npt.NDArray[np.int64]
"""The number of each row in the input: its line, or its record's number."""

DELIMITERS = (",", ";", "\t", "|")
BATCH_ROWS = 100_000


def fields_of(line: str, delimiter: str, quote: str) -> list[str]:
    """One line cut into its fields."""
    if not quote:
        return line.split(delimiter)
    try:
        return next(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter, quotechar=quote), [])
    except csv.Error as error:
        raise SourceError(f"The first line cannot be cut into columns ({error}); is this delimited text?") from None


def delimiter_of(line: str, quote: str) -> str:
    """The delimiter that cuts the line into most fields; a comma when none does."""
    return max(DELIMITERS, key=lambda delimiter: len(fields_of(line, delimiter, quote)))


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Names made different (case does not count): an empty one is `column_3`, a second `a` is `a_2`."""
    taken: dict[str, str] = {}
    for position, given in enumerate(names, 1):
        name = given.strip() or f"column_{position}"
        number = 2
        while name.casefold() in taken:
            name, number = f"{given.strip() or f'column_{position}'}_{number}", number + 1
        taken[name.casefold()] = name
    return tuple(taken.values())


def gathered(batches: Iterable[tuple[pa.Table, Lines]], rows: int = BATCH_ROWS) -> Iterator[tuple[pa.Table, Lines]]:
    """The same rows in fewer, larger tables: each costs its own query, and its own write later."""
    held: list[tuple[pa.Table, Lines]] = []
    for batch in batches:
        held.append(batch)
        if sum(len(lines) for _, lines in held) >= rows:
            yield _joined(held)
            held = []
    if held:
        yield _joined(held)


def _joined(held: list[tuple[pa.Table, Lines]]) -> tuple[pa.Table, Lines]:
    return pa.concat_tables([table for table, _ in held]), np.concatenate([lines for _, lines in held])
