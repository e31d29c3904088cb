"""`gpuledger experiment csv`: DAGs and event logs → one row an attempt."""

from pathlib import Path
from typing import Annotated

import typer

from gpuledger.cli import messages
from gpuledger.cli.experiment_files import Inputs, filled
from gpuledger.cli.options import spread
from gpuledger.cli.session import Session
from gpuledger.model.errors import LedgerError, UsageError

TABLE = Path("job_summary.csv")


@spread
def csv(
    ctx: typer.Context,
    inputs: Inputs,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The table. [job_summary.csv]")
    ] = None,
    output_file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", show_default=False, help="The same as --output.")
    ] = None,
    is_executed_only: Annotated[
        bool, typer.Option("--executed-only", help="Only attempts that ran: the earlier tool's rows.")
    ] = False,
) -> None:
    """Write a table with one row per attempt.

    The earlier tool's 40 columns, then ours.

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
    if output and output_file:
        raise UsageError(f"The table is named twice, {output_file} and {output}; name it once.")
    table = output_file or output or TABLE
    if not table.absolute().parent.is_dir():
        raise LedgerError(f"There is no folder {table.parent}; make it, or name another with --output.")
    with filled(session, inputs) as ledger:
        made = write_csv(ledger.store, table, tzinfo(inputs.zone or "UTC"), is_executed_only=is_executed_only)
    if made.ownerless:
        messages.warn(
            f"{made.ownerless:,} of {made.attempts:,} attempts have the name of a node that DAGs declare, and neither"
            " dagman.out nor nodes.log beside them says of which DAG: each job counts as a node of its own."
            " Name every DAG, with those files beside it."
        )
    print_text(f"{table}: {made.attempts:,} attempts.")
