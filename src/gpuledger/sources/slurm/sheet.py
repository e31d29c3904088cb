"""One chunk as columns of text: coded ones as dictionaries, so that each distinct value is parsed once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from gpuledger.model.problems import Problem
from gpuledger.sources.slurm.fields import CODED, Layout
from gpuledger.sources.slurm.lines import Chunk
from gpuledger.sources.slurm.mend import DELIMITER, NEWLINE, mend

CODES = pa.dictionary(pa.int32(), pa.string())
ONE_BYTE = b"\x1f"
BLOCK_BYTES = 2 * 2**20
"""What is cut into columns at once: it fits the processor's cache. A longer line is mended."""


@dataclass(frozen=True)
class Sheet:
    """Rows of text by column name, and the input line of each."""

    columns: dict[str, Any]
    lines: "np.ndarray[Any, np.dtype[np.int64]]"

    def __len__(self) -> int:
        return len(self.lines)

    def has(self, name: str) -> bool:
        return name in self.columns

    def text(self, name: str) -> Any:
        """The column as an Arrow string array; null where the sheet does not have it."""
        if name not in self.columns:
            return pa.nulls(len(self), pa.string())
        column = self.columns[name]
        return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column

    def coded(self, name: str) -> tuple["np.ndarray[Any, np.dtype[np.int32]]", list[str]]:
        """(number of the value, distinct values); all '' where the sheet does not have the column."""
        if name not in self.columns:
            return np.zeros(len(self), np.int32), [""]
        column = self.columns[name]
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        return column.indices.to_numpy(zero_copy_only=False), column.dictionary.to_pylist()

    def map(self, name: str, meaning: Callable[[str], Any], kind: Any) -> Any:
        """`meaning` of each distinct value, as an Arrow array."""
        codes, values = self.coded(name)
        return pa.array([meaning(value) for value in values], kind).take(pa.array(codes))

    def where(self, mask: "np.ndarray[Any, np.dtype[np.bool_]]") -> "Sheet":
        if mask.all():
            return self
        kept = pa.array(mask)
        return Sheet({name: column.filter(kept) for name, column in self.columns.items()}, self.lines[mask])


def read(chunk: Chunk, layout: Layout) -> tuple[Sheet, list[Problem]]:
    """The chunk's rows without repeated headers; lines that are no rows as problems."""
    try:
        table = _table(chunk.body, layout)
        lines = np.arange(chunk.first_line, chunk.first_line + len(table), dtype=np.int64)
        return _without_headers(_sheet(table, lines), layout), []
    except pa.ArrowInvalid:
        return _mended(chunk, layout)


def _mended(chunk: Chunk, layout: Layout) -> tuple[Sheet, list[Problem]]:
    mended = mend(chunk, layout)
    body = "".join(f"{row}\n" for row in mended.rows).encode()
    table = _table(body, layout, len(body))
    sheet = _sheet(table, np.array(mended.lines, dtype=np.int64))
    delimiter = layout.delimiter.decode()
    columns = {name: _restored(column, delimiter) for name, column in sheet.columns.items()}
    return _without_headers(Sheet(columns, sheet.lines), layout), mended.problems


def _table(body: bytes, layout: Layout, block_bytes: int = 0) -> Any:
    """Raises ArrowInvalid for another number of columns, bytes that are no UTF-8, or a line longer than a block."""
    delimiter = layout.delimiter
    if len(delimiter) > 1:
        body, delimiter = body.replace(ONE_BYTE, b"?").replace(delimiter, ONE_BYTE), ONE_BYTE
    positions = [f"c{i}" for i in range(len(layout.names))]
    used = [positions[layout.names.index(name)] for name in layout.read]
    kinds = {
        position: CODES if name in CODED else pa.string() for position, name in zip(used, layout.read, strict=True)
    }
    if not body:
        return pa.table({name: pa.array([], kinds[position]) for name, position in zip(layout.read, used, strict=True)})
    table = csv.read_csv(
        pa.BufferReader(body),
        read_options=csv.ReadOptions(column_names=positions, block_size=max(block_bytes, BLOCK_BYTES) + 1),
        parse_options=csv.ParseOptions(
            delimiter=delimiter.decode(),
            quote_char=False,
            double_quote=False,
            escape_char=False,
            ignore_empty_lines=False,
        ),
        convert_options=csv.ConvertOptions(
            column_types=kinds, include_columns=used, strings_can_be_null=False, check_utf8=not body.isascii()
        ),
    )
    return table.rename_columns(list(layout.read)).unify_dictionaries().combine_chunks()


def _sheet(table: Any, lines: Any) -> Sheet:
    return Sheet({name: _one(table[name]) for name in table.column_names}, lines)


def _one(column: Any) -> Any:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _without_headers(sheet: Sheet, layout: Layout) -> Sheet:
    name = layout.names[layout.id_column]
    return sheet.where(np.asarray(pc.not_equal(sheet.text(name), name)))


def _restored(column: Any, delimiter: str) -> Any:
    """Newlines and delimiters that stood inside values come back."""
    if pa.types.is_dictionary(column.type):
        return pa.DictionaryArray.from_arrays(column.indices, _restored(column.dictionary, delimiter))
    return pc.replace_substring(pc.replace_substring(column, DELIMITER, delimiter), NEWLINE, "\n")
