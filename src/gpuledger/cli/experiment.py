"""`gpuledger experiment`: an experiment's own files, from DAGs and event logs to a table, figures and advice."""

import typer

from gpuledger.cli.experiment_compare import compare
from gpuledger.cli.experiment_csv import csv
from gpuledger.cli.experiment_report import report
from gpuledger.cli.experiment_watch import watch

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def experiment() -> None:
    """An experiment's DAGs and event logs: a table, figures, a live view.

    \b
    Examples:
      gpuledger experiment csv --zone America/Chicago
      gpuledger experiment report job_summary.csv -o reports
      gpuledger experiment watch metl.log
    """


app.command("csv")(csv)
app.command("report")(report)
app.command("compare")(compare)
app.command("watch")(watch)
