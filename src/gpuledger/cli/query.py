"""`gpuledger query`: any metric by any dimension."""

from collections.abc import Mapping
from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gpuledger.cli.options import FormOptions, spread, words
from gpuledger.cli.session import Session
from gpuledger.model.choice import PeriodChoice

if TYPE_CHECKING:
    from gpuledger.metrics import Answer, Dimension, Metric
    from gpuledger.model.document import Format

app = typer.Typer(rich_markup_mode=None, add_completion=False)

SIGNIFICANT = 12
"""Digits of a number in CSV and JSON: what is beyond is noise of the arithmetic."""


@dataclass(frozen=True)
class Split:
    """What the numbers are broken down by, and which attempts count."""

    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by", metavar="DIMENSION", help="Break down by user, queue, day …; repeat it, or join names with commas."
        ),
    ] = None
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", metavar="DIM=VALUE", help="Keep only what matches; DIM!=VALUE leaves it out; commas join values."
        ),
    ] = None


@app.command()
@spread
def query(
    ctx: typer.Context,
    split: Split,
    when: PeriodChoice,
    form: FormOptions,
    metric_names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[METRIC]...", show_default=False, help="One or more of those that --list shows."),
    ] = None,
    is_list: Annotated[bool, typer.Option("--list", help="List every metric and dimension with its meaning.")] = False,
) -> None:
    """Answer metrics by any dimension, for any period.

    Without a period: the last 30 days. Days and months are those of --display-zone.

    \b
    Examples:
      gpuledger query gpu_hours --by user --last 30d
      gpuledger query gpu_hours cpu_hours --by queue,month --from 2026-01-01 --to 2026-07-01 --csv
      gpuledger query jobs attempt_success_ratio --by user --where queue=a100 --last 7d
      gpuledger query --list
    """
    session: Session = ctx.obj
    if is_list:
        _list(form)
    else:
        _answer(session, metric_names or [], split, when, form)


def _answer(session: Session, metric_names: list[str], split: Split, when: PeriodChoice, form: FormOptions) -> None:
    from gpuledger.actions.query import Asked, answered
    from gpuledger.cli import messages
    from gpuledger.cli.output import print_rows
    from gpuledger.model.errors import UsageError

    if not metric_names:
        raise UsageError(
            "Say which metric, for example `gpuledger query gpu_hours --by user`; `gpuledger query --list` lists them."
        )
    for word in metric_names:
        if word in ("by", "where", "last", "from", "to"):
            raise UsageError(f"{word} is an option: write --{word}, for example `gpuledger query gpu_hours --by user`.")
    with session.open_existing() as ledger:
        asked = Asked(metric_names, words(split.by), split.where or [])
        told = answered(ledger, asked, session.period(when, "30d"), session.now, _program(session))
        remarks = told.remarks()
    answer = told.answer
    rows = [answer.shown(_plain(row, answer, form)) for row in answer.records()]
    print_rows(rows, _columns(answer), form, session.settings.display_zone)
    for sentence in (f"Period: {answer.period}", *remarks):
        messages.say(sentence)


def _program(session: Session) -> str:
    """How the same ledger is named on the command line again."""
    return f"gpuledger --ledger {quote(session.typed.ledger)}" if session.typed.ledger else "gpuledger"


def _plain(row: dict[str, Any], answer: "Answer", form: FormOptions) -> dict[str, Any]:
    """Counts are whole numbers; text for programs has no noise of the last digits, Parquet keeps each as it is."""
    is_text = form.is_csv or form.is_json
    return row | {metric.name: _number(row[metric.name], metric, is_text) for metric in answer.metrics}


def _number(value: float | None, metric: "Metric", is_text: bool) -> float | None:
    if value is None or metric.format == "instant":
        return value
    if metric.format == "count" and float(value).is_integer():
        return int(value)
    return float(f"{value:.{SIGNIFICANT}g}") if is_text else value


def _columns(answer: "Answer") -> dict[str, "Format"]:
    dimensions: dict[str, Format] = {dimension.name: "text" for dimension in answer.dimensions}
    return dimensions | {metric.name: metric.format for metric in answer.metrics}


def _list(form: FormOptions) -> None:
    from gpuledger.actions.query import known_metrics
    from gpuledger.cli.output import print_rows
    from gpuledger.metrics.registry import BY_DIMENSION

    kinds: dict[str, Mapping[str, Metric | Dimension]] = {"metric": known_metrics(), "dimension": BY_DIMENSION}
    rows = [
        {"kind": kind, "name": one.name, "meaning": one.meaning}
        for kind, held in kinds.items()
        for one in held.values()
    ]
    print_rows(rows, {"kind": "text", "name": "text", "meaning": "text"}, form)
