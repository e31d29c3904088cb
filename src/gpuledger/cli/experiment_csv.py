"""`gpuledger experiment csv`: DAGs and event logs → one row an attempt."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpuledger.cli import messages
from gpuledger.cli.options import spread
from gpuledger.cli.session import Session
from gpuledger.model.errors import NoData

if TYPE_CHECKING:
    from gpuledger.actions.experiment.inputs import Files
    from gpuledger.actions.read import Outcome
    from gpuledger.config import Ledger

SHOWN_PROBLEMS = 3


@dataclass(frozen=True)
class Inputs:
    """The files of an experiment, and how they are read."""

    dag_files: Annotated[
        list[Path] | None,
        typer.Option("--dag-files", metavar="FILE", help="DAGs; repeat it for several. [every *.dag here]"),
    ] = None
    metl_logs: Annotated[
        list[Path] | None,
        typer.Option("--metl-logs", metavar="FILE", help="Event logs; repeat it for several. [metl.log]"),
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

    def found(self) -> "Files":
        """Raises SourceError for one that is not there."""
        from gpuledger.actions.experiment.inputs import found

        return found(Path(), self.dag_files, self.metl_logs, self.standalone_dir if self.is_standalone else None)


@contextmanager
def filled(session: Session, inputs: Inputs) -> "Iterator[Ledger]":
    """A ledger with the experiment in it: the one of --ledger, else one of its own that goes away.

    Raises what stopped the reading of a file: a table of half of them would be taken for the whole.
    """
    from gpuledger.actions.experiment.own import own_ledger
    from gpuledger.actions.experiment.reading import How, read_all

    files = inputs.found()
    with session.open() if session.typed.ledger else own_ledger(session.settings) as ledger:
        for outcome in read_all(ledger, files, How(inputs.zone, inputs.cluster), session.now):
            _say(outcome)
        yield ledger


def _say(outcome: "Outcome") -> None:
    """What a reader must know of one input. Raises its error."""
    if outcome.done:
        for remark in outcome.done.remarks:
            messages.say(f"note: {remark}")
        for problem in outcome.done.first_problems[:SHOWN_PROBLEMS]:
            messages.say(f"{outcome.input_name}, line {problem.line:,}: {problem.reason}")
    if outcome.error and not isinstance(outcome.error, NoData):
        raise outcome.error
    if outcome.error:
        messages.warn(str(outcome.error))


@spread
def csv(
    ctx: typer.Context,
    inputs: Inputs,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The table.")] = Path(
        "job_summary.csv"
    ),
    is_executed_only: Annotated[
        bool, typer.Option("--executed-only", help="Only attempts that ran: the earlier tool's rows.")
    ] = False,
) -> None:
    """Write one row per attempt: the earlier tool's 40 columns, then ours.

    dagman.out, nodes.log, rescue files and metrics are found beside each DAG.

    \b
    Examples:
      gpuledger experiment csv --zone America/Chicago
      gpuledger experiment csv --dag-files train.dag --metl-logs metl.log -o job_summary.csv
    """
    from gpuledger.actions.experiment.table import write_csv
    from gpuledger.cli.output import print_text
    from gpuledger.model.period import tzinfo

    session: Session = ctx.obj
    with filled(session, inputs) as ledger:
        count = write_csv(ledger.store, output, tzinfo(inputs.zone or "UTC"), is_executed_only=is_executed_only)
    print_text(f"{output}: {count:,} attempts.")
