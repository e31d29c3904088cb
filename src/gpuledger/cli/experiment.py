"""`gpuledger experiment`: an experiment's own files, from DAGs and event logs to a table, figures and advice."""

import typer

from gpuledger.cli.experiment_csv import csv

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def experiment() -> None:
    """An experiment's DAGs and event logs: a table, figures, a live view.

    \b
    Examples:
      gpuledger experiment csv --zone America/Chicago
      gpuledger experiment csv --dag-files train.dag --metl-logs metl.log -o job_summary.csv
    """


app.command("csv")(csv)
