"""The files of an experiment on the command line, and the ledger they are read into."""

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpuledger.cli import messages
from gpuledger.cli.options import LogYear
from gpuledger.cli.session import Session
from gpuledger.model.errors import LedgerError, NoData

if TYPE_CHECKING:
    from gpuledger.actions.experiment.inputs import Files
    from gpuledger.actions.experiment.reading import How
    from gpuledger.actions.ingest import Ingested
    from gpuledger.actions.read import Outcome
    from gpuledger.config import Ledger

SHOWN_PROBLEMS = 3
TERMINATED = 128 + signal.SIGTERM
"""Exit code of a command that was asked to end."""


@dataclass(frozen=True)
class Inputs:
    """The files of an experiment, and how they are read."""

    dag_files: Annotated[
        list[Path] | None,
        typer.Option("--dag-files", metavar="FILE", help="DAGs, one or several. [every *.dag here]"),
    ] = None
    metl_logs: Annotated[
        list[Path] | None,
        typer.Option("--metl-logs", metavar="FILE", help="Event logs, one or several. [metl.log]"),
    ] = None
    standalone_dir: Annotated[
        Path, typer.Option("--standalone-dir", metavar="DIR", help="Where runs outside a DAG have their metl_*.log.")
    ] = Path("standalone")
    is_standalone: Annotated[
        bool, typer.Option("--include-standalone", help="Read the logs of runs outside a DAG too.")
    ] = False
    zone: Annotated[
        str | None,
        typer.Option(
            "--zone", metavar="ZONE", help="Zone of the access point, e.g. America/Chicago. [as the log proves]"
        ),
    ] = None
    cluster: Annotated[
        str | None, typer.Option("--cluster", metavar="NAME", help="Access point, where no file names it.")
    ] = None
    log_year: LogYear = None
    is_hashed: Annotated[
        bool, typer.Option("--hash-names", help="Keep users, hosts and addresses under pseudonyms only.")
    ] = False

    @property
    def is_named(self) -> bool:
        """Was any file named?"""
        return bool(self.dag_files or self.metl_logs or self.is_standalone)

    @property
    def how(self) -> "How":
        """How they are read."""
        from gpuledger.actions.experiment.reading import How

        return How(self.zone, self.cluster, self.log_year)

    def found(self) -> "Files":
        """Raises SourceError for one that is not there."""
        from gpuledger.actions.experiment.inputs import found

        return found(Path(), self.dag_files, self.metl_logs, self.standalone_dir if self.is_standalone else None)


def in_their_zone(session: Session, inputs: Inputs) -> Session:
    """The same where days and months are those of the zone that is said for the files, unless another is said for them."""
    if inputs.zone is None or session.typed.display_zone:
        return session
    return replace(session, typed=replace(session.typed, display_zone=inputs.zone))


@contextmanager
def filled(session: Session, inputs: Inputs) -> "Iterator[Ledger]":
    """A ledger with the experiment in it: the one of --ledger, else one of its own that goes away.

    Raises what stopped the reading of a file: a table of half of them would be taken for the whole.
    """
    from gpuledger.actions.experiment.reading import read_all

    files = inputs.found()
    how = replace(inputs.how, salt=session.name_salt(is_asked=inputs.is_hashed or session.settings.hash_names))
    with _ledger(session) as ledger:
        for outcome in read_all(ledger, files, how, session.now):
            _say(session, outcome)
        yield ledger


@contextmanager
def filled_from(session: Session, tables: Sequence[Path], how: "How", *, is_own: bool = False) -> "Iterator[Ledger]":
    """The same from tables of attempts; with `is_own` never in the ledger of --ledger. Raises SourceError for one that is not there, NoData for one without a row."""
    from gpuledger.actions.experiment.reading import read_tables

    with _ledger(session, is_own=is_own) as ledger:
        for outcome in read_tables(ledger, tables, how, session.now):
            _say(session, outcome)
            if outcome.error:
                raise outcome.error
        yield ledger


@contextmanager
def _stopped_in_order() -> Iterator[None]:
    """A SIGTERM ends us as an error does, so that what is temporary goes away. Only a main thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(*_: object) -> None:
    raise SystemExit(TERMINATED)


@contextmanager
def _ledger(session: Session, *, is_own: bool = False) -> "Iterator[Ledger]":
    from gpuledger.actions.experiment.own import own_ledger

    with (
        _stopped_in_order(),
        session.open() if session.typed.ledger and not is_own else own_ledger(session.settings) as ledger,
    ):
        yield ledger


def _say(session: Session, outcome: "Outcome") -> None:
    """What a reader must know of one input. Raises its error, unless it is only that the input is empty or breaks off."""
    if outcome.done:
        for remark in outcome.done.remarks:
            about = "" if Path(outcome.input_name).name in remark else f"{outcome.input_name}: "
            messages.say(f"note: {about}{remark}")
        for problem in outcome.done.first_problems[:SHOWN_PROBLEMS]:
            messages.say(f"{outcome.input_name}, line {problem.line:,}: {problem.reason}")
        session.left_out += _left_out(outcome.input_name, outcome.done, outcome.error)
    if outcome.error and not isinstance(outcome.error, NoData):
        raise outcome.error
    if outcome.error and not (outcome.done and outcome.done.rows_read):
        messages.warn(str(outcome.error))


def _left_out(name: str, done: "Ingested", error: LedgerError | None) -> list[str]:
    """What of an input is missing: the whole of it or its end, rows that were refused, or pieces of rows."""
    if error and done.rows_read:
        return [str(error)]
    if done.problems:
        return [f"Of {name} {done.problems:,} of {done.rows_read:,} rows or events could not be read."]
    if not done.first_problems:
        return []
    first, more = done.first_problems[0], len(done.first_problems) - 1
    also = f", and {more:,} more {'place' if more == 1 else 'places'}" if more else ""
    return [f"{name} is not whole at line {first.line:,} ({first.reason}){also}."]
