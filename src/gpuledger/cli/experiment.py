"""`gpuledger experiment`: an experiment's own files, from DAGs and event logs to a table, figures and advice."""

from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperCommand

from gpuledger.cli.experiment_compare import compare
from gpuledger.cli.experiment_csv import csv
from gpuledger.cli.experiment_demo import demo
from gpuledger.cli.experiment_report import report
from gpuledger.cli.experiment_watch import watch
from gpuledger.model.errors import UsageError

MANY = ("--dag-files", "--metl-logs")
app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def experiment() -> None:
    """An experiment's DAGs and event logs: a table, figures, a live view.

    \b
    Examples:
      gpuledger experiment demo
      gpuledger experiment csv --zone America/Chicago
      gpuledger experiment report job_summary.csv -o reports
      gpuledger experiment watch metl.log
    """


class Several(TyperCommand):
    """A command whose options for files take all that follows them, as the earlier tools' do: `--dag-files *.dag`.

    What it made of inputs that could not be read whole is there, and no success.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, repeated(args))

    def invoke(self, ctx: Any) -> Any:
        made = super().invoke(ctx)
        ctx.obj.end()
        return made


def repeated(args: Sequence[str]) -> list[str]:
    """`--dag-files a b` as `--dag-files a --dag-files b`; the values end at the next word that begins with a dash.

    Raises UsageError for one without a file: a pattern that matched nothing is not meant as everything.
    """
    told: list[str] = []
    taking = ""
    for word, after in zip(args, [*args[1:], "-"], strict=False):
        if word in MANY and after.startswith("-"):
            raise UsageError(f"{word} needs a file; leave it out to take those of this folder.")
        if word.startswith("-"):
            taking = word if word in MANY else ""
            told += [] if taking else [word]
        else:
            told += [taking, word] if taking else [word]
    return told


app.command("csv", cls=Several)(csv)
app.command("report", cls=Several)(report)
app.command("compare", cls=Several)(compare)
app.command("watch")(watch)
app.command("demo")(demo)
