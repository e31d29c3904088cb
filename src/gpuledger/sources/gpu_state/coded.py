"""Text as numbers: the words of a column once, and for each row which."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Coded:
    """`codes` are places in `words`, -1 where there is none. Words may repeat until `in_order` is asked."""

    codes: Codes
    words: tuple[str, ...]

    def named(self, spelled: Callable[[str], str | None]) -> "Coded":
        """The same rows with each word as `spelled`, equal ones once; None makes it missing."""
        told = [spelled(word) for word in self.words]
        words = {word: number for number, word in enumerate(dict.fromkeys(word for word in told if word is not None))}
        return Coded(self.mapped_codes([-1 if word is None else words[word] for word in told]), tuple(words))

    def mapped(self, number: Callable[[str], int], missing: int = 0) -> Codes:
        """A number for each row, by its word."""
        return self.mapped_codes([number(word) for word in self.words], missing)

    def mapped_codes(self, numbers: list[int], missing: int = -1) -> Codes:
        return np.array([*numbers, missing], np.int64)[self.codes]

    def in_order(self) -> tuple[tuple[str, ...], Codes]:
        """The different words in the order of the alphabet, and which each row has."""
        words = sorted(set(self.words))
        place = {word: number for number, word in enumerate(words)}
        return tuple(words), self.mapped_codes([place[word] for word in self.words])

    def ranks(self) -> Codes:
        """Where each row's word stands in the alphabet."""
        return self.in_order()[1]

    def taken(self, rows: npt.NDArray[np.int64]) -> "Coded":
        return Coded(self.codes[rows], self.words)


def coded(column: pa.ChunkedArray) -> Coded:
    """A column of text, as dictionaries or plain."""
    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    codes = pc.fill_null(whole.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    return Coded(codes, tuple(whole.dictionary.to_pylist()))


def compact(values: Codes, below: int) -> tuple[Codes, Codes]:
    """The different values in order, and the place of each among them; all are at least 0 and less than `below`."""
    if below > 16 * len(values) + 65_536:
        different, places = np.unique(values, return_inverse=True)
        return different, places.reshape(-1)
    is_there = np.zeros(below, bool)
    is_there[values] = True
    return np.flatnonzero(is_there), (np.cumsum(is_there) - 1)[values]
