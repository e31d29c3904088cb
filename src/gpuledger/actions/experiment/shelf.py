"""Rows in a file of no name, part by part: put there a few columns at a time, they never are in memory as a whole."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

import pyarrow as pa


class Place(NamedTuple):
    """Where in the file a part is."""

    begin: int
    size: int


@dataclass(frozen=True)
class Laid:
    """Parts of rows with the same columns, as they were laid down."""

    file: BinaryIO
    schema: pa.Schema
    places: tuple[Place, ...]

    def part(self, number: int) -> pa.RecordBatch:
        """Raises OSError when it cannot be read."""
        begin, size = self.places[number]
        self.file.seek(begin)
        return pa.ipc.read_record_batch(pa.py_buffer(self.file.read(size)), self.schema)


def lay(file: BinaryIO, parts: Iterable[pa.RecordBatch]) -> Laid:
    """Lays the parts down at the end of the file, one at a time; there is at least one. Raises OSError when there is no room."""
    places: list[Place] = []
    for part in parts:
        begin = file.seek(0, 2)
        places.append(Place(begin, file.write(part.serialize())))
        schema = part.schema
    return Laid(file, schema, tuple(places))
