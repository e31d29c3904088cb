"""One outside system each. A source fetches bytes from the world and parses bytes into batches, never both at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, ClassVar, Protocol, runtime_checkable

import pyarrow as pa

from gpuledger.model.batch import Batch, Parsed
from gpuledger.model.clocks import LocalClock
from gpuledger.model.errors import ConfigError, SourceError


@dataclass(frozen=True)
class Context:
    """What `parse` may know beside the bytes.

    `zone` is the IANA zone local stamps are read in, None when nobody said (files: UTC, with a remark). `reported_by`
    is the configured source's name, for a file `file:` + 12 hex of its sha256. `cluster` overrides or fills the cluster.
    `options` are the source's own keys given for this input (e.g. `fields` of a file without header).
    """

    reported_by: str
    zone: str | None = None
    cluster: str | None = None
    input_name: str = ""
    options: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fetched:
    """Bytes as received from the world, and what they were asked for."""

    content: BinaryIO
    name: str
    since: datetime | None
    until: datetime


def matching(source: str, patterns: str | Sequence[str]) -> list[Path]:
    """The files that a source's `path` names: paths and patterns (`~`, `*` and `?` in the last part).

    Raises ConfigError when it names none, SourceError for a pattern that no file matches.
    """
    if not patterns:
        raise ConfigError(f"This {source} source has no `path`; give one, or name the file: gpuledger ingest FILE.")
    return [path for pattern in ([patterns] if isinstance(patterns, str) else patterns) for path in _files(pattern)]


def _files(pattern: str) -> list[Path]:
    path = Path(pattern).expanduser()
    found = [path] if path.is_file() else sorted(each for each in path.parent.glob(path.name) if each.is_file())
    if not found:
        raise SourceError(f"There is no file {pattern!r}; check `path` of this source.")
    return found


def whole_files(source: str, patterns: str | Sequence[str], since: datetime | None, now: datetime) -> Iterator[Fetched]:
    """Every such file, whole: a file does not tell what is new in it. Raises as `matching` does."""
    for path in matching(source, patterns):
        with path.open("rb") as content:
            yield Fetched(content, str(path), since, now)


class Source(Protocol):
    """The contract: a frozen dataclass whose fields are its configuration keys.

    `name` is the file's name, the entry point's name, the golden folder's name and the docs anchor. A source of states
    also has the class attribute `told_tables`: the tables each poll tells whole, in which a poll that fails is a gap.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    def claims(self, head: bytes, input_name: str) -> str | None:
        """What this input is in words ("sacct --parsable2 text"), or None when it is not ours. `head`: first 64 KiB.

        Raises SourceError when the input is recognised as a relative we refuse ("scontrol show node output").
        """

    def fetch(self, since: datetime | None, now: datetime) -> Iterator[Fetched]:
        """Ask the outside system for everything since the watermark `since` (with the source's own overlap)."""

    def parse(self, raw: BinaryIO, context: Context) -> Parsed:
        """Pure and streaming: bytes to batches, problems, remarks and watermarks. Memory does not grow with `raw`.

        Every input row is counted once: in a batch's `input_rows`, or in a problem. Raises SourceError when the
        input is not what it claims.
        """

    def redact(self, content: bytes) -> bytes:
        """Takes out what must not be kept, before bytes reach the raw zone. Most sources return `content`."""


@runtime_checkable
class Continuing(Protocol):
    """A source whose answers carry something on, e.g. since when a job waits: it is handed its last one.

    `carrying` is how the names of such answers begin, for a source that gives several in a poll.
    """

    carrying: ClassVar[str]

    def fetch_after(self, last: BinaryIO | None, since: datetime | None, now: datetime) -> Iterator[Fetched]:
        """In place of `fetch`; `last` is None for the first poll, or when the raw zone has it no more."""


@runtime_checkable
class Hashing(Protocol):
    """A source whose inputs name users, hosts and addresses, and that can put pseudonyms in their place."""

    def hashed(self, content: BinaryIO, salt: bytes) -> Iterator[bytes]:
        """The input with every such name replaced: it reads as before, and nobody can turn it back without the salt."""


@runtime_checkable
class Deriving(Protocol):
    """A source that parses into job_events: attempts are derived from every telling of a job, whoever told it."""

    def derive(self, events: pa.Table, clocks: Mapping[str, LocalClock] | None = None) -> Iterator[Batch]:
        """Pure: the attempts, their GPUs and events of the jobs in `events`, which holds every telling of each.

        `clocks` read the local stamps in them, by access point.
        """
