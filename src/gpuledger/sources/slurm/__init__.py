"""Slurm accounting: `sacct` text and JSON, `squeue --json` and slurmrestd jobs, from files or asked live."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, cast

from gpuledger.model.batch import Parsed
from gpuledger.model.errors import NoData, SourceError
from gpuledger.model.strange import strange
from gpuledger.sources import Context, Fetched
from gpuledger.sources.slurm.fields import Layout
from gpuledger.sources.slurm.opened import opened
from gpuledger.sources.slurm.sniff import HEAD_BYTES, Json, recognise

POLL = b'{"gpuledger": "slurm poll"'
"""How the answer of a poll begins (`now.poll`)."""
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Slurm:
    """A Slurm cluster's accounting: asked live, or read from files of `sacct` text or JSON."""

    name: ClassVar[str] = "slurm"
    title: ClassVar[str] = "Slurm accounting (sacct)"
    carrying: ClassVar[str] = "slurm poll at "
    """How the names of answers begin that the next poll is handed."""

    command: str = "sacct"
    """Command, run as it stands; it may hold arguments, e.g. a wrapper over ssh."""
    cluster: str | None = None
    """Cluster of rows that do not name one."""
    zone: str | None = None
    """Zone of local stamps in files; live calls ask for epoch seconds."""
    fields: str | None = None
    """Columns of a file without header, as given to `sacct -o`."""
    qos: tuple[str, ...] = ()
    """QoS that live calls ask for; all when empty."""
    overlap_hours: float = 24
    """Hours before the last known moment that are asked for again."""
    history_days: float = 30
    """Days that the first live call goes back."""
    timeout_seconds: float = 600
    """A call that takes longer is an error."""
    queue_command: str | None = None
    """Command that tells running and waiting jobs: the `squeue` beside sacct when left out, none when empty."""
    control_command: str | None = None
    """Command that tells machines and GPUs: the `scontrol` beside sacct when left out, none when empty."""
    limits_command: str | None = None
    """Command that tells limits of QoS and accounts: the `sacctmgr` beside sacct when left out, none when empty."""
    rest: str | None = None
    """slurmrestd, asked in place of these three: `http://127.0.0.1:6820` or `unix:/run/slurmrestd.sock`."""
    rest_version: str = "v0.0.40"
    """Version of slurmrestd's interface: v0.0.38 for Slurm 22.05, v0.0.40 for 23.11 to 24.11."""
    rest_user: str | None = None
    """The token's user, where slurmrestd must be told."""
    token: Path | None = None
    """File that holds what `scontrol token` prints."""
    period_seconds: float | None = None
    """Nominal time between polls; the median of each day when left out."""

    def claims(self, head: bytes, input_name: str) -> str | None:
        """Slurm's word for the input. Raises SourceError for its relatives (scontrol, sinfo, squeue text …)."""
        if head.startswith(POLL):
            return "answer of a Slurm poll"
        found = recognise(_unzipped(head), self.fields)
        if isinstance(found, Json):
            return found.title
        if found is None:
            return None
        return "sacct text" if found.has_header else "sacct text without header"

    def fetch(self, since: datetime | None, now: datetime) -> Iterator[Fetched]:
        """Everything since the watermark, a day at a time, each day asked twice. Raises SourceError when sacct fails."""
        from gpuledger.sources.slurm.live import ask

        return ask(self, since, now)

    def fetch_after(self, last: BinaryIO | None, since: datetime | None, now: datetime) -> Iterator[Fetched]:
        """What holds now, which carries on the waits and limits of the `last` such answer; then `fetch`."""
        from gpuledger.sources.slurm.now.ask import ask
        from gpuledger.sources.slurm.now.poll import before

        yield from ask(self, before(last), now)
        yield from self.fetch(since, now)

    def parse(self, raw: BinaryIO, context: Context) -> Parsed:
        """Text or JSON, gzipped or not, as a stream. Raises SourceError when it is neither, NoData when it is empty."""
        stream = opened(raw)
        head = stream.peek(HEAD_BYTES)[:HEAD_BYTES]
        if not head.strip():
            raise NoData(f"{context.input_name or 'The input'} is empty.")
        if head.startswith(POLL):
            return self._parse_poll(stream, context)
        found = recognise(head, context.options.get("fields") or self.fields)
        if found is None:
            what = strange(head) or "is neither sacct text nor JSON of Slurm"
            raise SourceError(f"{context.input_name or 'The input'} {what}.")
        return self._parse(stream, found, context)

    def _parse_poll(self, stream: "BufferedReader[Any]", context: Context) -> Parsed:
        from gpuledger.sources.slurm.now.parsing import parse_poll
        from gpuledger.sources.slurm.records import Setting

        setting = Setting(context.reported_by, "UTC", context.cluster or self.cluster)
        return parse_poll(cast("BinaryIO", stream), setting, context.input_name or "The input")

    def _parse(self, stream: "BufferedReader[Any]", found: Layout | Json, context: Context) -> Parsed:
        from gpuledger.sources.slurm.json_text import parse_json
        from gpuledger.sources.slurm.records import Setting
        from gpuledger.sources.slurm.text import parse_text

        setting = Setting(context.reported_by, context.zone or self.zone, context.cluster or self.cluster)
        if isinstance(found, Json):
            return parse_json(stream, found, setting)
        if not found.names:
            raise SourceError("These look like sacct rows without a header; give their columns: --fields JobID,State,…")
        return parse_text(stream, found, setting)

    def redact(self, content: bytes) -> bytes:
        """Slurm's accounting is kept as received."""
        return content


def _unzipped(head: bytes) -> bytes:
    """The head of what a gzipped input holds."""
    if not head.startswith(_GZIP):
        return head
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(head, HEAD_BYTES)
    except zlib.error:
        return b""
