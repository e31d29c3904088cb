"""HTCondor's job event logs (`log =` of a submit file, DAGMan's nodes.log): each event of each job, told once.

`parse` fills job_events; attempts, their GPUs and events are derived from every telling of a job (ADR 0006).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, ClassVar

from gpuledger.model.hashed_names import hashed_blocks
from gpuledger.model.secrets import without_secrets
from gpuledger.sources import Context, Fetched, matching

if TYPE_CHECKING:
    import pyarrow as pa

    from gpuledger.model.batch import Batch, Parsed, Watermark
    from gpuledger.model.clocks import LocalClock
    from gpuledger.model.problems import Problem, Remark
    from gpuledger.sources.condor_log.follow import Place


@dataclass(frozen=True)
class CondorLog:
    """Job event logs of one access point, whole or in pieces, alone or beside DAGMan's own copy."""

    name: ClassVar[str] = "condor-log"
    title: ClassVar[str] = "HTCondor job event log"

    path: str | tuple[str, ...] = ()
    """Logs that `collect` reads; patterns are allowed."""
    cluster: str | None = None
    """Name of the access point, in place of the one the log tells."""
    zone: str | None = None
    """Zone of stamps without one; without it the zone or offset that any log of the access point was given or proves."""
    year: int | None = None
    """Year of the first stamp of a log whose stamps have none."""
    sites: Mapping[str, str] = field(default_factory=dict)
    """Site of a host suffix, a GLIDEIN name or a slot's name (`*` and `?` are wild), before those of `[sites]` and ours."""
    checkpoint_codes: tuple[int, ...] = (85,)
    """Exit codes that say: checkpoint written, run me again."""

    def claims(self, head: bytes, input_name: str) -> str | None:
        """Text with at least one event's header."""
        from gpuledger.sources.condor_log.parsing import has_event

        return "an HTCondor job event log" if has_event(head) else None

    def fetch(self, since: datetime | None, now: datetime) -> Iterator[Fetched]:
        """Every log that `path` names, whole: what is new in it is found by its events.

        A log tells until it was last written: one that nobody writes any more lets no job run on.
        """
        for written, path in sorted((_written(path), path) for path in matching(self.name, self.path)):
            with path.open("rb") as content:
                yield Fetched(content, str(path), since, min(written, now))

    def parse(self, raw: BinaryIO, context: Context) -> "Parsed":
        """Rows of job_events and clocks, a problem for each damaged piece, remarks on times, a watermark for each access point."""
        from gpuledger.sources.condor_log.parsing import parse

        return parse(self, raw, context)

    def follow(
        self, place: "Place | Path", context: Context
    ) -> "Iterator[tuple[list[Batch | Problem | Remark | Watermark], Place]]":
        """What a log tells since a place (a path: its beginning), piece by piece, each with the place to go on from.

        Raises OSError when the log cannot be read.
        """
        from gpuledger.sources.condor_log.follow import Place, tellings

        return tellings(self, Place(place) if isinstance(place, Path) else place, context)

    def derive(self, events: "pa.Table", clocks: "Mapping[str, LocalClock] | None" = None) -> "Iterator[Batch]":
        """The attempts of the jobs in `events` (rows of job_events), which holds every telling of them.

        `clocks` are those of the access points; local stamps of one that is not among them are read as UTC.
        """
        from gpuledger.sources.condor_log.deriving import derive

        return derive(events, self.sites, self.checkpoint_codes, clocks or {})

    def hashed(self, content: BinaryIO, salt: bytes) -> Iterator[bytes]:
        """Users, hosts and addresses under pseudonyms; what tells the site stays."""
        return hashed_blocks(content, salt)

    def redact(self, content: bytes) -> bytes:
        """Environments, tokens and keys are removed; lines stay lines."""
        return without_secrets(content)


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
