"""Waiting jobs of an HTCondor pool as an earlier collector kept them: `job_pressure` and `job_info` in SQLite."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from gpuledger.sources import Context, Fetched, whole_files

if TYPE_CHECKING:
    from gpuledger.model.batch import Parsed

SQLITE = b"SQLite format 3\0"
TABLES = ("job_pressure", "job_info")


@dataclass(frozen=True)
class JobPressure:
    """Idle GPU jobs, as intervals or a row a poll, and the commands of jobs that ran."""

    name: ClassVar[str] = "job-pressure"
    title: ClassVar[str] = "waiting HTCondor jobs (job_pressure or job_info in SQLite)"

    path: str | tuple[str, ...] = ()
    """Files that `collect` reads; patterns are allowed."""
    cluster: str | None = None
    """Name of the pool: the files do not tell it."""
    zone: str | None = None
    """Zone of the polls of the layout with a row a poll; intervals are in epoch seconds."""
    period_seconds: float | None = None
    """Nominal time between polls of that layout; without it their median spacing is taken."""

    def claims(self, head: bytes, input_name: str) -> str | None:
        """By the names of tables in the first page."""
        if not head.startswith(SQLITE):
            return None
        return next((f"{table} in SQLite" for table in TABLES if table.encode() in head), None)

    def fetch(self, since: datetime | None, now: datetime) -> Iterator[Fetched]:
        """Every file that `path` names, whole: what is in the ledger already stays as it is."""
        return whole_files(self.name, self.path, since, now)

    def parse(self, raw: BinaryIO, context: Context) -> "Parsed":
        """Rows of pending, and of snapshots where the file tells its polls.

        Raises SourceError when the input is no SQLite, is damaged, or has neither table.
        """
        from gpuledger.sources.job_pressure.parsing import parse

        yield from parse(self, raw, context)

    def redact(self, content: bytes) -> bytes:
        """The files are kept as they are."""
        return content
