"""An HTCondor pool: the states of its GPUs and its waiting GPU jobs, asked live or read from `condor_status` output."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, ClassVar, Literal

from gpuledger.model.batch import Parsed
from gpuledger.sources import Context, Fetched


@dataclass(frozen=True)
class HTCondor:
    """An HTCondor pool, asked live; or files of `condor_status` output."""

    name: ClassVar[str] = "htcondor"
    title: ClassVar[str] = "HTCondor pool (GPU slots, idle GPU jobs)"
    told_tables: ClassVar[tuple[str, ...]] = ("gpu_states", "pending")
    """What a poll that fails leaves a gap in."""
    carrying: ClassVar[str] = ""
    """Every answer carries waiting jobs on."""

    collector: str | None = None
    """Machine of the pool's collector, `host` or `host:port`; HTCondor's own configuration when left out."""
    cluster: str | None = None
    """Name of the pool in the ledger; when left out, the source's name."""
    schedds: tuple[str, ...] = ()
    """Access points that are asked for idle GPU jobs; all that the collector knows when empty."""
    is_queue_asked: bool = True
    """Whether access points are asked at all."""
    constraint: str = "GPUs >= 1"
    """ClassAd expression of the slots that are asked for."""
    period_seconds: float = 300
    """Nominal time between polls, as cron or a timer starts them."""
    way: Literal["auto", "bindings", "commands"] = "auto"
    """Ask by the Python bindings, by HTCondor's commands, or by whichever there is."""
    status_command: str = "condor_status"
    """Command, run as it stands; it may hold arguments, e.g. a wrapper over ssh."""
    queue_command: str = "condor_q"
    """The same for idle jobs."""
    timeout_seconds: float = 60
    """A collector or access point that takes longer has not answered."""

    def __post_init__(self) -> None:
        if self.period_seconds <= 0 or self.timeout_seconds <= 0:
            raise ValueError("period_seconds and timeout_seconds are more than 0.")

    def claims(self, head: bytes, input_name: str) -> str | None:
        """Slot ads, as text or JSON, and the answers of our own polls. Job ads are read when the source is named."""
        from gpuledger.sources.htcondor.sniff import recognised

        return recognised(head)

    def fetch(self, since: datetime | None, now: datetime) -> Iterator[Fetched]:
        """One poll, without knowledge of earlier ones. Raises SourceError when the collector does not answer."""
        return self.fetch_after(None, since, now)

    def fetch_after(self, last: BinaryIO | None, since: datetime | None, now: datetime) -> Iterator[Fetched]:
        """One poll that carries on the waiting jobs of the `last` answer."""
        from gpuledger.sources.htcondor.document import seen_before
        from gpuledger.sources.htcondor.live import ask

        return ask(self, seen_before(last) if last else {}, now)

    def parse(self, raw: BinaryIO, context: Context) -> Parsed:
        """For each reading rows of gpu_states and pending, then one of snapshots.

        Raises SourceError when the input is neither, or does not say when it was made.
        """
        from gpuledger.sources.htcondor.parsing import parse

        return parse(self, raw, context)

    def redact(self, content: bytes) -> bytes:
        """Environments, claims, tokens and keys are taken out, also of commands and reasons; ads stay ads."""
        from gpuledger.sources.htcondor.secrets import redacted

        return redacted(content)
