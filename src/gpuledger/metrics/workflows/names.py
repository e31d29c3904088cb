"""Names of rows as numbers: what sums by name, or by several, are made with."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gpuledger.metrics import NOT_KNOWN

if TYPE_CHECKING:
    import pyarrow as pa

    from gpuledger.metrics.events import Floats, Whole

Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]


def coded(column: "pa.ChunkedArray") -> "tuple[Whole, list[str | None]]":
    """Which of the different values each row has, null among them; in the order of their first rows."""
    each = column.combine_chunks()
    if hasattr(each, "dictionary") and each.null_count:
        each = each.dictionary_decode()
    if not hasattr(each, "dictionary"):
        each = each.dictionary_encode(null_encoding="encode")
    return np.from_dlpack(each.indices).astype(np.int64), each.dictionary.to_pylist()


def distinct(*columns: "Whole") -> "tuple[Whole, Whole]":
    """The first row of each different combination of codes, and which of these each row has.

    One column after the other: numpy sorts whole numbers in a tenth of the memory of tuples.
    """
    found = np.zeros(len(columns[0]), dtype=np.int64)
    first = found[:1]
    for codes in columns:
        size = int(codes.max(initial=0)) + 1
        _, first, found = np.unique(found * size + codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return first[order], np.argsort(order)[found]


@dataclass(frozen=True, eq=False)
class Names:
    """`codes` says for each row which of `labels` it has."""

    codes: "Whole"
    labels: tuple[str, ...]

    @classmethod
    def of(cls, values: Iterable[str | None], missing: str = NOT_KNOWN) -> "Names":
        """Names in the order of their first row."""
        seen: dict[str, int] = {}
        codes = [seen.setdefault(missing if value is None else value, len(seen)) for value in values]
        return cls(np.array(codes, dtype=np.int64), tuple(seen))

    @classmethod
    def of_column(cls, column: "pa.ChunkedArray", missing: str = NOT_KNOWN) -> "Names":
        """The same of an Arrow column, without a Python value a row."""
        codes, values = coded(column)
        return cls(codes, tuple(missing if value is None else str(value) for value in values))

    def __len__(self) -> int:
        return len(self.codes)

    def of_row(self, row: int) -> str:
        """The name of one row."""
        return self.labels[int(self.codes[row])]

    def take(self, rows: "Whole") -> "Names":
        """The names of some rows."""
        return Names(self.codes[rows], self.labels)

    def is_one_of(self, *labels: str) -> Flags:
        """Rows that have one of these names."""
        wanted = np.array([label in labels for label in self.labels] or [False])
        chosen: Flags = wanted[self.codes]
        return chosen

    def with_unknown(self, count: int) -> "Names":
        """With so many rows more, whose names are not known."""
        labels = (*self.labels, NOT_KNOWN)
        return Names(np.concatenate([self.codes, np.full(count, len(labels) - 1)]), labels).renamed(labels)

    def renamed(self, names: Sequence[str]) -> "Names":
        """Other labels in the same order; equal ones become one."""
        seen: dict[str, int] = {}
        target = np.array([seen.setdefault(name, len(seen)) for name in names] or [0], dtype=np.int64)
        return Names(target[self.codes], tuple(seen))

    def sums(self, amounts: "Floats | Flags") -> "Floats":
        """Σ of each name; what is not known adds nothing."""
        weights = np.nan_to_num(np.asarray(amounts, dtype=np.float64))
        return np.bincount(self.codes, weights=weights, minlength=len(self.labels)).astype(np.float64)

    def of_each(self, amounts: "Floats", chosen: Flags) -> "dict[str, Floats]":
        """The known values of each name among the chosen rows, smallest first."""
        known = chosen & ~np.isnan(amounts)
        codes, values = self.codes[known], amounts[known]
        order = np.lexsort((values, codes))
        edges = np.searchsorted(codes[order], np.arange(len(self.labels) + 1))
        return {name: values[order][edges[n] : edges[n + 1]] for n, name in enumerate(self.labels)}
