"""Month files of HTCondor slot snapshots (`gpu_state` as Parquet or SQLite): one row a slot and GPU, folded to GPUs."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from gpuledger.sources import Context, Fetched, whole_files

if TYPE_CHECKING:
    from gpuledger.model.batch import Parsed

PARQUET, SQLITE = b"PAR1", b"SQLite format 3\0"
TABLE = b"gpu_state"
"""In the first page of the SQLite file, where its CREATE TABLE stands."""
COLUMN = b"AssignedGPUs"
"""In the footer of the Parquet file, where its columns stand."""


@dataclass(frozen=True)
class GpuState:
    """Snapshots of an HTCondor pool that an earlier collector kept, a file a month."""

    name: ClassVar[str] = "gpu-state"
    title: ClassVar[str] = "HTCondor slot snapshots (gpu_state, Parquet or SQLite)"

    path: str | tuple[str, ...] = ()
    """Files that `collect` reads; patterns are allowed."""
    cluster: str | None = None
    """Name of the pool: the files do not tell it."""
    zone: str | None = None
    """Zone of the stamps: the collector wrote local time without an offset."""
    period_seconds: float | None = None
    """Nominal time between snapshots; without it the median spacing of the day is taken."""

    def claims(self, head: bytes, input_name: str) -> str | None:
        """By the table's name in SQLite; by a column's name, or the file's, in Parquet."""
        if head.startswith(SQLITE):
            return "gpu_state in SQLite" if TABLE in head else None
        is_named = Path(input_name).name.startswith("gpu_state")
        return "gpu_state in Parquet" if head.startswith(PARQUET) and (COLUMN in head or is_named) else None

    def fetch(self, since: datetime | None, now: datetime) -> Iterator[Fetched]:
        """Every file that `path` names, whole: what is in the ledger already stays as it is."""
        return whole_files(self.name, self.path, since, now)

    def parse(self, raw: BinaryIO, context: Context) -> "Parsed":
        """One row of gpu_states for each GPU of each moment, then one of snapshots for each moment.

        Raises SourceError when the input is neither, is cut off, or lacks a column without which a slot means nothing.
        """
        from gpuledger.sources.gpu_state.parsing import parse

        yield from parse(self, raw, context)

    def redact(self, content: bytes) -> bytes:
        """The files are kept as they are."""
        return content
