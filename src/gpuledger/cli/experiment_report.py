"""`gpuledger experiment report`: the CSV, or the logs themselves, → figures, page, workbook and text in a folder."""

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpuledger.cli import messages
from gpuledger.cli.experiment_files import Inputs, filled, filled_from, in_their_zone
from gpuledger.cli.options import spread, words
from gpuledger.cli.session import Session
from gpuledger.model.choice import PeriodChoice
from gpuledger.model.errors import NoData, UsageError

if TYPE_CHECKING:
    from gpuledger.config import Ledger
    from gpuledger.model.document import Document
    from gpuledger.model.period import Period
    from gpuledger.render.aside import Aside

FORMATS = "png,text,html,xlsx,json,csv"
TABLE = Path("job_summary.csv")
ALL_ROWS = 1_000_000
"""More than any table has."""
EARLIER_WORDS: Mapping[str, str] = {
    "evicted": "preempted", "aborted": "removed", "checkpointed": "requeued", "released": "held", "rescued": "other",
}  # fmt: skip
"""Words of the earlier tool's Final Status that are not ours."""


@dataclass(frozen=True)
class Kept:
    """Which attempts the report is about. Commas join values."""

    sites: Annotated[
        list[str] | None, typer.Option("--site", "--resource", metavar="NAME", help="Only what ran there.")
    ] = None
    targets: Annotated[
        list[str] | None, typer.Option("--target", metavar="NAME", help="Only what was meant for that site.")
    ] = None
    dags: Annotated[list[str] | None, typer.Option("--dag", metavar="NAME", help="Only these DAGs.")] = None
    runs: Annotated[list[str] | None, typer.Option("--run", metavar="UUID", help="Only these runs.")] = None
    states: Annotated[
        list[str] | None,
        typer.Option("--status", metavar="WORD", help="Only what ended so: completed, failed, preempted (evicted) …"),
    ] = None

    hours: Annotated[int | None, typer.Option("--hours", metavar="N", help="The last N hours: --last Nh.")] = None

    @property
    def where(self) -> list[str]:
        """The same as filters."""
        dags = [name.removesuffix(".dag") for name in words(self.dags)]
        states = [EARLIER_WORDS.get(name.lower(), name.lower()) for name in words(self.states)]
        chosen = {
            "site": words(self.sites), "target_site": words(self.targets), "workflow": dags,
            "workflow_run": words(self.runs), "state": states,
        }  # fmt: skip
        return [f"{name}={','.join(values)}" for name, values in chosen.items() if values]


@dataclass(frozen=True)
class Made:
    """What is made and where it goes."""

    folder: Annotated[
        Path,
        typer.Option("--output-dir", "-o", metavar="DIR", help="Folder of the report, made where it is not there."),
    ] = Path("reports")
    formats: Annotated[
        str, typer.Option("--format", metavar="FORMATS", help="Also svg and parquet; commas join them.")
    ] = FORMATS
    rows: Annotated[
        int | None,
        typer.Option(
            "--rows",
            min=1,
            max=1_000_000,
            metavar="N",
            help="Most rows of a table in the page and the text; the other files hold all. [30]",
        ),
    ] = None


@spread
def report(
    ctx: typer.Context,
    inputs: Inputs,
    when: PeriodChoice,
    kept: Kept,
    made: Made,
    table: Annotated[
        Path | None,
        typer.Argument(
            metavar="[CSV]", show_default=False, help="Table of attempts, ours or the earlier tool's. [job_summary.csv]"
        ),
    ] = None,
) -> None:
    """Make figures, page, workbook and text.

    From a table of attempts, or from DAGs and event logs (--dag-files, --metl-logs), or from the ledger of --ledger.

    \b
    Examples:
      gpuledger experiment report job_summary.csv -o reports --zone America/Chicago
      gpuledger experiment report --dag-files train.dag --metl-logs metl.log --site aws --last 30d
    """
    from gpuledger.render import render
    from gpuledger.render.first_rows import first_rows

    session = in_their_zone(ctx.obj, inputs)
    formats = words([made.formats])
    with ExitStack() as stack:
        with reading(session, table, inputs) as ledger:
            chosen = _chosen(when, kept.hours, session.now.year)
            if not session.typed.ledger:
                ledger.store.close()  # what its engine took to write is given back; the next question opens it again
                _require_attempts(ledger, session.period(chosen, "all"), chosen)
            aside = stack.enter_context(_aside(formats))
            document = document_of(session, ledger, chosen, kept.where, made.rows, has_all_rows=True)
        shown = first_rows(document, int(str(document.parameters["rows"])))
        for file in render(document, formats, made.folder, shown=shown, aside=aside):
            print(file)
    messages.say(document.finding)


def _aside(formats: Collection[str]) -> "AbstractContextManager[Aside | None]":
    """What draws the pictures while we write the rest, where pictures are asked for and a second processor is there."""
    from gpuledger.render.aside import Aside

    return Aside() if "png" in formats and (os.cpu_count() or 1) > 1 else nullcontext()


def _until_told(session: Session, ledger: "Ledger") -> Session:
    """Where the files tell of what ends after now, now is then: a clock read in the wrong zone leaves nothing out."""
    newest, _ = _newest(ledger)
    if newest is None or newest < session.now:
        return session
    messages.say(
        f"note: The newest attempt ends at {newest:%Y-%m-%d %H:%M:%S} UTC, after now. Is its zone right (--zone)?"
    )
    return replace(session, now=newest + timedelta(seconds=1))


def _newest(ledger: "Ledger") -> tuple[datetime | None, int]:
    """When the last of all attempts ended, and how many have no end."""
    from gpuledger.model.schema import unbound
    from gpuledger.model.tables import JOB_ATTEMPTS

    rows = unbound(JOB_ATTEMPTS)
    [told] = ledger.store.ask(rows.aggregate(newest=rows.ended_at.max(), open=rows.ended_at.isnull().sum())).to_pylist()
    return told["newest"] and told["newest"].replace(tzinfo=UTC), told["open"]


def _require_attempts(ledger: "Ledger", period: "Period", when: PeriodChoice) -> None:
    """Raises NoData when all that the files tell lies before the period, with the end that this command should be given."""
    newest, open_count = _newest(ledger)
    if newest is None or open_count or newest >= period.start:
        return
    end = (newest + timedelta(minutes=1)).replace(second=0, microsecond=0)
    span = f"--last {when.last} " if when.last else ""
    raise NoData(
        f"No attempt ran in {period}: the newest ended before. Add {span}--to {end:%Y-%m-%dT%H:%MZ}, or name no period."
    )


@contextmanager
def reading(session: Session, table: Path | None, inputs: Inputs) -> "Iterator[Ledger]":
    """The ledger that the report is of. Raises UsageError for a table and logs at once: they would be counted twice."""
    if table and inputs.is_named:
        raise UsageError("Name the table or the logs, not both: they tell of the same attempts.")
    if inputs.is_named:
        with filled(session, inputs) as ledger:
            yield ledger
    elif table is None and session.typed.ledger:
        with session.open_existing() as ledger:
            yield ledger
    else:
        with filled_from(session, [table or TABLE], inputs.how) as ledger:
            yield ledger


def _chosen(when: PeriodChoice, hours: int | None, year: int) -> PeriodChoice:
    """Raises UsageError for two periods, and for a month without its year, which the earlier tool took of any year."""
    if when.month and when.month.isdecimal() and 1 <= int(when.month) <= 12:
        raise UsageError(f"A month is that of one year; write --month {year}-{int(when.month):02}.")
    if hours is None:
        return when
    if set(when.spoken) - {"--to"}:
        raise UsageError(f"One period at a time: --hours and {' and '.join(when.spoken)} do not go together.")
    return PeriodChoice(end=when.end, last=f"{hours}h")


def document_of(
    session: Session,
    ledger: "Ledger",
    when: PeriodChoice,
    where: list[str],
    rows: int | None = None,
    *,
    has_all_rows: bool = False,
) -> "Document":
    """The very Document of `gpuledger report experiment` on this ledger, with all rows of its tables where asked for."""
    from gpuledger.actions.report import report as action
    from gpuledger.config.check import parameters
    from gpuledger.plugins import load

    session = session if session.typed.ledger else _until_told(session, ledger)
    declared = load("reports", "experiment")
    configured = session.settings.reports.get(declared.name, {})
    chosen = configured | ({"rows": rows} if rows else {})
    said = parameters(declared.parameters, chosen, f"report {declared.name}")
    asked = said.model_copy(update={"rows": ALL_ROWS}) if has_all_rows else said
    made = action(ledger, declared, asked, session.period(when, declared.window(configured)), where, session.now)
    made = replace(made, parameters={**made.parameters, "rows": said.model_dump()["rows"]})
    return made if session.typed.ledger else undated(made)


def undated(document: "Document") -> "Document":
    """A report of files alone says nothing of when it was made: the same files give the same bytes."""
    newest = document.coverage.newest_at or document.period.end
    return replace(document, generated_at=newest, is_undated=True)
