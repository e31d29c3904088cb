"""An HTCondor pool: the states of its GPUs and its waiting GPU jobs, asked live or read from `condor_status` output."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, ClassVar

from gpuledger.model.batch import Parsed
from gpuledger.sources import Context, Fetched


@dataclass(frozen=True)
class HTCondor:
    """An HTCondor pool."""

    name: ClassVar[str] = "htcondor"
    title: ClassVar[str] = "HTCondor pool (startd and idle job ads)"

    def claims(self, head: bytes, input_name: str) -> str | None:
        return None

    def fetch(self, since: datetime | None, now: datetime) -> Iterator[Fetched]:
        yield from ()

    def parse(self, raw: BinaryIO, context: Context) -> Parsed:
        yield from ()

    def redact(self, content: bytes) -> bytes:
        return content
