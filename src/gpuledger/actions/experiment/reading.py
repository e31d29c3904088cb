"""The files of an experiment into a ledger."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path

from gpuledger.actions.experiment import aside
from gpuledger.actions.experiment.copies import telling_more
from gpuledger.actions.experiment.inputs import Files
from gpuledger.actions.ingest import Manner
from gpuledger.actions.read import Outcome, Reading, read
from gpuledger.config import Ledger
from gpuledger.model.errors import SourceError

HERE = Manner()


@dataclass(frozen=True)
class How:
    """How stamps without a zone or a year are read, and the access point of files that do not name theirs."""

    zone: str | None = None
    cluster: str | None = None
    year: int | None = None
    salt: bytes | None = None
    """With it users, hosts and addresses are kept under pseudonyms."""

    def reading(self, source: str) -> Reading:
        """The same for one kind of files."""
        options = {"year": str(self.year)} if self.year and source == "condor-log" else {}
        return Reading(source, self.zone, self.cluster, options, salt=self.salt)


def read_all(ledger: Ledger, files: Files, how: How, now: datetime) -> Iterator[Outcome]:
    """What became of each file, logs first, as soon as it is known.

    A copy of a log is read where the logs are damaged or do not hold all its events. While another process reads a large
    log, the DAGs are read here and the copies compared.
    """
    is_whole = True
    dags = _read(ledger, files.dags, how.reading("dagman"), now)
    early: list[Outcome] = []
    needed = cache(lambda: telling_more(files.copies, files.logs))

    def meanwhile() -> None:
        early.extend(dags)
        needed()

    # names are hashed before a log is parsed: what is parsed then is no file
    is_hashed = how.salt or ledger.settings.hash_names
    manner = HERE if is_hashed else Manner(parse=partial(aside.parse, meanwhile=meanwhile))
    for outcome in _read(ledger, files.logs, how.reading("condor-log"), now, manner):
        is_whole &= outcome.error is None and outcome.done is not None and not outcome.done.problems
        yield outcome
    copies = needed() if is_whole else files.copies
    yield from _read(ledger, copies, how.reading("condor-log"), now, manner)
    yield from early
    yield from dags


def _read(
    ledger: Ledger, paths: Sequence[Path], reading: Reading, now: datetime, manner: Manner = HERE
) -> Iterator[Outcome]:
    if paths:
        yield from read(ledger, [str(path) for path in paths], reading, now, manner)


def read_tables(ledger: Ledger, tables: Sequence[Path], how: How, now: datetime) -> Iterator[Outcome]:
    """What became of each table of attempts, ours or the earlier tool's. Raises SourceError for one that is not there."""
    for path in tables:
        if not path.exists():
            raise SourceError(f"{path} does not exist; `gpuledger experiment csv` makes it from DAGs and event logs.")
    yield from read(ledger, [str(path) for path in tables], how.reading("job-summary"), now, Manner())
