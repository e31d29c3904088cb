"""Several inputs, one after the other: a bad one is told and does not stop the others."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from gpuledger.actions._anew import newest_readings, source_of
from gpuledger.actions._hashed import as_configured, hashed
from gpuledger.actions._readings import ReadOtherwise
from gpuledger.actions.ingest import Counted, Ingested, Manner, ingest, replay
from gpuledger.actions.recognise import STDIN, files, from_stream, head_of, is_stray, recognised
from gpuledger.config import Ledger, Settings
from gpuledger.config.sites import with_sites
from gpuledger.config.sources import all_types, is_source, source_named
from gpuledger.model.errors import LedgerError, SourceError, UsageError
from gpuledger.model.names import unknown
from gpuledger.plugins import names
from gpuledger.sources import Context, Fetched, Source


@dataclass(frozen=True)
class Reading:
    """How inputs are read: `source` is a configured source or a type (None: recognised), `stdin` what `-` stands for."""

    source: str | None = None
    zone: str | None = None
    cluster: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    stdin: BinaryIO | None = None
    salt: bytes | None = None
    """With it users, hosts and addresses are kept under pseudonyms."""


@dataclass(frozen=True)
class Outcome:
    """What became of one input: `done`, or the `error` that stopped it (with the counts where it got that far)."""

    input_name: str
    done: Ingested | None
    error: LedgerError | None = None


@runtime_checkable
class Gathers(Protocol):
    """A source of which one input is a file with those that stand beside it."""

    def gather(self, path: Path, now: datetime) -> Fetched | Path:
        """The file with the others as one input, or the path of a file that stands alone."""


def split(words: Sequence[str], settings: Settings) -> tuple[str | None, list[str]]:
    """`slurm a.txt b.txt` as (source, files); a first word that is a file is a file.

    Raises UsageError when the first word is neither and looks like a source.
    """
    first = words[0]
    if Path(first).exists() or first == STDIN:
        return None, list(words)
    if is_source(first, settings):
        return first, list(words[1:])
    sentence = unknown("source or file", first, {*names("sources"), *settings.sources})
    if "did you mean" in sentence and files([first]) == [first]:
        raise UsageError(sentence)
    return None, list(words)


def read(ledger: Ledger, inputs: Sequence[str], reading: Reading, now: datetime, manner: Manner) -> Iterator[Outcome]:
    """Each input's outcome, as it is known. What concerns the ledger itself (full disk, busy) is raised."""
    named = source_named(ledger.settings, reading.source) if reading.source else None
    named_inputs = files(inputs)
    for name in named_inputs:
        if len(named_inputs) > 1 and is_stray(name):
            yield Outcome(name, _left_out(name))
            continue
        try:
            source, given = _opened(ledger.settings, name, named, reading, now)
            if reading.salt:
                given = hashed(source, given, reading.salt, now)
            else:
                given = as_configured(ledger.settings, source, given, now)
            context = Context(
                "", reading.zone, reading.cluster, name if name != STDIN else "stdin", dict(reading.options)
            )
            with given.content if isinstance(given, Fetched) and name != STDIN else nullcontext():
                done = ingest(ledger, source, given, context=context, now=now, manner=manner)
            yield Outcome(name, done)
        except (SourceError, ReadOtherwise) as error:
            yield Outcome(name, _counted(error), error)


def _left_out(name: str) -> Ingested:
    """Nothing of a stray file among others. (A shell writes out globs too: nobody may have meant it.)"""
    remark = "left out: by its name it is half written or a developer's copy; name it alone to read it"
    return Ingested("", name, "", 0, 0, 0, 0, (remark,))


def _counted(error: LedgerError) -> Ingested | None:
    return error.ingested if isinstance(error, Counted) else None


def _opened(
    settings: Settings, name: str, named: Source | None, reading: Reading, now: datetime
) -> tuple[Source, Path | Fetched]:
    """The source and the bytes of one input."""
    if name == STDIN:
        if reading.stdin is None:
            raise UsageError("There is no standard input to read from.")
        stream, head = from_stream(reading.stdin, now)
        return named or _recognised(settings, head, "stdin", reading), stream
    file = Path(name)
    if named or not file.is_file():
        source = named or next(iter(all_types(reading.options).values()))
    else:
        source = _recognised(settings, head_of(file), name, reading)
    return source, source.gather(file, now) if isinstance(source, Gathers) and file.is_file() else file


def _recognised(settings: Settings, head: bytes, name: str, reading: Reading) -> Source:
    configured = {ours: source_named(settings, ours) for ours in settings.sources}
    types = {ours: with_sites(source, settings.sites) for ours, source in all_types(reading.options).items()}
    return recognised(head, name, types, configured)


def replay_all(ledger: Ledger, source: str | None, now: datetime) -> Iterator[Outcome]:
    """Reads again every input there is a record of, once each; with `source` only that type's or that source's."""
    for entry in newest_readings(ledger.store, ledger.raw):
        if source not in (None, entry.source_type, entry.reported_by):
            continue
        try:
            yield Outcome(entry.input_name, replay(ledger, source_of(entry), entry, now=now))
        except SourceError as error:
            yield Outcome(entry.input_name, _counted(error), error)
