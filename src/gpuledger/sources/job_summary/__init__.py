"""The earlier tool's CSV of an experiment (`job_summary.csv`, 21 to 40 columns), and our own, which holds it all.

One row is one execution. What a row of the earlier tool cannot know (exit codes, hosts, failed matches) stays null; what
its own cells prove wrong becomes null or a problem; all else is taken as recorded, its known faults included.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, ClassVar

from gpuledger.model.batch import Parsed
from gpuledger.model.workflow import STEP
from gpuledger.sources import Context, Fetched, whole_files
from gpuledger.sources.job_summary.layout import claimed


@dataclass(frozen=True)
class JobSummary:
    """A table of job attempts as `mldag-csv` or `gpuledger experiment csv` writes it."""

    name: ClassVar[str] = "job-summary"
    title: ClassVar[str] = "experiment CSV (job_summary.csv)"

    path: str = "job_summary.csv"
    """File that `collect` reads."""
    cluster: str | None = None
    """Access point the jobs were submitted at, where the file does not say it."""
    zone: str | None = None
    """Zone of stamps without an offset: that of the access point."""
    step_pattern: str = STEP
    """Regular expression whose first group is the step in a node's name."""

    def claims(self, head: bytes, input_name: str) -> str | None:
        """Told by the header. Raises SourceError for the live monitor's table, which is another one."""
        return claimed(head)

    def fetch(self, since: datetime | None, now: datetime) -> Iterator[Fetched]:
        """The whole file. Raises SourceError when it is not there."""
        return whole_files(self.name, self.path, since, now)

    def parse(self, raw: BinaryIO, context: Context) -> Parsed:
        """Rows of job_attempts, their GPUs and events, and the tries of nodes. Raises SourceError for another table."""
        from gpuledger.sources.job_summary.reading import parse

        return parse(self, raw, context)

    def redact(self, content: bytes) -> bytes:
        """A summary holds no environment; it is kept as it is."""
        return content
